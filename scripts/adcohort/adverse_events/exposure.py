"""Doses taken: spans of one daily dose to dose intensity, interruptions, reductions and the last dose."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from adcohort import participants, sheets, tables
from adcohort.adverse_events import terms
from adcohort.errors import StudyError
from adcohort.reasons import Decision, Reason

STAGE = "adverse_events"
Rows = list[dict[str, Any]]


def read(sheet: pd.DataFrame, people: pd.DataFrame, names: Mapping[str, str]) -> tuple[Rows, Rows]:
    """Spans with participant_id, first, last (days, both included) and dose, and the records that were refused.

    A span of dose 0 is an interruption. Without a column of doses every span counts as dosed and its dose is None.
    """
    if missing := [names[key] for key in ("patient", "start", "stop") if names[key] not in sheet]:
        raise StudyError(
            f"{sheet.attrs.get('file', 'doses')}: no column {', '.join(missing)}; it has {', '.join(sheet)}. "
            "Name its columns in adverse_events.exposure.columns."
        )
    records = participants.attach(sheet, people, names["patient"], names["start"])
    start_of = dict(zip(people["participant_id"], people["treatment_start"], strict=True))
    stops = pd.to_datetime(sheets.dates(sheet[names["stop"]]))
    records["last"] = (stops - pd.to_datetime(records["participant_id"].map(start_of))).dt.days
    has_dose = names["dose"] in sheet
    spans: dict[str, Rows] = {}
    notes: Rows = []
    for number, row in zip(sheets.row_numbers(sheet), records.to_dict("records"), strict=True):
        span, problem = _span(row, row[names["dose"]] if has_dose else None, has_dose, names["reason"])
        own = spans.setdefault(span["participant_id"], []) if span else []
        if span and (other := _overlap(span, own)):
            problem = (Reason.OVERLAPPING_SPANS, f"shares days with {other}")
        if problem:
            notes.append(
                tables.exclusion(
                    STAGE,
                    problem[0],
                    participant_id=None if pd.isna(row["participant_id"]) else row["participant_id"],
                    day=None if pd.isna(row["day"]) else int(row["day"]),
                    record=f"doses row {number}",
                    detail=problem[1],
                )
            )
        elif span:
            own.append(span | {"record": f"doses row {number}"})
    ordered = [span for who in sorted(spans) for span in sorted(spans[who], key=lambda one: one["first"])]
    return ordered, notes


def _span(
    row: Mapping[str, Any], cell: Any, has_dose: bool, reason_column: str
) -> tuple[dict[str, Any] | None, tuple[Reason, str] | None]:
    if pd.isna(row["participant_id"]):
        return None, (Reason.UNKNOWN_PARTICIPANT, "the patient is not among the participants")
    if pd.isna(row["day"]) or pd.isna(row["last"]):
        return None, (Reason.NO_DATE, "a span of dosing needs its first and its last day")
    first, last = int(row["day"]), int(row["last"])
    dose = _number(cell)
    problem = None
    if last < first:
        problem = Reason.END_BEFORE_START, f"ends {first - last} d before it starts"
    elif first < 0:
        problem = Reason.IMPOSSIBLE, f"a dose {-first} d before treatment start"
    elif has_dose and not math.isfinite(dose):
        problem = Reason.UNREADABLE_VALUE, "the dose is no number"
    elif has_dose and dose < 0:
        problem = Reason.IMPOSSIBLE, "the dose is negative"
    span = {"participant_id": row["participant_id"], "first": first, "last": last, "dose": dose if has_dose else None}
    span["reason"] = row.get(reason_column)
    return (None, problem) if problem else (span, None)


def _number(cell: Any) -> float:
    try:
        return math.nan if pd.isna(cell) else float(str(cell).strip())
    except ValueError:
        return math.nan


def _overlap(span: Mapping[str, Any], own: Rows) -> str | None:
    for other in own:
        if other["first"] <= span["last"] and span["first"] <= other["last"]:
            return str(other["record"])
    return None


def summary(spans: Rows, planned: float | None, dictionary: terms.Dictionary) -> Rows:
    """One row a participant with a dose above 0: duration, dose intensity, interruptions, reductions and their reasons.

    Reasons are told as terms of the dictionary; other words stay in the sheet, because they may name a person.
    """
    rows = []
    for who, group in itertools.groupby(spans, key=lambda span: span["participant_id"]):
        own = list(group)
        dosed = [span for span in own if span["dose"] is None or span["dose"] > 0]
        if dosed:
            words = {str(span["reason"]) for span in own if not pd.isna(span["reason"])}
            found = {term.name if (term := dictionary.find(text)) else "another reason" for text in words}
            rows.append({"participant_id": who} | _summary(dosed, planned) | {"reasons": "; ".join(sorted(found))})
    return rows


def late_starts(rows: Rows) -> Rows:
    """A note for who took the first dose after the treatment start that days are counted from: one of the two may be wrong.

    An earlier one is no span at all (`read`).
    """
    return [
        tables.exclusion(
            STAGE,
            Reason.LATE_FIRST_DOSE,
            participant_id=row["participant_id"],
            day=row["first_day"],
            decision=Decision.FLAGGED,
            detail=f"{row['first_day']} d after treatment start",
        )
        for row in rows
        if row["first_day"] > 0
    ]


def _summary(dosed: Rows, planned: float | None) -> dict[str, Any]:
    first, last = dosed[0]["first"], dosed[-1]["last"]
    duration = last - first + 1
    days = sum(span["last"] - span["first"] + 1 for span in dosed)
    pairs = list(itertools.pairwise(dosed))
    doses = [span["dose"] for span in dosed]
    known = all(dose is not None for dose in doses)
    total = sum(span["dose"] * (span["last"] - span["first"] + 1) for span in dosed) if known else None
    daily = total / duration if total is not None else None
    status = "ok"
    if not known:
        status = "dose intensity refused: no column of doses"
    elif planned is None:
        status = "relative dose intensity refused: adverse_events.exposure.planned_daily_dose is not set"
    return {
        "first_day": first,
        "last_day": last,
        "duration_days": duration,
        "dosed_days": days,
        "cumulative_dose": total,
        "daily_dose": daily,
        "relative_dose_intensity": 100 * daily / planned if daily is not None and planned else None,
        "interruptions": sum(two["first"] > one["last"] + 1 for one, two in pairs),
        "interruption_days": duration - days,
        "reductions": sum(two["dose"] < one["dose"] for one, two in pairs) if known else None,
        "status": status,
    }


def last_doses(people: pd.DataFrame, dosed: Mapping[str, int]) -> tuple[dict[str, int], Rows]:
    """Day of each participant's last dose, and a note for who has none.

    Parameters
    ----------
    people
        The participants; their treatment_end stands where there are no doses.
    dosed
        participant_id to the last day with a dose.
    """
    ends = participants.days(people).set_index("participant_id")["treatment_end"]
    last = {str(who): int(day) for who, day in ends.dropna().items()} | dict(dosed)
    notes = [
        tables.exclusion(
            STAGE,
            Reason.NO_LAST_DOSE,
            participant_id=str(who),
            decision=Decision.FLAGGED,
            detail="every event after treatment start can be treatment-emergent; at risk to the last contact",
        )
        for who in people["participant_id"]
        if who not in last
    ]
    return last, notes


def ends_of_risk(people: pd.DataFrame, last: Mapping[str, int], days_after: int) -> dict[str, int | None]:
    """Every participant's last day of the treatment-emergent period: after the last dose, within what was observed.

    Without a last dose it is the last contact; None where that is not known either, or where nobody's last dose is known.
    """
    known = participants.days(people).set_index("participant_id")
    ends: dict[str, int | None] = {}
    for who in map(str, people["participant_id"]):
        seen = [int(day) for day in known.loc[who, ["death", "last_contact"]].dropna()]
        after = [last[who] + days_after] if who in last else []
        ends[who] = min([*after, *seen], default=None) if last else None
    return ends
