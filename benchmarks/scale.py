"""How a study of 100, 1,000 and 5,000 imaging visits runs: benchmarks/results/scale.md and .svg.

Usage: python benchmarks/scale.py FOLDER [--visits 100 1000 5000] [--whole 1000]

FOLDER takes the studies (small images; 3 GB for 5,000 visits). Studies of up to --whole visits run whole, at all cores. A larger
one runs as far as the index; its statistics and report are those of a study of as many participants without images, and
what its visits would take is extrapolated from the largest whole run, and marked so. The dry run is that of all jobs of a
study that is indexed; beside it that of an empty workflow of four rules with as many jobs.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

HOME = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
VISITS_A_PARTICIPANT = 3.75  # of the example's design
EMPTY = """
rule all:
    input: expand("d/{{i}}", i=range({visits}))
rule a:
    output: "a/{{i}}"
    shell: "touch {{output}}"
rule b:
    input: "a/{{i}}"
    output: "b/{{i}}"
    shell: "touch {{output}}"
rule c:
    input: "b/{{i}}"
    output: "c/{{i}}"
    shell: "touch {{output}}"
rule d:
    input: "c/{{i}}"
    output: "d/{{i}}"
    shell: "touch {{output}}"
"""
Row = dict[str, str | float]


def run(folder: Path, *args: str, snakefile: Path = HOME / "Snakefile") -> tuple[float, float]:
    """Wall seconds and peak memory (MB) of Snakemake or of its largest job."""
    words = [str(BIN / "snakemake"), "-s", str(snakefile), "--directory", str(folder), "--cores", "all", *args]
    env = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": ""}
    start = time.perf_counter()
    with (folder / "benchmark.log").open("ab") as log:
        process = subprocess.Popen(words, cwd=folder, env=env, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(words)}; see {folder / 'benchmark.log'}")
    return time.perf_counter() - start, used.ru_maxrss / 1024


def make(folder: Path, visits: int, *stages: str) -> None:
    """A study with its raw files; its own from then on, not the example's."""
    words = [sys.executable, str(HOME / "benchmarks/make_scaled_study.py"), str(folder), "--small"]
    words += ["--participants", str(round(visits / VISITS_A_PARTICIPANT)), *(["--only", *stages] if stages else [])]
    subprocess.run(words, check=True)
    kinds = ["participants", "labs", "questionnaires", "events", "lesions", *([] if stages else ["images"])]
    run(folder, *(f"make_example_{kind}" for kind in kinds))
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    del config["example"]
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    shutil.rmtree(folder / ".snakemake")


def seconds_of(folder: Path, *rules: str) -> float:
    """Wall seconds of rules' jobs, from Snakemake's benchmark files."""
    found = [path for rule in rules for path in (folder / "logs/benchmarks").glob(f"{rule}*.jsonl")]
    return sum(json.loads(line)["s"] for path in found for line in path.read_text().splitlines())


