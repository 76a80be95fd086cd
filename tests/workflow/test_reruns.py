"""Which change reruns what: the promise of the design as a table, from real runs on a small study.

`ADCOHORT_WRITE_DOCS=1 pytest tests/workflow/test_reruns.py` prints the table into docs/reruns.md; without it the page, whose
every row was read against its reason, is what must come out.
"""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from workflow import harness

PAGE = harness.HOME / "docs/reruns.md"
HEAD = """# Which change reruns what

<!-- Written by tests/workflow/test_reruns.py (ADCOHORT_WRITE_DOCS=1). -->

Each row is a real run of a study of 4 participants and 2 visits. `rule (sub-01 month1)` is the job of one visit; a rule without
brackets is a job of the whole study. Rows follow each other: each change is made on top of those above it.

| change | what runs |
| --- | --- |
"""


@dataclass
class World:
    """The study, and the copy of the workflow that it is run with."""

    home: Path
    study: Path

    def run(self, *args: str, refused: bool = False) -> harness.Run:
        done = harness.snakemake(self.study, *args, home=self.home)
        assert done.status == int(refused), done.text[-6000:]
        return done

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.home / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def append(self, file: str, text: str) -> None:
        with (self.home / file).open("a", encoding="utf-8") as stream:
            stream.write(text)

    def configure(self, **changes: object) -> None:
        """Change keys of the config: ``stage__key=value``; None as value of a whole key removes it."""
        path = self.study / "config.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, value in changes.items():
            *parents, last = name.split("__")
            place = config
            for parent in parents:
                place = place.setdefault(parent, {})
            if value is None:
                place.pop(last, None)
            else:
                place[last] = value
        harness.write_config(self.study, config)

    def raw(self, *parts: str) -> Path:
        return self.study.joinpath("data/example", *parts)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("reruns")
    home = harness.checkout(folder / "flow")
    study = folder / "study"
    config = harness.small_config()
    harness.write_config(study, config)
    made = World(home, study)
    made.run("make_example_participants", "make_example_images", "make_example_labs", "make_example_questionnaires",
             "make_example_events", "make_example_lesions")  # fmt: skip
    shutil.rmtree(study / ".snakemake")
    del config["example"]  # from here on it is a study like any other
    harness.write_config(study, config)
    made.run()
    return made


def touch(path: Path) -> None:
    os.utime(path)


def dicom_of(world: World, visit: str) -> list[Path]:
    """Files of the images of a visit, by the links that the index keeps."""
    import json

    manifest = json.loads((world.study / f"private/index/manifests/{visit}.json").read_text())
    return [world.raw(file["path"]) for run in manifest["runs"] for file in run["files"]]


def change_voxels(path: Path) -> None:
    """Make one voxel brighter, in place, as a corrected export would."""
    import pydicom

    image = pydicom.dcmread(path)
    pixels = image.pixel_array.copy()
    pixels.flat[pixels.size // 2] += 1
    image.PixelData = pixels.tobytes()
    image.save_as(path)


def replace_dicom(world: World) -> None:
    change_voxels(dicom_of(world, "sub-01_ses-baseline")[0])


def remove_visit(world: World) -> None:
    hidden = world.study / "hidden"
    for number, path in enumerate(dicom_of(world, "sub-02_ses-month1")):
        hidden.mkdir(exist_ok=True)
        if path.exists():
            (hidden / f"{number}.txt").write_text(str(path))
            path.rename(hidden / f"{number}")


def bring_visit_back(world: World) -> None:
    for note in (world.study / "hidden").glob("*.txt"):
        note.with_suffix("").rename(note.read_text())


def change_region(world: World) -> None:
    import numpy as np
    from adcohort import nifti

    path = sorted(world.raw("rois").glob("*.nii*"))[0]
    labels, affine, _ = nifti.read(path)
    labels = np.array(labels)
    inside = np.argwhere(labels > 0)
    labels[tuple(inside[0])] = 0
    nifti.write(path, labels, affine)


def add_participant(world: World) -> None:
    path = world.raw("participants.csv")
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    cells = lines[-1].split(",")
    cells[0], cells[1] = "sub-99", "9999999999"
    path.write_text("\n".join([*lines, ",".join(cells)]) + "\n", encoding="utf-8")


def correct_laboratory_value(world: World) -> None:
    path = world.raw("labs/serum.csv")
    text = path.read_bytes().decode("gb18030")
    lines = text.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if re.search(r",\d+\.\d,", line))
    lines[at] = re.sub(r",(\d+)\.(\d),", lambda number: f",{int(number[1]) + 1}.{number[2]},", lines[at], count=1)
    path.write_bytes("".join(lines).encode("gb18030"))


def new_term(world: World) -> None:
    world.append("resources/adverse_events/terms.yaml", "\n# the dictionary counts byte by byte\n")


def reorder_keys(world: World) -> None:
    path = world.study / "config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    harness.write_config(world.study, dict(reversed(config.items())))


def move_checkout(world: World) -> None:
    world.home = Path(shutil.move(world.home, world.home.parent / "elsewhere 研究"))


def fresh_clone(world: World) -> None:
    """Results and .snakemake copied beside a fresh clone: new times on every file of the workflow."""
    study, home = world.study.parent / "copied study", world.study.parent / "fresh"
    shutil.copytree(world.study, study, symlinks=True)
    shutil.copytree(world.home, home, copy_function=shutil.copyfile)
    world.study, world.home = study, home


