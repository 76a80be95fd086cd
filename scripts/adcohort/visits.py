"""Who and when: windows of days since treatment start, and the choice of one record a visit. No tables here."""

import itertools
from collections.abc import Mapping
from typing import TypedDict

from adcohort.reasons import Reason


class Window(TypedDict):
    """A visit: its planned day and the first and last day (both included) whose records may stand for it."""

    day: int
    window: tuple[int, int]


Visits = Mapping[str, Window]


def of_stage(visits: Visits, override: Visits | None) -> dict[str, Window]:
    """A study's visits with a stage's own windows in place of the study's."""
    return {name: (override or {}).get(name, window) for name, window in visits.items()}


def overlapping(visits: Visits) -> list[tuple[str, str]]:
    """Pairs of visits whose windows share a day: a record of that day would have two visits."""
    ordered = sorted(visits.items(), key=lambda item: tuple(item[1]["window"]))
    return [
        (first, second)
        for (first, one), (second, two) in itertools.pairwise(ordered)
        if two["window"][0] <= one["window"][1]
    ]


def visit_of(day: int, visits: Visits) -> str | None:
    """The visit whose window holds a day (days since treatment start), or None."""
    for name, visit in visits.items():
        first, last = visit["window"]
        if first <= day <= last:
            return name
    return None


def without_visit(day: int | None, visits: Visits) -> Reason:
    """Why a day has no visit: a record after treatment start is never baseline, and says so when it comes close."""
    if day is None:
        return Reason.NO_DATE
    ends = [visit["window"][1] for visit in visits.values() if visit["window"][1] <= 0]
    starts = [visit["window"][0] for visit in visits.values() if visit["window"][0] > 0]
    if ends and 0 < day < min(starts, default=day + 1):
        return Reason.BASELINE_AFTER_START
    return Reason.OUTSIDE_EVERY_WINDOW


def distance(day: int, visit: Window) -> tuple[int, int]:
    """Sort key of the records of one window: nearest to the planned day first, of two as near the earlier."""
    return abs(day - visit["day"]), day
