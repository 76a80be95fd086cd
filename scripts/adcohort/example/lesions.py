"""The synthetic lesion measurements: what a radiologist would write at each assessment of the cohort's truth."""

from collections.abc import Sequence
from typing import Any

from adcohort.example.cohort import Person

TOO_SMALL_MM = 5.0
NORMAL_NODE_MM = (4.0, 8.0)  # short axis of a node that is no longer enlarged
NOISE_PERCENT = 1.0  # of a repeated diameter: small beside the thresholds of RECIST
NONTARGET_PERCENT = 60
ORGANS = ("lung", "mediastinal lymph node", "bone")


def sheet(people: Sequence[Person]) -> list[dict[str, Any]]:
    """Rows of lesions.csv: one a lesion and assessment, and the slips that such sheets hold."""
    rows: list[dict[str, Any]] = []
    for person in people:
        rows += _measurements(person)
    return _with_slips(rows, people)


def _measurements(person: Person) -> list[dict[str, Any]]:
    rng = person.rng("lesions")
    # a responder with one small node would otherwise have a complete response of the targets alone
    nontarget = person.response == "PR" or rng.uniform(0, 100) < NONTARGET_PERCENT
    organ = str(rng.choice(ORGANS))
    new_organ = str(rng.choice(ORGANS))
    seed_of_progression = rng.uniform()
    rows = []
    for day in person.assessment_days:
        progressed = person.progression_day is not None and day >= person.progression_day
        for lesion in person.lesions:
            diameter = (
                lesion.diameter_mm * person.scale(day) * (1 if day <= 0 else 1 + rng.normal(0, NOISE_PERCENT / 100))
            )
            named = lesion.lesion_id, "target", lesion.organ
            normal = float(rng.uniform(*NORMAL_NODE_MM))
            if lesion.node:
                diameter = max(diameter, normal if person.response == "CR" else NORMAL_NODE_MM[0])
                rows.append(_row(person, day, named, diameter, ""))
            elif diameter == 0:
                rows.append(_row(person, day, named, None, "absent"))
            elif diameter < TOO_SMALL_MM:
                rows.append(_row(person, day, named, None, "too small"))
            else:
                rows.append(_row(person, day, named, diameter, ""))
        if nontarget:
            finding = "absent" if person.response == "CR" and day > 0 else "present"
            if progressed and seed_of_progression < 0.2:
                finding = "progression"
            rows.append(_row(person, day, ("N1", "non-target", organ), None, finding))
        if progressed and seed_of_progression > 0.7:
            rows.append(_row(person, day, ("X1", "new", new_organ), None, "unequivocal"))
        elif person.response == "SD" and not progressed and day > 0 and seed_of_progression < 0.5:
            rows.append(_row(person, day, ("X1", "new", new_organ), None, "equivocal"))
    return rows


def _row(
    person: Person, day: int, lesion: tuple[str, str, str], diameter: float | None, finding: str
) -> dict[str, Any]:
    name, role, organ = lesion
    return {
        "patient_id": person.patient_id,
        "date": person.date(day),
        "lesion": name,
        "role": role,
        "organ": organ,
        "diameter_mm": "" if diameter is None else f"{diameter:.1f}",
        "finding": finding,
    }


def _with_slips(rows: list[dict[str, Any]], people: Sequence[Person]) -> list[dict[str, Any]]:
    """A second assessment before treatment, a decimal sign lost, a lesion left out, a row twice: never at a decisive visit."""
    steady = [
        p
        for p in people
        if p.response == "PR" and p.progression_day is None and len(p.assessment_days) >= 5 and len(p.lesions) >= 2
    ]
    slips = [(p.patient_id, p.date(p.assessment_days[3])) for p in steady[:3]] + [("", None)] * 3
    lost, left_out, twice = (*slips[0], "L1"), (*slips[1], "L2"), (*slips[2], "L1")
    out: list[dict[str, Any]] = []
    for row in rows:
        key = (row["patient_id"], row["date"], row["lesion"])
        if key == left_out:
            continue
        if key == lost and row["diameter_mm"]:
            out.append(row | {"diameter_mm": row["diameter_mm"].replace(".", "") + "0"})
            continue
        out += [row, dict(row)] if key == twice else [row]
    early = people[0]
    day = early.assessment_days[0]
    first = [row for row in out if row["patient_id"] == early.patient_id and row["date"] == early.date(day)]
    return [row | {"date": early.date(day - 45)} for row in first] + out
