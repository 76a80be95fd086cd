"""Several records of one participant, visit and day: copies go, and different ones are refused or chosen as the config says."""

from collections.abc import Callable
from typing import Any, TypeVar

from adcohort.reasons import Reason

Item = TypeVar("Item")


def one_per_day(
    items: list[Item],
    *,
    same: Callable[[Item, Item], bool],
    same_day: str,
    record: Callable[[Item], Any],
    name: Callable[[Item], str],
    exclude: Callable[[Item, Reason, str], None],
    noun: str,
) -> list[Item]:
    """The one that counts, or none.

    Parameters
    ----------
    same
        Whether two say the same.
    same_day
        Of different ones: ``refuse`` all of them, or take the ``first`` or ``last`` by date with time, sheet and row.
    record, name
        The records.Record behind an item, and its name without a patient's data.
    exclude
        Takes note of an item that is not used, with reason and detail.
    noun
        What they are, for the detail: ``values``.
    """
    first, *others = items
    different = []
    for other in others:
        if same(first, other):
            exclude(other, Reason.DUPLICATE, f"the same as {name(first)}")
        else:
            different.append(other)
    if not different:
        return [first]
    ordered = sorted([first, *different], key=lambda i: (record(i).date, record(i).source, record(i).row))
    keep = [] if same_day == "refuse" else [ordered[0] if same_day == "first" else ordered[-1]]
    for item in ordered:
        if item not in keep:
            exclude(item, Reason.CONFLICTING, f"{len(ordered)} different {noun} of one day")
    return keep
