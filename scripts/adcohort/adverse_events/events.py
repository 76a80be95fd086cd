"""A sheet of adverse events to graded events, each kept or refused with its reason; what is treatment-emergent."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from adcohort import participants, sheets, tables, visits
from adcohort.adverse_events import terms
from adcohort.errors import StudyError
from adcohort.reasons import Decision, Reason

STAGE = "adverse_events"
Rows = list[dict[str, Any]]


def read(
    sheet: pd.DataFrame,
    people: pd.DataFrame,
    dictionary: terms.Dictionary,
    settings: Mapping[str, Any],
    windows: visits.Visits,
) -> tuple[Rows, Rows]:
    """Events with term, grade and days, and the records that were refused or marked.

    Parameters
    ----------
    sheet
        One row an event, every cell as text; `settings["columns"]` names patient, term, grade, start, end.
    people
        The participants (``participants.read``).
    settings
        The config's adverse_events: columns, severity, ctcae.
    """
    names = settings["columns"]
    if missing := [names[key] for key in ("patient", "term", "grade", "start") if names[key] not in sheet]:
        raise StudyError(
            f"{sheet.attrs.get('file', 'adverse events')}: no column {', '.join(missing)}; it has {', '.join(sheet)}. "
            "Name its columns in adverse_events.columns."
        )
    records = participants.attach(
        sheet.assign(record=sheets.row_numbers(sheet)), people, names["patient"], names["start"]
    )
    start_of = dict(zip(people["participant_id"], people["treatment_start"], strict=True))
    ends = sheets.dates(sheet[names["end"]]) if names["end"] in sheet else pd.Series(pd.NaT, index=sheet.index)
    records["end_day"] = (pd.to_datetime(ends) - pd.to_datetime(records["participant_id"].map(start_of))).dt.days
    found = dictionary.find_all(records[names["term"]].dropna())
    seen_last = participants.days(people).set_index("participant_id")[["last_contact", "death"]].max(axis=1)
    records["last_seen"] = records["participant_id"].map(seen_last.to_dict())
    kept: Rows = []
    notes: Rows = []
    seen: set[tuple[Any, ...]] = set()
    for row in records.to_dict("records"):
        event, said = _event(row, names, found, settings)
        key = tuple(value for name, value in event.items() if name != "record") if event else ()
        if event and key in seen:
            event, said = None, [(Reason.DUPLICATE, Decision.EXCLUDED, "the same event stands in an earlier row")]
        who = None if pd.isna(row["participant_id"]) else row["participant_id"]
        day = None if pd.isna(row["day"]) else int(row["day"])
        visit = None if day is None else visits.visit_of(day, windows)
        notes += [
            tables.exclusion(
                STAGE,
                reason,
                participant_id=who,
                visit=visit,
                day=day,
                record=f"row {row['record']}",
                detail=detail,
                decision=decision,
            )
            for reason, decision, detail in said
        ]
        if event:
            seen.add(key)
            kept.append(event | {"visit": visit})
    return kept, notes


def _event(
    row: Mapping[str, Any], names: Mapping[str, str], found: Mapping[str, terms.Term], settings: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, list[tuple[Reason, Decision, str]]]:
    if pd.isna(row["participant_id"]):
        return None, [(Reason.UNKNOWN_PARTICIPANT, Decision.EXCLUDED, "the patient is not among the participants")]
    if pd.isna(row[names["term"]]):
        return None, [(Reason.UNREADABLE_VALUE, Decision.EXCLUDED, "the event has no words")]
    term = found[row[names["term"]]]
    cell = None if pd.isna(row[names["grade"]]) else str(row[names["grade"]])
    grade = terms.grade(cell, settings["severity"])
    if grade is None:
        return None, [(Reason.UNREADABLE_GRADE, Decision.EXCLUDED, f"{term.name}: the grade is missing or no number")]
    if not term.lowest <= grade <= term.highest:
        detail = f"{term.name} has no grade {grade} in CTCAE v{settings['ctcae']} ({term.lowest} to {term.highest})"
        return None, [(Reason.IMPOSSIBLE_GRADE, Decision.EXCLUDED, detail)]
    said = []
    if not term.mapped:
        said.append((Reason.UNMAPPED_TERM, Decision.FLAGGED, f"counted as {term.name}"))
    day = None if pd.isna(row["day"]) else int(row["day"])
    end = None if pd.isna(row["end_day"]) else int(row["end_day"])
    if day is None:
        said.append((Reason.NO_DATE, Decision.FLAGGED, "the onset has no whole date: taken as after treatment start"))
    elif end is not None and end < day:
        said.append((Reason.END_BEFORE_START, Decision.FLAGGED, f"ends {day - end} d before it starts: end not used"))
        end = None
    if day is not None and not pd.isna(row["last_seen"]) and day > row["last_seen"]:
        said.append(
            (Reason.AFTER_DEATH, Decision.FLAGGED, f"begins {day - int(row['last_seen'])} d after the last contact")
        )
    event = {
        "record": f"row {row['record']}",
        "participant_id": row["participant_id"],
        "day": day,
        "end_day": end,
        "term": term.name,
        "preferred_term": term.preferred,
        "meddra_code": term.code,
        "soc": term.soc,
        "grade": grade,
    }
    return event, said


def with_emergence(events: Rows, last_dose: Mapping[str, int], days_after: int) -> Rows:
    """Each event with baseline_grade, emergent and status.

    Treatment-emergent is what begins on or after day 0, not later than `days_after` days after the last dose, with a grade
    above the worst of the same term that was there when treatment started. An onset without a date counts as after the
    start, unless the event had ended by then; a participant without a known last dose has no end.

    Parameters
    ----------
    last_dose
        participant_id to the day of the last dose; participants without one are left out.
    """
    baseline: dict[tuple[str, str], int] = {}
    for event in events:
        if event["day"] is not None and event["day"] < 0 and (event["end_day"] is None or event["end_day"] >= 0):
            key = (event["participant_id"], event["term"])
            baseline[key] = max(baseline.get(key, 0), event["grade"])
    out = []
    for event in events:
        before = baseline.get((event["participant_id"], event["term"]), 0)
        last = last_dose.get(event["participant_id"])
        emergent, status = _emergence(event, before, None if last is None else last + days_after)
        out.append(event | {"baseline_grade": before, "emergent": emergent, "status": status})
    return out


def _emergence(event: Mapping[str, Any], before: int, last_day: int | None) -> tuple[bool, str]:
    day, end = event["day"], event["end_day"]
    if day is None and end is not None and end < 0:
        return False, "ended before treatment"
    if day is not None and day < 0:
        return False, "began before treatment"
    if day is not None and last_day is not None and day > last_day:
        return False, f"began {day - last_day} d after the end of the treatment-emergent period"
    if event["grade"] <= before:
        return False, f"not worse than at treatment start (grade {before})"
    if before:
        return True, f"worse than at treatment start (grade {before})"
    return True, "new" if day is not None else "new (onset without a date)"


def worst_grades(events: Rows) -> Rows:
    """One row a participant and term: the worst treatment-emergent grade, or the worst of all where nothing was emergent."""
    groups: dict[tuple[str, str], Rows] = {}
    for event in events:
        groups.setdefault((event["participant_id"], event["term"]), []).append(event)
    rows = []
    for (who, term), group in sorted(groups.items()):
        emergent = [event for event in group if event["emergent"]]
        counted = emergent or group
        worst = max(event["grade"] for event in counted)
        rows.append(
            {
                "participant_id": who,
                "term": term,
                "meddra_code": group[0]["meddra_code"],
                "soc": group[0]["soc"],
                "grade": worst,
                "onset_day": _first(event["day"] for event in counted if event["grade"] == worst),
                "first_day": _first(event["day"] for event in counted),
                "first_day_3": _first(event["day"] for event in counted if event["grade"] >= 3),
                "n_events": len(counted),
                "baseline_grade": group[0]["baseline_grade"],
                "emergent": bool(emergent),
            }
        )
    return rows


def _first(days: Any) -> int | None:
    return min((day for day in days if day is not None), default=None)
