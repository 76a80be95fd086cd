"""What the results folder holds, as the report reads it: tables with their contracts, figures, pictures."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from adcohort import resources, tables


@dataclass
class Results:
    """Result tables and figures of a study, whichever stages it has.

    Parameters
    ----------
    tables
        ``statistics/paired`` to the frame, with the types of its contract.
    files
        The same names to the TSV's text, for downloads.
    figures
        Name to title, caption, alt and the folder's files (``svg``, ``tsv``).
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    figures: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, name: str) -> pd.DataFrame | None:
        """A table, or None if the study does not have it or it has no row."""
        frame = self.tables.get(name)
        return None if frame is None or frame.empty else frame


def read(table_paths: Iterable[Path], caption_paths: Iterable[Path]) -> Results:
    """Read tables (``<results>/<stage>/<name>.tsv``) and figures (``<name>.caption.json`` with svg and tsv beside it)."""
    found = Results()
    for path in sorted(table_paths):
        name = f"{path.parent.name}/{path.stem}"
        found.files[name] = path.read_text(encoding="utf-8")
        found.tables[name] = tables.read(path, contract_stage(path.parent.name, path.stem), path.stem)
    for path in caption_paths:
        words = json.loads(path.read_text(encoding="utf-8"))
        base = path.with_name(words["name"])
        words |= {kind: base.with_suffix(f".{kind}").read_text(encoding="utf-8") for kind in ("svg", "tsv")}
        found.figures[words["name"]] = words
    return found


@cache
def contract_stage(folder: str, table: str) -> str:
    """The stage whose contract a table follows: that of its folder, or the one that writes into a shared folder."""
    for stage in [folder, *sorted(path.parent.name for path in resources.RESOURCES.glob("*/columns.yaml"))]:
        if (resources.RESOURCES / stage / "columns.yaml").is_file() and table in resources.load(
            f"{stage}/columns.yaml"
        ):
            return stage
    raise KeyError(f"no contract for {folder}/{table}")


def dictionary(name: str) -> dict[str, Any]:
    """The data dictionary of a table by its name in the report."""
    folder, table = name.split("/")
    return tables.data_dictionary(contract_stage(folder, table), table)
