"""The last words of a run: where the report is, and what was not used and why."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

_NAMED = 10  # visits that are named; of more, the table tells


def words(results: Path) -> str:
    """Words for the terminal, from the results folder; empty where the run made no report."""
    exclusions, report = results / "flow/exclusions.tsv", results / "report/report.html"
    if not report.is_file() or not exclusions.is_file():
        return ""
    with exclusions.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["decision"] == "excluded"]
    said = f"\nReport: {report}\n" + _imaging(results / "ingest/visits.json", rows)
    return said + f"Not used: {len(rows)} records, each with its reason in {exclusions}."


def _imaging(visits: Path, excluded: Sequence[Mapping[str, str]]) -> str:
    """How many imaging visits count, and which had images of which none was accepted."""
    if not visits.is_file():
        return ""
    used = {
        (visit["participant_id"], visit["visit"]) for visit in json.loads(visits.read_text(encoding="utf-8"))["visits"]
    }
    lost: dict[tuple[str, str], list[str]] = {}
    for row in excluded:
        visit = row["participant_id"], row["visit"]
        if row["stage"] == "ingest" and all(visit) and visit not in used:
            lost.setdefault(visit, []).append(row["reason"])
    said = f"Imaging visits: {len(used)} used"
    if lost:
        named = [
            f"{who} {visit} ({', '.join(dict.fromkeys(why))})" for (who, visit), why in list(lost.items())[:_NAMED]
        ]
        more = [f"{len(lost) - _NAMED} more"] if len(lost) > _NAMED else []
        said += f", {len(lost)} not: {', '.join(named + more)}"
    return said + ".\n"
