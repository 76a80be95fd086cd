"""A tumour marker that has to become normal for a complete response where it was raised before treatment."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd


class Value(NamedTuple):
    """A value on a day. Above an upper limit of the assay it is raised, below a lower one it is at most that limit."""

    day: int
    value: float
    qualifier: str


class Marker(NamedTuple):
    """One participant's values of a marker; normal is below `below`."""

    name: str = ""
    below: float = 0.0
    within_days: int = 0
    values: Sequence[Value] = ()

    def withholds(self, day: int) -> str | None:
        """Why a complete response on a day is not complete yet, or None: the marker was never raised, or it is normal."""
        before = [value for value in self.values if value.day <= 0]
        if not before or self._normal(max(before)):
            return None
        near = [value for value in self.values if value.day > 0 and abs(value.day - day) <= self.within_days]
        if not near:
            return f"{self.name} was raised before treatment and has no value within {self.within_days} d"
        nearest = min(near, key=lambda value: (abs(value.day - day), value.day))
        if self._normal(nearest):
            return None
        return f"{self.name} {nearest.qualifier}{nearest.value:g} on day {nearest.day} is not below {self.below:g}"

    def _normal(self, value: Value) -> bool:
        return value.qualifier not in (">", ">=") and (
            value.value < self.below or (value.qualifier == "<" and value.value <= self.below)
        )


NONE = Marker()


def read(labs: Path, settings: Mapping[str, Any]) -> dict[str, Marker]:
    """Each participant's marker from the table of laboratory values.

    Parameters
    ----------
    labs
        Table with participant_id, day, analyte, value, qualifier.
    settings
        The config's response.cr_marker.
    """
    table = pd.read_csv(labs, sep="\t", dtype="string", keep_default_na=False, na_values=[""])
    table = table[(table["analyte"] == settings["analyte"]) & table["day"].notna() & table["value"].notna()]
    found: dict[str, list[Value]] = {}
    for row in table.to_dict("records"):
        qualifier = "" if pd.isna(row["qualifier"]) else str(row["qualifier"])
        found.setdefault(row["participant_id"], []).append(Value(int(row["day"]), float(row["value"]), qualifier))
    return {
        who: Marker(settings["analyte"], settings["below"], settings["within_days"], sorted(values))
        for who, values in found.items()
    }
