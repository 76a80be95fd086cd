"""The synthetic participants' sheet, with the columns that must never leave it (name, birth date), and the doses."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from adcohort.example.cohort import Person

PLANNED_DOSE_MG = 800  # sorafenib 400 mg twice a day
REASONS = ("手足皮肤反应", "高血压", "腹泻")


def sheet(people: Iterable[Person]) -> list[dict[str, Any]]:
    """Rows of participants.csv. One histology is not known: the baseline table has to count it."""
    rows = []
    for number, person in enumerate(people):
        rows.append(
            {
                "participant_id": person.participant_id,
                "patient_id": person.patient_id,
                "name": person.name,
                "birth_date": person.birth_date,
                "sex": person.sex,
                "age": person.age,
                "histology": "" if number == 10 else person.histology,
                "treatment_start": person.treatment_start,
                "treatment_end": person.date(person.treatment_end_day),
                "last_contact": person.date(person.last_contact_day),
                "death": "" if person.death_day is None else person.date(person.death_day),
                "new_therapy_start": "" if person.new_therapy_day is None else person.date(person.new_therapy_day),
            }
        )
    return rows


def exposure(people: Iterable[Person]) -> list[dict[str, Any]]:
    """Rows of exposure.csv: spans of one daily dose; about half of the participants pause and go on with half the dose."""
    rows = []
    for person in people:
        rng = person.rng("exposure")
        spans: list[tuple[int, int, int, str]]
        if rng.uniform() < 0.5:
            pause = int(rng.integers(14, 60))
            resume = pause + int(rng.integers(5, 15))
            reason = str(rng.choice(REASONS))
            spans = [
                (0, pause - 1, PLANNED_DOSE_MG, ""),
                (pause, resume - 1, 0, reason),
                (resume, person.treatment_end_day, PLANNED_DOSE_MG // 2, reason),
            ]
        else:
            spans = [(0, person.treatment_end_day, PLANNED_DOSE_MG, "")]
        for first, last, dose, reason in spans:
            if first > person.treatment_end_day:
                continue
            rows.append(
                {
                    "patient_id": person.patient_id,
                    "start": person.date(first),
                    "stop": person.date(min(last, person.treatment_end_day)),
                    "dose_mg": dose,
                    "reason": reason,
                }
            )
    return rows


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV text with a header; every row has the same columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
