"""Progression-free survival and duration of response: times, Kaplan-Meier curves and medians."""

import argparse
from pathlib import Path
from typing import Any

from adcohort import participants, sheets, tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.followup import curves, times

METHOD = "Kaplan-Meier, log-log interval"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("best", type=Path, help="table of best responses")
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument("--alpha", type=float, default=0.05, help="intervals have the level 1 - alpha")
    parser.add_argument("--times", type=Path, required=True, help="table to write: one row a participant and endpoint")
    parser.add_argument("--medians", type=Path, required=True, help="table to write: one row an endpoint")
    parser.add_argument("--curves", type=Path, required=True, help="table to write: the curves")
    args = parser.parse_args()

    columns = set(sheets.read(args.participants).columns)
    known = participants.days(participants.read(args.participants)).set_index("participant_id").astype(object)
    best = tables.read(args.best, "response", "best").astype(object)
    rows = best.where(best.notna(), None).to_dict("records")
    found = {"PFS": _progression_free(rows, known), "DOR": _durations(rows, known)} if "death" in columns else {}
    medians, points = [], []
    for endpoint in ("PFS", "DOR"):
        ended = found.get(endpoint, {})
        median, curve = curves.kaplan_meier(
            [t.days for t in ended.values()], [t.event for t in ended.values()], args.alpha
        )
        events = sum(time.event for time in ended.values())
        medians.append(
            {
                "endpoint": endpoint,
                "n": len(ended),
                "events": events,
                "censored": len(ended) - events,
                "median_days": median.days,
                "ci_low": median.low,
                "ci_high": median.high,
                "method": METHOD,
                "status": _status(columns),
            }
        )
        points += [{"endpoint": endpoint} | point for point in curve]
    listed = [
        {"endpoint": endpoint, "participant_id": who} | time._asdict()
        for endpoint, ended in found.items()
        for who, time in ended.items()
    ]
    tables.write(listed, args.times, "response", "survival_times")
    tables.write(medians, args.medians, "response", "pfs")
    tables.write(points, args.curves, "response", "pfs_curve")


def _course(row: dict[str, Any], known: Any) -> times.Course:
    days = known.loc[row["participant_id"]]
    return times.Course.of(row, days.where(days.notna(), None).to_dict())


def _progression_free(rows: list[dict[str, Any]], known: Any) -> dict[str, times.Time]:
    return {row["participant_id"]: times.progression_free(_course(row, known)) for row in rows}


def _durations(rows: list[dict[str, Any]], known: Any) -> dict[str, times.Time]:
    found = {
        row["participant_id"]: times.response_duration(row["confirmed_best"], row["confirmed_day"], _course(row, known))
        for row in rows
    }
    return {who: time for who, time in found.items() if time}


def _status(columns: set[str]) -> str:
    if "death" not in columns:
        return "refused: the participants' sheet has no column death"
    if "new_therapy_start" not in columns:
        return "ok; no column new_therapy_start: nothing is censored before a new therapy"
    return "ok"


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