def empty(visits: int) -> tuple[float, float]:
    """The dry run of a workflow of four rules and nothing else."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "Snakefile")
        file.write_text(EMPTY.format(visits=visits), encoding="utf-8")
        return run(Path(scratch), "-n", "-q", "all", snakefile=file)


def measure(folder: Path, visits: int, whole: bool) -> Row:
    study = folder / f"visits{visits}"
    if not (study / "data").is_dir():
        make(study, visits)
    row = before_it_runs(study)
    if whole:
        row["whole_s"], row["whole_mb"] = run(study)
        row["again_s"], _ = run(study)
        row["statistics_s"] = seconds_of(study, *STATISTICS)
        row["report_s"] = seconds_of(study, "write_report")
    else:
        tables = folder / f"tables{visits}"
        if not (tables / "data").is_dir():
            make(tables, visits, "labs", "questionnaires", "adverse_events", "response", "statistics")
        shutil.rmtree(tables / "results", ignore_errors=True)
        row["tables_s"], row["tables_mb"] = run(tables)
        row["statistics_s"] = seconds_of(tables, *STATISTICS)
        row["report_s"] = seconds_of(tables, "write_report")
    return row


def before_it_runs(study: Path) -> Row:
    """The index and the dry run of all that follows it; results that are there are moved away for the time."""
    aside = study / "aside"
    if (study / "results").is_dir():
        (study / "results").rename(aside)
    index, index_memory = run(study, "private/index", "--forcerun", "index_dicom")
    manifests = len(list((study / "private/index/manifests").glob("*.json")))
    dry, memory = run(study, "-n", "-q", "all")
    bare, bare_memory = empty(manifests)
    row: Row = {
        "visits": manifests,
        "files": sum(1 for path in (study / "data/example/dicom").rglob("*") if path.is_file()),
    }
    row |= {"index_s": index, "index_mb": index_memory, "dry_s": dry, "dry_mb": memory, "dry_ratio": dry / bare}
    row |= {"empty_s": bare, "empty_mb": bare_memory}
    if aside.is_dir():
        aside.rename(study / "results")
    return row


STATISTICS = (
    "gather_endpoints",
    "compare_paired",
    "model_trend",
    "assess_missing",
    "relate_adc_response",
    "describe_statistics",
)


def table(rows: list[Row]) -> list[str]:
    """Lines of the page; what was extrapolated from the largest whole run stands in brackets."""
    largest = max((row for row in rows if "whole_s" in row), key=lambda row: row["visits"])
    per_visit = largest["whole_s"] / largest["visits"]
    head = ["visits", "DICOM files", "index s / MB", "dry run s / MB", "against an empty workflow", "whole run s / peak MB",
            "s a visit", "second run s", "statistics s", "report s"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        whole = (
            f"{row['whole_s']:.0f} / {row['whole_mb']:.0f}"
            if "whole_s" in row
            else f"({per_visit * row['visits']:.0f})"
        )
        each = f"{row['whole_s'] / row['visits']:.2f}" if "whole_s" in row else f"({per_visit:.2f})"
        again = f"{row['again_s']:.1f}" if "again_s" in row else ""
        cells = [f"{row['visits']:,}", f"{row['files']:,}", f"{row['index_s']:.1f} / {row['index_mb']:.0f}"]
        cells += [f"{row['dry_s']:.1f} / {row['dry_mb']:.0f}", f"{row['dry_ratio']:.2f}", whole, each, again]
        star = "" if "whole_s" in row else "*"
        lines.append(
            "| " + " | ".join([*cells, f"{row['statistics_s']:.1f}{star}", f"{row['report_s']:.1f}{star}"]) + " |"
        )
    return lines


def draw(path: Path, rows: list[Row]) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "adcohort"
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    visits = [row["visits"] for row in rows]
    for key, label in {"dry_s": "dry run", "empty_s": "dry run, empty workflow", "index_s": "index"}.items():
        left.loglog(visits, [row[key] for row in rows], "o-", label=label, markersize=3)
    whole = [row for row in rows if "whole_s" in row]
    left.loglog(
        [row["visits"] for row in whole], [row["whole_s"] for row in whole], "o-", label="whole run", markersize=3
    )
    for key, label in {"dry_mb": "dry run", "empty_mb": "dry run, empty workflow", "index_mb": "index"}.items():
        right.loglog(visits, [row[key] for row in rows], "o-", label=label, markersize=3)
    for axes, words in ((left, "wall time, s"), (right, "peak memory, MB")):
        axes.set_xlabel("imaging visits")
        axes.set_ylabel(words)
        axes.legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--visits", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--whole", type=int, default=1000, help="largest study that runs whole")
    parser.add_argument(
        "--known", type=Path, help="what an earlier call printed: only index and dry run are measured anew"
    )
    parser.add_argument("--results", type=Path, default=HOME / "benchmarks/results")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    known = [json.loads(line) for line in args.known.read_text().splitlines()] if args.known else []
    for number, visits in enumerate(args.visits):
        if known:
            rows.append(known[number] | before_it_runs(args.folder / f"visits{visits}"))
        else:
            rows.append(measure(args.folder, visits, visits <= args.whole))
        print(json.dumps(rows[-1]), flush=True)
    words = __doc__.split("\n\n")[2].strip().splitlines()
    text = [
        "# Studies by size",
        "",
        *words,
        "",
        f"{os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f}.",
        "",
        *table(rows),
    ]
    text += ["", "In brackets: extrapolated from the seconds a visit of the largest whole run.", "*: without images."]
    (args.results / "scale.md").write_text("\n".join(text) + "\n", encoding="utf-8")
    draw(args.results / "scale.svg", rows)


if __name__ == "__main__":
    main()
