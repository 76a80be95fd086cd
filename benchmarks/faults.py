"""Faults in full number: benchmarks/results/faults.md. Kills at random moments, damaged images, edited sheets.

Usage: python benchmarks/faults.py [--kills 20] [--images 2000] [--sheets 2000] [--seed 1]

Each kill: Snakemake (every second time with its jobs) is killed with SIGKILL at a random moment of a run of the small study,
or one of its jobs is; after the documented recovery the results must equal those of an undisturbed run, byte for byte. Each
damaged image file must end with a status, and change no other visit; each edited sheet must be read or refused in words.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

HOME = Path(__file__).parents[1]
sys.path[:0] = [str(HOME / "tests"), str(HOME / "scripts")]

from adcohort import files  # noqa: E402
from workflow import faults, harness, mutants  # noqa: E402
from workflow.test_fuzz import check_sheet, checked_config  # noqa: E402

BATCH = 50


def kills(quiet: Path, folder: Path, count: int, chance: random.Random) -> Counter[str]:
    """Kill `count` times, in studies of up to four kills each; every study is then recovered and compared."""
    found: Counter[str] = Counter()
    while found["killed"] < count:
        study = faults.study_like(quiet, folder / f"kill{found['killed']}")
        for _ in range(min(4, count - found["killed"])):
            kind = chance.choice(["Snakemake", "Snakemake with its jobs", "a job"])
            if kind == "a job":
                running = faults.start(study, "--keep-going")
                name = faults.kill_a_job(study, chance, after=chance.uniform(0, 12))
                running.wait()
                hit = name is not None
                if hit:
                    assert f"Error in rule {name}" in (study / "run.log").read_text()
            else:
                hit = faults.kill_once(study, chance.uniform(2, 18), whole_session=kind != "Snakemake")
                harness.snakemake(study, "--unlock")
            found["killed"] += 1
            found[f"{kind} killed" if hit else "had ended before"] += 1
        done = faults.recover(study)
        assert done.status == 0, done.text[-3000:]
        assert faults.differences(study, quiet) == [], faults.differences(study, quiet)
        assert faults.parts(study) == []
        assert harness.snakemake(study).jobs == set()
        found["studies recovered, byte for byte as undisturbed"] += 1
        shutil.rmtree(study)
        print(dict(found), flush=True)
    return found


def images(quiet: Path, folder: Path, count: int, chance: random.Random) -> Counter[str]:
    config = checked_config()
    options = {"visits": config["visits"], "ingest": config["ingest"]}
    chain = mutants.Images(quiet, folder / "images", options)
    found: Counter[str] = Counter()
    for batch in range(count // BATCH):
        found += chain.batch(chance, BATCH)
        print("images", (batch + 1) * BATCH, flush=True)
    return found


def sheets(quiet: Path, folder: Path, count: int, chance: random.Random) -> Counter[str]:
    data = folder / "sheets/data"
    shutil.copytree(quiet / "data/example", data, ignore=shutil.ignore_patterns("dicom", "rois"))
    programs = mutants.sheets_of(quiet, checked_config())
    found: Counter[str] = Counter()
    for number in range(count):
        which = number % len(programs)
        seed = chance.randrange(2**32)
        try:
            found[f"{programs[which].path} {check_sheet(data, programs, which, seed)}"] += 1
        except Exception:
            print(f"sheet {programs[which].path}, seed {seed}", file=sys.stderr)
            raise
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--sheets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=HOME / "benchmarks/results")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    lines = ["# Faults", "", *__doc__.split("\n\n")[2].strip().splitlines(), ""]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        quiet = faults.quiet_study(folder / "quiet")
        for name, test, count in (
            ("Edited sheets", sheets, args.sheets),
            ("Damaged image files", images, args.images),
            ("Kills", kills, args.kills),
        ):
            if not count:
                continue
            found = test(quiet, folder, count, chance)
            lines += [f"## {name}: {count}", "", "| what became of them | how many |", "|---|---|"]
            lines += [f"| {words} | {number:,} |" for words, number in sorted(found.items())] + [""]
            files.write_text(args.results / "faults.md", "\n".join(lines))


if __name__ == "__main__":
    main()
