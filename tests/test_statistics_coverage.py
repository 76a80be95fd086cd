"""The benchmark of coverage and false positives, small: it runs, and nothing is far off."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]


@pytest.mark.slow
def test_intervals_hold_the_truth_and_tests_do_not_cry_wolf(tmp_path):
    command = [
        sys.executable,
        "-W",
        "error",
        HOME / "benchmarks/coverage.py",
        "--cohorts",
        "100",
        "--participants",
        "40",
    ]
    subprocess.run([*command, "--out", tmp_path], check=True, capture_output=True)
    with (tmp_path / "coverage.tsv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert {row["what"] for row in rows} == {"coverage", "false positives"}
    # shown beside the interval that is reported, because people know them; they are too short in small groups
    known = {"AUC: DeLong, plain", "AUC: bootstrap"}
    assert {row["method"] for row in rows if row["verdict"] == "too bold"} <= known
    assert (tmp_path / "coverage.svg").stat().st_size > 10_000
