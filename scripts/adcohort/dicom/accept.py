"""What is accepted in the end: one table of all series, one list of visits, and the primary acquisition of each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from adcohort.reasons import Reason

_TABLE_ORDER = ("participant_id", "day", "series", "role", "reason", "detail")


def series_rows(rows: Iterable[Mapping[str, Any]], statuses: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of series.tsv: the index's, with what the pixels added."""
    refused = {
        (status["participant_id"], status["day"], number): run
        for status in statuses
        for run in status["runs"]
        if run["status"] == "excluded"
        for number in run["series"]
    }
    out = []
    for row in rows:
        run = refused.get((row["participant_id"], row["day"], row["series"]))
        if run is not None and row["status"] == "accepted":
            out.append({**row, "status": "excluded", "reason": run["reason"], "detail": run["detail"]})
        else:
            out.append(dict(row))
    return out


def excluded_runs(statuses: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Keywords of `tables.exclusion` for every run that its pixels exclude."""
    return [
        {
            "reason": Reason(run["reason"]),
            "participant_id": status["participant_id"],
            "visit": status["visit"],
            "day": status["day"],
            "record": f"acq-{run['acquisition']} run-{run['run']:02d}, series {' '.join(map(str, run['series']))}",
            "detail": run["detail"] or "",
        }
        for status in statuses
        for run in status["runs"]
        if run["status"] == "excluded"
    ]


def visits(statuses: Iterable[Mapping[str, Any]], declared: str | None) -> list[dict[str, Any]]:
    """Accepted visits with their runs; `primary` marks the runs of the acquisition that the visit's ADC comes from.

    That acquisition is the declared one (a visit without it then has none), or the one that most of the participant's visits
    have, then most visits of the study, then the one with most b values.
    """
    accepted = [
        {**{name: status[name] for name in ("participant_id", "visit", "day")}, "runs": runs}
        for status in statuses
        if (runs := [dict(run) for run in status["runs"] if run["status"] == "accepted"])
    ]
    everywhere: Counter[str] = Counter()
    own: dict[str, Counter[str]] = defaultdict(Counter)
    for visit in accepted:
        labels = {run["acquisition"] for run in visit["runs"]}
        everywhere.update(labels)
        own[visit["participant_id"]].update(labels)
    for visit in accepted:
        count = own[visit["participant_id"]]
        b_values = {run["acquisition"]: len(run["b_values"]) for run in visit["runs"]}
        best = max(b_values, key=lambda name: (count[name], everywhere[name], b_values[name], name))
        for run in visit["runs"]:
            run["primary"] = run["acquisition"] == (declared or best)
    return sorted(accepted, key=lambda visit: (visit["participant_id"], visit["day"]))


def counted(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str, int, int]]:
    """Role, status, reason, number of series and of files, for every kind that there is."""
    series: Counter[tuple[str, str, str]] = Counter()
    n_files: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        key = (row["role"], row["status"], row["reason"] or "")
        series[key] += row["series"] is not None
        n_files[key] += row["n_files"]
    return [(*key, series[key], n_files[key]) for key in sorted(n_files)]
