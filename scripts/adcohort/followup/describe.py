"""Who the participants are and how long they were followed: counts and times, missing ones counted."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from adcohort import participants
from adcohort.followup import curves

Rows = list[dict[str, Any]]
MOST_CODES = 2  # so few different numbers are codes (0 and 1), not a quantity
NUMBERS = ("mean", "sd", "median", "q1", "q3", "minimum", "maximum")


def baseline(people: pd.DataFrame, characteristics: Sequence[str]) -> Rows:
    """Each declared characteristic by its type: numbers by mean, SD, quartiles (type 7) and range, others by counts."""
    participants.must_have(people, characteristics)
    rows: Rows = []
    for name in characteristics:
        given = people[name].dropna()
        facts = {"characteristic": name, "total": len(given), "missing": len(people) - len(given)}
        numbers = pd.to_numeric(given, errors="coerce")
        if len(given) and numbers.notna().all() and numbers.nunique() > MOST_CODES:
            rows.append(facts | {"kind": "number", "level": None, "n": len(given), "percent": None} | _numbers(numbers))
        else:
            rows += [facts | level for level in _levels(given)]
    return rows


def _numbers(numbers: pd.Series) -> dict[str, float | None]:
    values = numbers.astype(float)
    spread = float(values.std()) if len(values) > 1 else None
    quartiles = [float(values.quantile(share)) for share in (0.5, 0.25, 0.75)]
    return dict(
        zip(NUMBERS, (float(values.mean()), spread, *quartiles, float(values.min()), float(values.max())), strict=True)
    )


def _levels(given: pd.Series) -> Rows:
    counts = given.str.strip().value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    empty = dict.fromkeys(NUMBERS)
    return [
        {"kind": "category", "level": str(level), "n": int(n), "percent": 100 * int(n) / len(given)} | empty
        for level, n in ordered
    ] or [{"kind": "category", "level": None, "n": 0, "percent": None} | empty]


def follow_up(people: pd.DataFrame, columns: Sequence[str], alpha: float) -> Rows:
    """How long participants were followed and treated.

    Parameters
    ----------
    columns
        Columns that the participants' sheet really has: a time whose column is not there is refused by name.
    """
    days = participants.days(people)
    dead = days["death"].notna() if "death" in columns else None
    rows = []
    for measure, needed in (("follow-up", "last_contact"), ("treatment", "treatment_end")):
        if needed not in columns:
            rows.append(_times(measure, pd.Series(dtype="Int64"), len(people)) | _refused(needed))
            continue
        times = days[["last_contact", "death"]].max(axis=1) if measure == "follow-up" else days["treatment_end"]
        row = _times(measure, times.dropna(), len(people)) | {"status": "ok"}
        if measure == "follow-up":
            row["deaths"] = None if dead is None else int(dead.sum())
            alive = [True] * len(times) if dead is None else list(~dead)
            known = times.notna()
            followed = [int(day) for day in times[known]]
            median, _ = curves.kaplan_meier(followed, [a for a, k in zip(alive, known, strict=True) if k], alpha)
            row |= {"reverse_km_median_days": median.days, "ci_low": median.low, "ci_high": median.high}
            row["status"] = "ok" if dead is not None else "ok; no column death: nobody counts as dead"
        rows.append(row)
    return rows


def _refused(column: str) -> dict[str, str]:
    return {"status": f"refused: the participants' sheet has no column {column}"}


def _times(measure: str, times: pd.Series, total: int) -> dict[str, Any]:
    some = len(times) > 0
    return {
        "measure": measure,
        "n": len(times),
        "missing": total - len(times),
        "minimum_days": int(times.min()) if some else None,
        "maximum_days": int(times.max()) if some else None,
        "mean_days": float(times.mean()) if some else None,
        "median_days": float(times.median()) if some else None,
        "deaths": None,
        "reverse_km_median_days": None,
        "ci_low": None,
        "ci_high": None,
    }
