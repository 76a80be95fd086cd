"""A sheet of lesion measurements to each participant's assessments; every problem of a row becomes a note, all at once."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from adcohort import participants, sheets, tables, visits
from adcohort.errors import StudyError
from adcohort.reasons import Decision, Reason
from adcohort.recist import words

STAGE = "response"
TEXTS = ("lesion", "role", "organ", "node", "diameter", "finding", "part")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Measurement:
    """A row of the sheet that can be used. `value` is the diameter that counts, None where it could not be evaluated."""

    participant_id: str
    day: int
    lesion: str
    role: str
    organ: str
    node: bool
    value: float | None
    finding: str | None
    record: str
    part: str = ""


class Notes:
    """The rows of exclusions.tsv, gathered while the sheet is read."""

    def __init__(self, windows: visits.Visits) -> None:
        self.rows: Rows = []
        self.windows = windows

    def add(
        self,
        reason: Reason,
        detail: str,
        *,
        who: str | None = None,
        day: int | None = None,
        record: str = "",
        decision: Decision = Decision.EXCLUDED,
    ) -> None:
        """Note a record that is not used, or used and marked."""
        visit = None if day is None else visits.visit_of(day, self.windows)
        self.rows.append(
            tables.exclusion(
                STAGE,
                reason,
                participant_id=who,
                visit=visit,
                day=day,
                record=record,
                detail=detail,
                decision=decision,
            )
        )


def read(
    sheet: pd.DataFrame, people: pd.DataFrame, settings: Mapping[str, Any], notes: Notes
) -> dict[str, list[Measurement]]:
    """Each participant's measurements, in the order of days and lesions.

    Parameters
    ----------
    sheet
        One row a lesion and assessment, every cell as text.
    settings
        The config's response: columns, largest_mm, same_assessment_days.
    """
    names = settings["columns"]
    needed = ("patient", "date", "lesion", "role", "organ", "diameter")
    if missing := [names[key] for key in needed if names[key] not in sheet]:
        raise StudyError(
            f"{sheet.attrs.get('file', 'lesions')}: no column {', '.join(missing)}; it has {', '.join(sheet)}. "
            "Name its columns in response.columns."
        )
    attached = participants.attach(sheet, people, names["patient"], names["date"])
    out: dict[str, list[Measurement]] = {}
    for number, row in zip(sheets.row_numbers(sheet), attached.to_dict("records"), strict=True):
        cells = {key: text(row.get(names[key])) for key in TEXTS}
        found = _measurement(row, cells, f"row {number}", settings["largest_mm"], notes)
        if found:
            out.setdefault(found.participant_id, []).append(found)
    for who, found_here in out.items():
        ordered = sorted(found_here, key=lambda m: (m.day, m.lesion, m.part, _row_number(m)))
        out[who] = _one_a_day(_same_assessments(ordered, settings["same_assessment_days"]), notes)
    return dict(sorted(out.items()))


def text(cell: Any) -> str:
    """A cell without blanks around it; nothing is the empty text."""
    return "" if cell is None or pd.isna(cell) else str(cell).strip()


def _row_number(found: Measurement) -> int:
    return int(found.record.removeprefix("row "))


def _measurement(
    row: Mapping[str, Any], cells: Mapping[str, str], record: str, largest: float, notes: Notes
) -> Measurement | None:
    who = None if pd.isna(row["participant_id"]) else str(row["participant_id"])
    day = None if pd.isna(row["day"]) else int(row["day"])
    if who is None:
        notes.add(Reason.UNKNOWN_PARTICIPANT, "the patient is not among the participants", day=day, record=record)
        return None
    if day is None:
        notes.add(Reason.NO_DATE, "the assessment has no date", who=who, record=record)
        return None
    role = words.role(cells["role"])
    if role is None or not cells["lesion"]:
        what = "the lesion has no name" if role else "the role is none of target, non-target, new"
        notes.add(Reason.UNREADABLE_VALUE, what, who=who, day=day, record=record)
        return None
    finding = words.finding(cells["finding"]) if cells["finding"] else None
    if cells["finding"] and finding is None:
        notes.add(Reason.UNREADABLE_VALUE, "the finding is none of the known words", who=who, day=day, record=record)
        finding = "not evaluable"
    value = None
    if role == "target":
        value, problem = _diameter(cells["diameter"], finding, largest)
        if problem:
            notes.add(problem[0], problem[1], who=who, day=day, record=record)
    return Measurement(
        participant_id=who,
        day=day,
        lesion=cells["lesion"],
        role=role,
        organ=cells["organ"].casefold(),
        node=words.is_node(cells["organ"], cells["node"]),
        value=value,
        finding=finding,
        record=record,
        part=cells["part"],
    )


def _diameter(cell: str, finding: str | None, largest: float) -> tuple[float | None, tuple[Reason, str] | None]:
    """The diameter that counts: 0 for an absent lesion, 5 mm for one too small to measure, None where it cannot be told."""
    stated = {"absent": 0.0, "merged": 0.0, "too small": 5.0}.get(finding or "")
    if not cell or finding == "not evaluable":
        return (None if finding == "not evaluable" else stated), None
    try:
        diameter = float(cell.replace("，", ".").replace(",", "."))
    except ValueError:
        return None, (Reason.UNREADABLE_VALUE, "the diameter is no number")
    if diameter < 0:
        return None, (Reason.IMPOSSIBLE, f"a diameter of {diameter:g} mm")
    if not diameter <= largest:
        return None, (Reason.IMPLAUSIBLE, f"a diameter of {diameter:g} mm (more than {largest:g} mm)")
    if stated == 0 and diameter > 0:
        return None, (Reason.UNREADABLE_VALUE, f"{finding}, but with a diameter of {diameter:g} mm")
    return diameter, None


def _same_assessments(found: list[Measurement], within: int) -> list[Measurement]:
    """Days of one assessment become its first day; one never reaches from before treatment to after its start."""
    first: int | None = None
    dated = []
    for one in found:
        if first is None or one.day - first > within or first <= 0 < one.day:
            first = one.day
        dated.append(one if one.day == first else Measurement(**{**vars(one), "day": first}))
    return dated


def _one_a_day(found: Iterable[Measurement], notes: Notes) -> list[Measurement]:
    """One measurement a lesion and day: parts of a split lesion are added, copies dropped, contradictions not used."""
    out = []
    groups = itertools.groupby(sorted(found, key=lambda m: (m.day, m.lesion)), key=lambda m: (m.day, m.lesion))
    for _, group in groups:
        rows = list(group)
        parts: dict[str, Measurement] = {}
        contradicts = False
        for one in rows:
            known = parts.setdefault(one.part, one)
            if known is one:
                continue
            alike = (known.role, known.value, known.finding, known.organ) == (
                one.role,
                one.value,
                one.finding,
                one.organ,
            )
            contradicts |= not alike
            detail = f"{one.lesion} stands in {known.record} already"
            detail += "" if alike else " with something else: neither is used"
            notes.add(Reason.DUPLICATE, detail, who=one.participant_id, day=one.day, record=one.record)
        values = [one.value for one in parts.values()]
        whole = (
            None if contradicts or any(value is None for value in values) else sum(v for v in values if v is not None)
        )
        finding = "not evaluable" if contradicts else rows[0].finding
        out.append(Measurement(**{**vars(rows[0]), "value": whole, "finding": finding, "part": ""}))
    return out
