"""Where the time of the embedded example goes: benchmarks/results/demo.md.

Usage: python benchmarks/demo.py [--cores 2]

The example (40 participants) from nothing to the report in a new folder, as `make demo` runs it after set-up. Seconds of a rule
are the sum over its jobs, from Snakemake's own benchmark files (a job's start included); convert_dwi and fit_adc, which share
their results between studies and so have none, tell their own seconds (without Python's start). What the wall time has beyond
them, with the cores shared out evenly, is Snakemake's own work and waiting.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

HOME = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def run(folder: Path, cores: int) -> float:
    words = [str(BIN / "snakemake"), "-s", str(HOME / "Snakefile"), "--directory", str(folder), "--cores", str(cores)]
    env = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": ""}
    start = time.perf_counter()
    with (folder / "run.log").open("ab") as log:
        subprocess.run(
            [*words, "--configfile", str(HOME / "config/config.yaml")],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
            check=True,
        )
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        first, second = run(folder, args.cores), run(folder, args.cores)
        seconds: dict[str, list[float]] = defaultdict(list)
        memory: dict[str, float] = defaultdict(float)
        for file in (folder / "logs/benchmarks").rglob("*.jsonl"):
            rule = file.relative_to(folder / "logs/benchmarks").parts[0].removesuffix(".jsonl")
            for line in file.read_text(encoding="utf-8").splitlines():
                job = json.loads(line)
                seconds[rule].append(float(job["s"]))
                memory[rule] = max(
                    memory[rule], float(job["max_rss"] if isinstance(job["max_rss"], int | float) else 0)
                )
        for file in (folder / "results/ingest/converted").glob("*/performance.json"):
            used = json.loads(file.read_text(encoding="utf-8"))
            seconds["convert_dwi"].append(used["wall_s"])
            memory["convert_dwi"] = max(memory["convert_dwi"], used["peak_mb"])
        for file in (folder / "results/adc").glob("sub-*/ses-*/dwi/status.json"):
            runs = [run for run in json.loads(file.read_text(encoding="utf-8"))["runs"] if "wall_s" in run]
            seconds["fit_adc"].append(sum(run["wall_s"] for run in runs))
            memory["fit_adc"] = max([memory["fit_adc"], *(run["peak_mb"] for run in runs)])
    spent = sum(map(sum, seconds.values()))
    lines = ["# The embedded example", "", *__doc__.split("\n\n")[2].strip().splitlines(), ""]
    rest = first - spent / args.cores
    lines += [
        f"{args.cores} cores, load average {os.getloadavg()[1]:.1f}. From nothing to the report: **{first:.0f} s**; a second run,"
    ]
    lines += [f"nothing to do: {second:.1f} s. Jobs: {spent:.0f} s in all, {spent / args.cores:.0f} s a core;"]
    lines += [f"the rest, {rest:.0f} s, is Snakemake's.", ""]
    lines += ["| rule | jobs | s in all | % | s a job | peak MB |", "|---|---|---|---|---|---|"]
    for rule, found in sorted(seconds.items(), key=lambda pair: -sum(pair[1])):
        share = 100 * sum(found) / spent
        lines.append(
            f"| {rule} | {len(found)} | {sum(found):.1f} | {share:.1f} | {sum(found) / len(found):.2f} | {memory[rule]:.0f} |"
        )
    (HOME / "benchmarks/results/demo.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
