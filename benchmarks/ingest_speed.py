"""A tree of 5,000 files to volumes: whole processes against dcm2niix, each round with all of them, medians and ratios.

python benchmarks/ingest_speed.py --rounds 5 --table benchmarks/results/ingest_speed.tsv
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1] / "scripts"), str(HERE.parents[1] / "tests")]

STUDIES, B_VALUES, SLICES, SIZE = 32, (0, 50, 400, 800), 39, 256


def main() -> None:
    """Write the tree, time each program, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--studies", type=int, default=STUDIES, help="series of 156 files each")
    parser.add_argument("--table", type=Path, help="TSV to write")
    parser.add_argument("--ours", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=1, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.ours:
        ours(*args.ours, args.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), args.rounds, args.studies)
    lines = ["\t".join(rows[0])] + ["\t".join(str(value) for value in row.values()) for row in rows]
    print("\n".join(lines))
    if args.table:
        args.table.parent.mkdir(parents=True, exist_ok=True)
        args.table.write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(folder: Path, rounds: int, studies: int) -> list[dict[str, object]]:
    """Median wall and CPU seconds of each program, and their ratios to dcm2niix's within each round."""
    n_files = write_tree(folder / "tree", studies)
    out = folder / "out"
    programs = {
        "dcm2niix": ["dcm2niix", "-z", "n", "-b", "n", "-f", "%j", "-o", str(out), str(folder / "tree")],
        "adcohort, 1 process": [sys.executable, str(HERE), "--ours", str(folder / "tree"), str(out), "--workers", "1"],
        "adcohort, 2 processes": [
            sys.executable,
            str(HERE),
            "--ours",
            str(folder / "tree"),
            str(out),
            "--workers",
            "2",
        ],
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, command in programs.items():
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            times[name].append(timed(command))
            assert len(list(out.rglob("*.nii"))) == studies, name
    base = times["dcm2niix"]
    return [
        {
            "program": name,
            "files": n_files,
            "wall_s": round(statistics.median(wall for wall, _ in each), 3),
            "cpu_s": round(statistics.median(cpu for _, cpu in each), 3),
            "wall_ratio": round(statistics.median(a[0] / b[0] for a, b in zip(each, base, strict=True)), 2),
            "cpu_ratio": round(statistics.median(a[1] / b[1] for a, b in zip(each, base, strict=True)), 2),
        }
        for name, each in times.items()
    ]


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_tree(tree: Path, studies: int) -> int:
    """Classic images with the header of a real scanner's size, one series a study, in folders of opaque names."""
    import dicom_world as world
    import numpy as np

    world.ROWS = world.COLUMNS = SIZE
    world.SLICES = SLICES
    rng = np.random.default_rng(1)
    count = 0
    for study in range(studies):
        volumes = []
        for b in B_VALUES:
            volume = world.Volume(b)
            volume.signal = (volume.signal + rng.integers(0, 50, volume.signal.shape)).astype(np.uint16)
            volumes.append(volume)
        files = world.classic("siemens private", volumes, series=study + 1, patient=f"P{study:03d}")
        (tree / f"S{study:05d}").mkdir(parents=True)
        for number, out in enumerate(files):
            filler = out.private_block(0x0021, "BENCH", create=True)
            for element in range(80):
                filler.add_new(element, "LO", f"value {element}")
            out.save_as(tree / f"S{study:05d}" / f"I{number:06d}", enforce_file_format=True)
            count += 1
    return count


def ours(tree: Path, out: Path, workers: int) -> None:
    """Index a tree from nothing, then convert every visit: what the workflow's jobs do, in one program."""
    import datetime as dt

    from adcohort.dicom import convert, index
    from adcohort.dicom import tree as files

    found = files.read(tree, tree, out / "private" / "cache.sqlite", workers=workers)
    patients = {file.instance.head["patient"] for file in found if file.instance.head}
    people = {who: index.Person(f"sub-{who}", dt.date(2020, 1, 10)) for who in patients}
    made = index.build(found, people, {"baseline": {"day": 0, "window": (-28, 0)}})
    runs = [json.loads(json.dumps(run)) for manifest in made.manifests.values() for run in manifest["runs"]]
    children = [pid for start in range(1, workers) if (pid := fork(tree, out, runs[start::workers]))]
    for run in runs[::workers]:
        convert.run(tree, run, out / "volumes", "nii")
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0


def fork(tree: Path, out: Path, runs: list[dict[str, object]]) -> int:
    """Convert these runs in a process of its own."""
    from adcohort.dicom import convert

    pid = os.fork()
    if pid == 0:
        for run in runs:
            convert.run(tree, run, out / "volumes", "nii")
        os._exit(0)
    return pid


if __name__ == "__main__":
    main()
