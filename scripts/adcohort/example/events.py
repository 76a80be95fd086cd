"""The synthetic adverse events, as clinicians write them: Chinese and English words, grades in several forms."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from adcohort.example.cohort import Person

ONGOING_PERCENT = 60  # of the events without a usual length


def sheet(people: Sequence[Person], facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of adverse_events.csv, by participant and onset.

    Parameters
    ----------
    facts
        Content of resources/example/adverse_events.yaml.
    """
    rng = np.random.default_rng([people[0].seed, 7])
    rows: list[tuple[Person, int, int | None, str, int]] = []
    for number, term in enumerate(facts["terms"].values()):
        some = np.random.default_rng([people[0].seed, 7, number])
        for index in some.permutation(len(people))[: round(term["percent"] / 100 * len(people))]:
            rows += _events(people[index], term, some)
    chosen = [people[index] for index in rng.permutation(len(people))]
    before = chosen[: facts["baseline_hypertension"]]
    words = facts["terms"]["hypertension"]["words"]
    for person in before:
        rows.append((person, -int(rng.integers(100, 900)), None, str(rng.choice(words)), 1))
    for person in before[: facts["unchanged_hypertension"]]:
        rows.append((person, int(rng.integers(5, 60)), None, str(rng.choice(words)), 1))
    late = [p for p in chosen if p.last_contact_day - p.treatment_end_day > 32]
    for person in late[: facts["late_nausea"]]:
        rows.append((person, person.treatment_end_day + 31, person.treatment_end_day + 33, "恶心", 1))
    rows.sort(key=lambda row: (row[0].participant_id, row[1], row[3]))
    forms = facts["grade_forms"]
    out = [_as_written(row, str(forms[rng.integers(len(forms))])) for row in rows]
    return _with_slips(out, rng)


def _events(
    person: Person, term: dict[str, Any], rng: np.random.Generator
) -> list[tuple[Person, int, int | None, str, int]]:
    """One event, or two of which the second is worse: worst grades have something to choose from."""
    first, last = term["onset"]
    day = int(rng.integers(first, min(last, person.treatment_end_day) + 1))
    grade = int(rng.choice([1, 2, 3], p=term["grades"]))
    words = [str(text) for text in rng.choice(term["words"], size=2)]
    steps = [grade] if grade == 1 or rng.uniform() < 0.6 or term["grades"][0] == 0 else [grade - 1, grade]
    out: list[tuple[Person, int, int | None, str, int]] = []
    for step, worse in enumerate(steps):
        if term["lasts"] is None:
            end = None if rng.uniform(0, 100) < ONGOING_PERCENT else day + int(rng.integers(30, 90))
        else:
            end = day + int(rng.integers(*term["lasts"]))
        if end is not None and end > person.last_contact_day:
            end = None
        out.append((person, day, end, words[step], worse))
        if end is None or end + 7 > person.treatment_end_day:
            break
        day = end + int(rng.integers(1, 7))
    return out


def _as_written(row: tuple[Person, int, int | None, str, int], form: str) -> dict[str, Any]:
    person, day, end, words, grade = row
    return {
        "patient_id": person.patient_id,
        "term": words,
        "grade": form.format(grade),
        "start": person.date(day),
        "end": "" if end is None else person.date(end),
    }


def _with_slips(rows: list[dict[str, Any]], rng: np.random.Generator) -> list[dict[str, Any]]:
    """What real sheets hold: a row twice, and an event that ends before it starts."""
    ended = [index for index, row in enumerate(rows) if row["end"] and row["end"] != row["start"]]
    if len(ended) < 2:
        return rows
    slip, copied = (int(index) for index in rng.choice(ended, size=2, replace=False))
    rows[slip] |= {"start": rows[slip]["end"], "end": rows[slip]["start"]}
    rows.insert(copied + 1, dict(rows[copied]))
    return rows
