"""The example's SF-36 answers: a form a row, an item a column, with what people leave out."""

from typing import Any

import numpy as np
from adcohort.example import labs
from adcohort.example.cohort import Person


def sf36_table(people: list[Person], facts: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Headers (patient, date, Q1 … Q11d) and rows of answers; an answer left out is empty."""
    rows = []
    for number, person in enumerate(people, start=1):
        rng = person.rng("questionnaires")
        days = labs.sampling_days(person, facts, rng)
        health = rng.normal(0, facts["between"])
        for visit, day in days.items():
            answers = _answers(facts, health, day, rng)
            broken = facts["broken_off"]
            if (number, visit) == (broken["participant"], broken["visit"]):
                answers = answers[: broken["after"]] + [""] * (len(answers) - broken["after"])
            row = [person.patient_id, person.date(day).isoformat(), *answers]
            twice = facts["duplicate"]
            rows += [row] * (2 if (number, visit) == (twice["participant"], twice["visit"]) else 1)
    return ["patient_id", "date", *(f"Q{item}" for item in facts["items"])], sorted(rows, key=lambda row: row[1])


def _answers(facts: dict[str, Any], health: float, day: int, rng: np.random.Generator) -> list[str]:
    progress = min(max(day, 0), 180) / 180
    level = {
        scale: mean + change * progress + health + rng.normal(0, facts["within"])
        for scale, (mean, change) in facts["scales"].items()
    }
    answers = []
    for scale, n_levels, best in facts["items"].values():
        at = level[scale] if scale else 50 + 20 * progress
        share = float(np.clip((at + rng.normal(0, facts["yes_no_item" if n_levels == 2 else "item"])) / 100, 0, 1))
        steps = round(share * (n_levels - 1))
        answer = 1 + steps if best == n_levels else n_levels - steps
        answers.append("" if rng.uniform(0, 100) < facts["missing_answers_percent"] else str(answer))
    return answers
