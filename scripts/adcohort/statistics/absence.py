"""Missing values: how many, in which patterns, why, and what becomes of those who leave."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from adcohort.statistics import endpoints
from adcohort.statistics.plan import Plan

NOT_MEASURED = "not measured"


def reasons(values: pd.DataFrame, people: pd.DataFrame, plan: Plan, after: str, paired: Iterable[str]) -> Counter[str]:
    """Why participants have no pair of one endpoint, with counts; `paired` are those who have one."""
    out: Counter[str] = Counter()
    without = people[~people["participant_id"].isin(set(paired))]
    for person in without.itertuples():
        own = values[values["participant_id"] == person.participant_id]
        known = set(own["visit"][own["value"].notna()])
        if plan.before not in known:
            out[f"no value at {plan.before}: {reason(person, own, plan, plan.before)}"] += 1
        elif after == "last":
            out[f"no value on treatment after {plan.before}"] += 1
        else:
            out[f"no value at {after}: {reason(person, own, plan, after)}"] += 1
    return out


def reason(person: object, own: pd.DataFrame, plan: Plan, visit: str) -> str:
    """Why a participant has no value of an endpoint at a visit; `own` are the participant's rows of the endpoint."""
    first = plan.windows[visit]["window"][0]
    noted = own["flag"][(own["visit"] == visit) & own["value"].isna()].dropna()
    if len(noted):
        return str(noted.iloc[0])
    death, contact = getattr(person, "death", None), getattr(person, "last_contact", None)
    if death is not None and pd.notna(death) and death < first:
        return "died before"
    if contact is not None and pd.notna(contact) and contact < first:
        return "follow-up ended before"
    return NOT_MEASURED


def in_words(counts: Mapping[str, int]) -> str:
    """Reasons with counts, the most frequent first."""
    return "; ".join(f"{n} {text}" for text, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if n)


def table(values: pd.DataFrame, people: pd.DataFrame, plan: Plan) -> list[dict[str, Any]]:
    """Rows of missing.tsv: values by visit, reasons, patterns, and courses by what becomes of the participants."""
    rows: list[dict[str, Any]] = []
    by_code = dict(iter(values.groupby("endpoint")))
    for code in plan.order(by_code):
        own = by_code.get(code, values.iloc[:0])
        numbers = endpoints.course(own, plan.before)
        rows += _by_visit(code, own, numbers, people, plan) + _patterns(code, own, people, plan)
        rows += _courses(code, own, numbers, people, plan)
    return rows


def _row(kind: str, code: str, n: int, expected: int, **known: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("visit", "pattern", "visits", "reason", "mean", "sd"))
    percent = 100 * n / expected if expected else None
    return {**empty, "kind": kind, "endpoint": code, "n": n, "n_expected": expected, "percent": percent, **known}


def _spread(numbers: pd.Series) -> dict[str, float | None]:
    return {
        "mean": float(numbers.mean()) if len(numbers) else None,
        "sd": float(numbers.std(ddof=1)) if len(numbers) > 1 else None,
    }


def _by_visit(
    code: str, own: pd.DataFrame, numbers: pd.DataFrame, people: pd.DataFrame, plan: Plan
) -> list[dict[str, Any]]:
    rows = []
    for visit in plan.windows:
        here = numbers[numbers["visit"] == visit]
        rows.append(_row("visit", code, len(here), len(people), visit=visit, **_spread(here["number"])))
        without = people[~people["participant_id"].isin(here["participant_id"])]
        counts = Counter(
            reason(person, own[own["participant_id"] == person.participant_id], plan, visit)
            for person in without.itertuples()
        )
        rows += [_row("reason", code, n, len(people), visit=visit, reason=why) for why, n in sorted(counts.items())]
    return rows


def _patterns(code: str, own: pd.DataFrame, people: pd.DataFrame, plan: Plan) -> list[dict[str, Any]]:
    known = own[own["value"].notna()].groupby("participant_id")["visit"].agg(set).to_dict()
    counts = Counter(
        "".join("1" if visit in known.get(who, ()) else "0" for visit in plan.windows)
        for who in people["participant_id"]
    )
    return [
        _row(
            "pattern", code, n, len(people), pattern=pattern,
            visits="+".join(v for v, sign in zip(plan.windows, pattern, strict=True) if sign == "1") or "none",
        )
        for pattern, n in sorted(counts.items(), reverse=True)
    ]  # fmt: skip


def _courses(
    code: str, own: pd.DataFrame, numbers: pd.DataFrame, people: pd.DataFrame, plan: Plan
) -> list[dict[str, Any]]:
    """Means by visit of those with a value at the primary visit and of those without, by reason: do they differ before."""
    stayed = set(numbers["participant_id"][numbers["visit"] == plan.after])
    fate = {
        person.participant_id: f"value at {plan.after}"
        if person.participant_id in stayed
        else reason(person, own[own["participant_id"] == person.participant_id], plan, plan.after)
        for person in people.itertuples()
    }
    counts = Counter(fate.values())
    rows = []
    for visit in plan.windows:
        here = numbers[numbers["visit"] == visit]
        for why, of_all in sorted(counts.items()):
            some = here["number"][here["participant_id"].map(fate) == why]
            if len(some):
                rows.append(_row("course", code, len(some), of_all, visit=visit, reason=why, **_spread(some)))
    return rows