def kill_in_mid_run(world: World) -> None:
    import signal
    import subprocess
    import time

    world.configure(adc__estimator="ols")
    command = [
        str(harness.BIN / "snakemake"),
        "-s",
        str(world.home / "Snakefile"),
        "--directory",
        str(world.study),
        "--cores",
        "2",
    ]
    running = subprocess.Popen(command, cwd=world.study, env=harness.environment(), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    target = world.study / "logs/fit_adc"
    before = max((p.stat().st_mtime for p in target.rglob("*.log")), default=0)
    while max((p.stat().st_mtime for p in target.rglob("*.log")), default=0) <= before:
        assert running.poll() is None, "no fit was run"
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    harness.snakemake(world.study, "--unlock", home=world.home)


def nothing(world: World) -> None:
    pass


Change = Callable[[World], None]
UNKNOWN_KEY = "config: a key that nobody knows"
LIBRARY = "scripts/adcohort"
FUNCTION = "\n\ndef _further() -> int:\n    return 1\n\n\n"
# title, change, further arguments of snakemake
ROWS: list[tuple[str, Change, tuple[str, ...]]] = [
    ("nothing", nothing, ()),
    ("a laboratory sheet touched", lambda w: touch(w.raw("labs/serum.csv")), ()),
    ("a script touched", lambda w: touch(w.home / "scripts/fit_adc.py"), ()),
    ("the config touched", lambda w: touch(w.study / "config.yaml"), ()),
    ("keys of the config in another order", reorder_keys, ()),
    ("a comment added to a module", lambda w: w.edit(f"{LIBRARY}/bids.py", '"""Names', '# a remark\n"""Names'), ()),
    ("a DICOM file touched", lambda w: touch(dicom_of(w, "sub-01_ses-baseline")[0]), ()),
    ("a DICOM file replaced by one with other voxels", replace_dicom, ()),
    ("a region drawn anew", change_region, ()),
    ("a laboratory value corrected", correct_laboratory_value, ()),
    ("a visit's images removed", remove_visit, ()),
    ("a new visit's images", bring_visit_back, ()),
    ("a new participant without records", add_participant, ()),
    (UNKNOWN_KEY, lambda w: w.configure(labz={}), ()),
    ("config: ingest.primary (of one series)", lambda w: w.configure(labz=None, ingest__primary="epiB0x50x400x800"), ()),
    ("config: adc.b_min", lambda w: w.configure(adc__b_min=50), ()),
    ("config: roi.min_voxels", lambda w: w.configure(roi__min_voxels=4), ()),
    ("config: labs.ratio_tolerance", lambda w: w.configure(labs__ratio_tolerance=0.03), ()),
    ("config: questionnaires.choose", lambda w: w.configure(questionnaires__choose="last"), ()),
    ("config: adverse_events.days_after_last_dose", lambda w: w.configure(adverse_events__days_after_last_dose=28), ()),
    ("config: response.stable_days", lambda w: w.configure(response__stable_days=40), ()),
    ("config: statistics.alpha", lambda w: w.configure(statistics__alpha=0.04), ()),
    ("config: report.notice", lambda w: w.configure(report__notice="Of a test"), ()),
    ("config: title", lambda w: w.configure(title="Another title"), ()),
    ("a function added to a module of the laboratory", lambda w: w.append(f"{LIBRARY}/labs/flags.py", FUNCTION), ()),
    ("a function added to a module of the response", lambda w: w.append(f"{LIBRARY}/recist/best.py", FUNCTION), ()),
    ("a function added to a script", lambda w: w.edit("scripts/model_trend.py", "def main(", f"{FUNCTION}def main("), ()),
    ("a new term in the dictionary of adverse events", new_term, ()),
    ("an environment file changed (without conda)", lambda w: w.append("envs/tables.yaml", "# a remark\n"), ()),
    ("the checkout moved to another folder", move_checkout, ()),
    ("results and .snakemake beside a fresh clone", fresh_clone, ()),
    ("killed in mid-fit, unlocked, run again", kill_in_mid_run, ()),
    ("nothing, after all that", nothing, ()),
]  # fmt: skip


def in_words(jobs: set[str]) -> str:
    """Jobs as a cell of the table: visits in brackets, in the order of the names."""
    by_rule: dict[str, list[str]] = {}
    for job in sorted(jobs):
        rule, _, wildcards = job.partition(" ")
        by_rule.setdefault(rule, []).append(wildcards)
    cells = []
    for rule, names in by_rule.items():
        whole = {7: "every visit", 4: "every participant"}.get(len(names), ", ".join(names))
        cells.append(rule if names == [""] else f"{rule} ({whole})")
    return ", ".join(f"`{cell}`" for cell in cells) or "nothing"


def rows(page: str) -> dict[str, str]:
    """Second cell by first of the page's table."""
    found = re.findall(r"^\| (.+?) \| (.+) \|$", page, re.MULTILINE)
    return dict(found[2:])


@pytest.mark.slow
def test_each_change_reruns_exactly_what_it_touches(world):
    lines = []
    for title, change, args in ROWS:
        change(world)
        done = world.run(*args, refused=title == UNKNOWN_KEY)
        said = ", and says `unknown key 'labz'`" if "unknown key 'labz'" in done.text else ""
        lines.append(f"| {title} | {in_words(done.jobs)}{said} |\n")
        if "removed" in title:
            left = [
                path for path in (world.study / "results").rglob("*sub-02_ses-month1*") if "overlays" not in str(path)
            ]
            assert left == [], "the removed visit's files are still there"
    page = HEAD + "".join(lines)
    if os.environ.get("ADCOHORT_WRITE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    expected = PAGE.read_text(encoding="utf-8")
    assert rows(page) == rows(expected)
    assert page == expected
