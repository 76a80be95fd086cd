"""The last words of a run: where the report is, and what was not used and why."""

import csv
from collections import Counter
from pathlib import Path


def words(results: Path) -> str:
    """Words for the terminal, from the results folder; empty where the run made no report."""
    exclusions, report = results / "flow/exclusions.tsv", results / "report/report.html"
    if not report.is_file() or not exclusions.is_file():
        return ""
    with exclusions.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["decision"] == "excluded"]
    scans = Counter(row["reason"] for row in rows if row["stage"] == "ingest")
    reasons = ", ".join(f"{count} {reason}" for reason, count in scans.most_common())
    said = f"\nReport: {report}\nNot used: {len(rows)} records, each with its reason in {exclusions}."
    return said + (f" Of the images: {reasons}." if reasons else "")
