"""Damaged files, and what must hold for each: a message or a status, never a traceback, never half a result."""

import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workflow import harness


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A DICOM file after one of the things that happen to files."""
    size = len(content)
    here = chance.randrange(size)
    header = chance.randrange(min(size, 1500))
    kind = chance.randrange(9)
    if kind == 0:
        return content[:here]
    if kind == 1:
        return content[:header]
    if kind in (2, 3):
        changed = bytearray(content)
        for _ in range(1 if kind == 2 else chance.randint(2, 20)):
            changed[chance.randrange(min(size, 1500))] = chance.randrange(256)
        return bytes(changed)
    start = here // 512 * 512
    return {
        4: content[:start] + bytes(min(512, size - start)) + content[start + 512 :],  # a sector of zeros
        5: content[:header] + chance.randbytes(chance.randint(1, 64)) + content[header:],
        6: content[:header] + content[header + chance.randint(1, 64) :],
        7: content[128:],
        8: content + chance.randbytes(chance.randint(1, 5000)),
    }[kind]


def run(*words: object) -> subprocess.CompletedProcess[str]:
    script, *rest = map(str, words)
    command = [sys.executable, str(harness.HOME / f"scripts/{script}.py"), *rest]
    one_thread = harness.environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # as the workflow's jobs have it
    return subprocess.run(command, env=one_thread, check=False, capture_output=True, text=True)


def said_in_words(done: subprocess.CompletedProcess[str]) -> bool:
    """Ended well, or refused with messages and nothing else."""
    lines = done.stderr.splitlines()
    return done.returncode == 0 or (
        done.returncode == 1 and bool(lines) and all("error: " in line[:7] for line in lines)
    )


@dataclass
class Images:
    """The image chain on a copy of a finished study's files, without Snakemake."""

    quiet: Path
    folder: Path
    options: dict[str, Any]

    def visits(self) -> list[str]:
        return sorted(path.stem for path in (self.quiet / "private/index/manifests").glob("*.json"))

    def files_of(self, visit: str) -> list[str]:
        manifest = json.loads((self.quiet / f"private/index/manifests/{visit}.json").read_text())
        return [file["path"] for run_ in manifest["runs"] for file in run_["files"]]

    def batch(self, chance: random.Random, count: int) -> Counter[str]:
        """Damage `count` files of half of the visits; returns how many files ended with which status and reason."""
        shutil.rmtree(self.folder, ignore_errors=True)
        data = self.folder / "data"
        shutil.copytree(self.quiet / "data/example", data)
        hit = sorted(chance.sample(self.visits(), len(self.visits()) // 2))
        chosen = chance.sample([name for visit in hit for name in self.files_of(visit)], count)
        for name in chosen:
            (data / name).write_bytes(damaged((data / name).read_bytes(), chance))
        index = self.folder / "index"
        words = [data / "dicom", "--data", data, "--participants", data / "participants.csv", "--index", index]
        done = run(
            "index_dicom", *words, "--options", json.dumps(self.options), "--masks", json.dumps({"roi": {"masks": []}})
        )
        assert said_in_words(done), done.stderr
        assert done.returncode == 0, done.stderr
        rows = json.loads((index / "series.json").read_text())["series"]
        found = Counter({"files": sum(row["n_files"] for row in rows)})
        assert found["files"] == sum(1 for path in (data / "dicom").rglob("*") if path.is_file()), (
            "a file is not accounted for"
        )
        for visit in sorted(path.stem for path in (index / "manifests").glob("*.json")):
            self.convert_and_fit(visit, index, data, visit in hit, found)
        found.update(
            {f"{row['status']}: {row['reason']}" if row["reason"] else row["status"]: row["n_files"] for row in rows}
        )
        return found

    def convert_and_fit(self, visit: str, index: Path, data: Path, hit: bool, found: Counter[str]) -> None:
        converted, fits = self.folder / "converted" / visit, self.folder / "adc" / visit
        done = run("convert_dwi", index / f"manifests/{visit}.json", "--data", data, "--converted", converted)
        assert done.returncode == 0 and not done.stderr, done.stderr
        done = run("fit_adc", converted, "--folder", fits)
        assert done.returncode == 0 and not done.stderr, done.stderr
        assert not list(self.folder.rglob(".part-*")), "half a file was left"
        for state in json.loads((converted / "status.json").read_text())["runs"]:
            found[f"run {state['status']}" + (f": {state['reason']}" if state["reason"] else "")] += 1
        if not hit:
            participant, _, name = visit.partition("_ses-")
            before = self.quiet / f"results/adc/{participant}/ses-{name}/dwi"
            changed = [
                path.name
                for path in sorted(before.glob("*.nii.gz"))
                if (fits / path.name).read_bytes() != path.read_bytes()
            ]
            assert changed == [], f"changed with another visit's files: {changed}; see {self._kept()}"

    def _kept(self) -> Path:
        """A copy of the folder for who looks for the cause."""
        return Path(shutil.copytree(self.folder, Path(tempfile.mkdtemp(), "images")))


CELLS = ("", " ", "-1", "0", "1e9", "NaN", "nan", "inf", "1,5", "<0.1", ">999", "2019-02-30", "31.12.2018", "20190101", "x",
         "'=1+1", "\u200b", "１２", "sub-01", "\t", '"', "\x00", "🙂", "9" * 400, "-", "n.a.", "1900-01-01")  # fmt: skip


def edited(text: str, chance: random.Random) -> str:
    """A CSV sheet after a person's hand."""
    lines = [line.split(",") for line in text.splitlines()]
    kind = chance.randrange(8)
    row = chance.randrange(1, len(lines))
    column = chance.randrange(len(lines[0]))
    if kind <= 2:
        for _ in range(chance.choice([1, 1, 3])):
            line = lines[chance.randrange(1, len(lines))]
            line[min(chance.randrange(len(lines[0])), len(line) - 1)] = chance.choice(CELLS)
    elif kind == 3:
        del lines[row]
    elif kind == 4:
        lines.insert(chance.randrange(1, len(lines)), list(lines[row]))
    elif kind == 5:
        lines = [[cell for n, cell in enumerate(line) if n != column] for line in lines]
    elif kind == 6:
        lines[0][column] = chance.choice([*CELLS, lines[0][column - 1]])
    whole = "\n".join(",".join(line) for line in lines) + "\n"
    if kind < 7:
        return whole
    at = chance.randrange(len(whole))
    return chance.choice([whole[:at], whole.replace(",", ";"), whole[:at] + "\n\n" + whole[at:], "", whole + whole])


@dataclass
class Sheet:
    """A program that reads a sheet: its name, the sheet below the study's data, its encoding, arguments for data and results."""

    script: str
    path: str
    encoding: str
    words: Callable[[Path, Path], list[object]]

    def check(self, program: Callable[[], None], data: Path, out: Path, text: str) -> str:
        """Run the program (in this process) on the edited sheet: ``read`` or ``refused``; anything else is a failure."""
        (data / self.path).write_bytes(text.encode(self.encoding, "replace"))
        shutil.rmtree(out, ignore_errors=True)
        sys.argv = [self.script, *map(str, self.words(data, out))]
        try:
            program()
        except SystemExit as end:
            message = str(end.code)
            assert message.startswith("error: "), message
            assert len(message) > 30, message
            assert re.search(r"\.csv|sub-|participant|item|config", message), message
            assert not [path for path in out.rglob("*") if path.is_file() and path.name.startswith(".part-")]
            return "refused"
        tables = sorted(out.rglob("*.tsv"))
        assert tables, "no table was written"
        for path in tables:
            pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        return "read"


def sheets_of(study: Path, config: dict[str, Any]) -> list[Sheet]:
    """The example's CSV sheets, each with the program that reads it."""

    def of(stage: str, **more: str) -> Callable[[Path, Path], list[object]]:
        def words(data: Path, out: Path) -> list[object]:
            options = json.dumps({"data": str(data), "visits": config["visits"], stage: config[stage]})
            named = [word for key, name in more.items() for word in (f"--{key.replace('_', '-')}", out / name)]
            return ["--participants", data / "participants.csv", "--options", options, *named]

        return words

    labs = of("labs", labs="labs.tsv", private="private")
    scores = of("questionnaires", scores="scores.tsv", private="private")
    events = of("adverse_events", events="events.tsv", worst_grades="worst.tsv", exclusions="ex.tsv", unmapped="un.tsv")
    doses = of("adverse_events", exposure="exposure.tsv", exclusions="exclusions.tsv")
    lesions = of("response", lesions="lesions.tsv", timepoints="timepoints.tsv", best="best.tsv", exclusions="ex.tsv")
    known = study / "results/adverse_events"
    beside = ["--exposure", known / "exposure.tsv", "--notes", known / "exposure_exclusions.tsv"]
    return [
        Sheet("harmonise_labs", "labs/serum.csv", "gb18030", labs),
        Sheet("score_questionnaires", "sf36.csv", "utf-8-sig", scores),
        Sheet(
            "grade_adverse_events",
            "adverse_events.csv",
            "utf-8",
            lambda d, o: [d / "adverse_events.csv", *events(d, o), *beside],
        ),
        Sheet("summarise_exposure", "exposure.csv", "utf-8", lambda d, o: [d / "exposure.csv", *doses(d, o)]),
        Sheet("evaluate_response", "lesions.csv", "utf-8", lambda d, o: [d / "lesions.csv", *lesions(d, o)]),
        Sheet("evaluate_response", "participants.csv", "utf-8", lambda d, o: [d / "lesions.csv", *lesions(d, o)]),
    ]
