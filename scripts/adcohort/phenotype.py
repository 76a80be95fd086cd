"""BIDS phenotype tables: one row a participant, columns <code>_<visit>, a data dictionary beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adcohort import files, tables

Columns = Mapping[str, Mapping[str, Any]]
Values = Mapping[str, Mapping[str, Any]]


def write(path: Path, content: tuple[Columns, Values], about: str = "") -> None:
    """Write the table and, first, its dictionary as JSON.

    Parameters
    ----------
    content
        Description of each column, and the values by participant and column; what is missing is written n/a.
    about
        Description of the measurement tool, for BIDS' MeasurementToolMetadata.
    """
    columns, values = content
    sidecar: dict[str, Any] = {"MeasurementToolMetadata": {"Description": about}} if about else {}
    files.write_json(path.with_suffix(".json"), sidecar | {name: dict(facts) for name, facts in columns.items()})
    lines = ["\t".join(["participant_id", *columns])]
    for participant in sorted(values):
        cells = [_cell(values[participant].get(name)) for name in columns]
        lines.append("\t".join([participant, *cells]))
    files.write_text(path, "\n".join(lines) + "\n")


def _cell(value: Any) -> str:
    return "n/a" if value is None else tables.harmless(str(value))
