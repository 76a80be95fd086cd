"""What the tables of the regions are made of: accepted visits, measured regions, lesions of the lesion measurements."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adcohort import bids, tables

Row = dict[str, Any]


@dataclass
class Person:
    """One participant's scans and regions.

    Attributes
    ----------
    visits
        Accepted visits: name to day, runs (acquisition, run, primary).
    measured
        Visit to what measure_rois wrote.
    response
        Lesions of the lesion measurements, and for each the visits at which it measures 0 mm.
    """

    participant_id: str
    visits: dict[str, Row]
    measured: dict[str, Row]
    response: dict[str, set[str]] = field(default_factory=dict)


def people_of(
    accepted: Sequence[Row], measured: Path, visit_order: Sequence[str], response: Mapping[str, dict[str, set[str]]]
) -> list[Person]:
    """Participants with their visits in the study's order, from the accepted visits and the folder of measured ones."""
    people: dict[str, Person] = {}
    for visit in sorted(accepted, key=lambda v: (v["participant_id"], visit_order.index(v["visit"]))):
        who, name = visit["participant_id"], visit["visit"]
        person = people.setdefault(who, Person(who, {}, {}, response.get(who, {})))
        file = measured / f"{bids.visit_name(who, name)}.json"
        if visit["runs"]:
            person.visits[name] = visit
            person.measured[name] = json.loads(file.read_text(encoding="utf-8"))
    return list(people.values())


def overlaps(people: Sequence[Person]) -> list[Row]:
    """Overlaps of the readers' regions at all visits."""
    return [
        {"participant_id": person.participant_id, "visit": visit, **overlap}
        for person in people
        for visit, content in person.measured.items()
        for overlap in content["overlaps"]
    ]


def response_lesions(path: Path | None) -> dict[str, dict[str, set[str]]]:
    """Lesions of the lesion measurements by participant, each with the visits at which it measures 0 mm."""
    out: dict[str, dict[str, set[str]]] = {}
    if path is not None:
        for row in tables.read(path, "response", "lesions").to_dict("records"):
            gone = out.setdefault(row["participant_id"], {}).setdefault(row["lesion"], set())
            if isinstance(row["visit"], str) and row["value_mm"] == 0:
                gone.add(row["visit"])
    return out
