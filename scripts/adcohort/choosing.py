"""Several records of one participant, visit and day: copies go, and different ones are refused or chosen as the config says."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Protocol, TypeVar

from adcohort import records, visits
from adcohort.reasons import Reason


class Item(Protocol):
    """What is chosen among: its name without a patient's data, its visit and a record behind it."""

    name: str
    visit: str

    @property
    def record(self) -> records.Record:
        """The record that says who and when."""


Chosen = TypeVar("Chosen", bound=Item)


def visit_of(record: records.Record, study_visits: visits.Visits) -> str:
    """The visit whose window holds a record's day, or that a record without a day names; empty for none."""
    return record.visit if record.day is None else visits.visit_of(record.day, study_visits) or ""


def one_per_visit(
    items: Iterable[Chosen],
    window: visits.Window,
    *,
    choose: str,
    same: Callable[[Chosen, Chosen], bool],
    same_day: str,
    stage: str,
    noun: str,
    exclusions: list[dict[str, Any]],
) -> list[Chosen]:
    """Of the items of one participant and visit, in the order of their days, the one that counts, or none.

    Parameters
    ----------
    choose
        The ``nearest`` to the visit's day, the ``first`` or the ``last``.
    same
        Whether two of one day say the same.
    same_day
        Of different ones: ``refuse`` all of them, or take the ``first`` or ``last`` by date with time, sheet and row.
    stage, noun
        What the exclusions say: the stage, and what the items are (``values``).
    exclusions
        Gets a row for each item that is not used.
    """

    def exclude(item: Chosen, reason: Reason, detail: str) -> None:
        exclusions.append(records.exclusion(stage, item.record, item.name, reason, detail, visit=item.visit))

    days = [
        one
        for _, group in groupby(items, key=lambda item: item.record.day)
        for one in _one_per_day(list(group), same, same_day, noun, exclude)
    ]
    if choose == "nearest":
        days.sort(key=lambda item: visits.distance(item.record.day or 0, window))
    best = days[-1 if choose == "last" else 0] if days else None
    for other in days:
        if best and other is not best:
            exclude(other, Reason.NOT_NEAREST_IN_WINDOW, f"day {best.record.day} is taken")
    return [best] if best else []


def _one_per_day(
    items: list[Chosen],
    same: Callable[[Chosen, Chosen], bool],
    same_day: str,
    noun: str,
    exclude: Callable[[Chosen, Reason, str], None],
) -> list[Chosen]:
    """The one of a day that counts, or none."""
    first, *others = items
    different = []
    for other in others:
        if same(first, other):
            exclude(other, Reason.DUPLICATE, f"the same as {first.name}")
        else:
            different.append(other)
    if not different:
        return [first]
    ordered = sorted([first, *different], key=lambda i: (i.record.date, i.record.source, i.record.row))
    keep = [] if same_day == "refuse" else [ordered[0] if same_day == "first" else ordered[-1]]
    for item in ordered:
        if item not in keep:
            exclude(item, Reason.CONFLICTING, f"{len(ordered)} different {noun} of one day")
    return keep
