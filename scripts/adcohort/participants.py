"""The participants: pseudonyms, dates, and the turn of every record's patient and date into participant and day."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from adcohort import bids, quantities, resources, sheets
from adcohort.errors import StudyError

DATES = ("treatment_start", "treatment_end", "last_contact", "death", "new_therapy_start")
_CALENDAR_DAY = r"\b(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}|\b\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d\b"
REQUIRED = ("participant_id", "patient_id", "treatment_start")


def read(path: Path) -> pd.DataFrame:
    """The participants' sheet: text columns as they stand, dates as datetime64, sorted by participant_id.

    Raises
    ------
    StudyError
        All at once: missing columns, identifiers that stand twice or are no safe BIDS label, dates that are none.
    """
    people = sheets.read(path)
    if missing := [name for name in REQUIRED if name not in people]:
        raise StudyError(
            f"{path.name}: no column {', '.join(missing)}; it has {', '.join(people)}. Add or rename it (docs: config)."
        )
    if people.empty:
        raise StudyError(f"{path.name}: it has no participants. Add a row for each.")
    for column in ("participant_id", "patient_id"):  # records are compared with them without blanks around
        people[column] = people[column].str.strip().replace("", pd.NA)
    problems = _identifier_problems(people, path.name)
    without = people["participant_id"][people["treatment_start"].isna()]
    for column in DATES:
        given = people[column] if column in people else pd.Series(pd.NA, index=people.index, dtype="string")
        people[column] = pd.to_datetime(sheets.dates(given))
        bad = given.notna() & people[column].isna()
        who_bad = people["participant_id"][bad]
        problems += [f"{path.name}: {who}: {column} is no date. Write it as YYYY-MM-DD." for who in who_bad]
    problems += [f"{path.name}: {who}: no treatment_start. Days are counted from it: add the date." for who in without]
    problems += _order_problems(people, path.name)
    if problems:
        raise StudyError(problems)
    return people.sort_values("participant_id", ignore_index=True)


def must_have(people: pd.DataFrame, characteristics: Sequence[str]) -> None:
    """Refuse characteristics of the config that are no column of the participants' sheet, or tell who somebody is.

    Raises
    ------
    StudyError
        With those that are missing, and the columns that there are.
    """
    problems = [
        f"config: characteristics: {name!r} may tell who a participant is, and characteristics stand in the results. Take it out."
        for name in characteristics
        if name in people and _personal(people[name], name)
    ]
    if missing := [name for name in characteristics if name not in people]:
        there = ", ".join(name for name in people if name != "participant_id" and not _personal(people[name], name))
        problems.append(
            f"config: characteristics: {people.attrs.get('file', 'participants')} has no column {', '.join(missing)}; "
            f"it has {there}. Correct the name."
        )
    if problems:
        raise StudyError(problems)


def _personal(column: pd.Series, name: str) -> bool:
    """Whether a column holds identifiers, names or calendar days: by its header, or by what stands in it."""
    if name in ("patient_id", *DATES) or quantities.key(name) in _personal_headers():
        return True
    return bool(column.dropna().astype(str).str.contains(_CALENDAR_DAY).any())


@cache
def _personal_headers() -> frozenset[str]:
    return frozenset(quantities.key(word) for word in resources.load("sheets/kinds.yaml")["personal"])


def _order_problems(people: pd.DataFrame, name: str) -> list[str]:
    """Dates that contradict each other; days counted from them would be wrong everywhere."""
    pairs = [("treatment_start", column) for column in DATES[1:]] + [("last_contact", "death")]
    return [
        f"{name}: {who}: {later} is before {earlier}. Correct one of the dates."
        for earlier, later in pairs
        for who in people["participant_id"][people[later] < people[earlier]]
    ]


def _identifier_problems(people: pd.DataFrame, name: str) -> list[str]:
    problems = [
        f"{name}: row {row + 2}: participant_id {who!r} is no safe label. Use sub- and letters or digits, as sub-01."
        for row, who in people["participant_id"].items()
        if pd.isna(who) or not bids.is_participant_id(str(who))
    ]
    if (empty := people["participant_id"][people["patient_id"].isna()]).size:
        problems.append(
            f"{name}: no patient_id for {', '.join(empty.fillna('(no pseudonym)'))}. Add it: records are found by it."
        )
    for column, what in (("participant_id", "pseudonym"), ("patient_id", "patient")):
        stated = people.dropna(subset=[column])
        twice = stated[stated[column].duplicated(keep=False)]
        for _, rows in twice.groupby(column):
            who = ", ".join(sorted(set(rows["participant_id"].dropna())))
            problems.append(f"{name}: one {what} stands {len(rows)} times ({who}). Give each participant one row.")
    return problems


def attach(
    records: pd.DataFrame, people: pd.DataFrame, patient: str = "patient_id", date: str | None = "date"
) -> pd.DataFrame:
    """Records with participant_id and day (since treatment start, Int64) in place of their patient and date columns.

    A patient who is not in the study keeps the row with an empty participant_id; a date that is none, an empty day.
    A sheet may already hold pseudonyms in its patient column; they are taken as such.
    """
    start_of = dict(zip(people["participant_id"], people["treatment_start"], strict=True))
    pseudonym = dict(zip(people["patient_id"], people["participant_id"], strict=True)) | {who: who for who in start_of}
    out = records.copy()
    out["participant_id"] = out[patient].astype("string").str.strip().map(pseudonym).astype("string")
    drop = [column for column in {patient, date} if column and column not in ("participant_id", "day")]
    if date is not None:
        moments = pd.to_datetime(sheets.dates(out[date]))
        out["day"] = (moments - pd.to_datetime(out["participant_id"].map(start_of))).dt.days.astype("Int64")
    return out.drop(columns=drop)


def days(people: pd.DataFrame) -> pd.DataFrame:
    """participant_id and, for each date of DATES but the start, the day since treatment start (Int64)."""
    out: dict[str, Any] = {"participant_id": people["participant_id"]}
    for column in DATES[1:]:
        out[column] = (people[column] - people["treatment_start"]).dt.days.astype("Int64")
    return pd.DataFrame(out)
