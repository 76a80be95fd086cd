"""Result tables: their columns are a contract, kept in resources/<stage>/columns.yaml and written beside each table."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
from adcohort import files, resources
from adcohort.reasons import Decision, Reason

EXCLUSION_COLUMNS = ["stage", "participant_id", "visit", "day", "record", "decision", "reason", "detail"]
_DTYPES = {"string": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}
# a cell that begins so is run as a formula by spreadsheet programs (OWASP, CSV injection)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def columns(stage: str, table: str) -> dict[str, dict[str, Any]]:
    """The contract of a table: column name to type, description, units, levels, from the stage's columns.yaml."""
    return resources.load(f"{stage}/columns.yaml")[table]


def typed(rows: Any, stage: str, table: str) -> pd.DataFrame:
    """Rows (records or a frame) as a frame with exactly the contract's columns, in its order and types.

    Raises
    ------
    ValueError
        For a column that is missing or not in the contract, or a value of another type: a bug, not a study's problem.
    """
    contract = columns(stage, table)
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame.from_records(list(rows), columns=None)
    if frame.empty and not len(frame.columns):
        frame = pd.DataFrame(columns=list(contract))
    if odd := set(contract) ^ set(frame.columns):
        raise ValueError(f"{stage}/{table}: columns differ from the contract: {sorted(map(str, odd))}")
    frame = frame[list(contract)]
    return frame.astype({name: _DTYPES[column["type"]] for name, column in contract.items()}).reset_index(drop=True)


def write(rows: Any, path: Path, stage: str, table: str | None = None) -> None:
    """Write a table (tab-separated, UTF-8, empty = missing) and, first, its data dictionary as JSON beside it.

    Numbers keep their shortest exact form. A text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    name = table or path.stem
    frame = typed(rows, stage, name)
    files.write_json(path.with_suffix(".json"), data_dictionary(stage, name))
    for column in frame.columns[frame.dtypes == "string"]:
        frame[column] = frame[column].map(harmless, na_action="ignore")
    text = io.StringIO()
    frame.to_csv(text, sep="\t", index=False, lineterminator="\n")
    files.write_text(path, text.getvalue())


def read(path: Path, stage: str, table: str | None = None) -> pd.DataFrame:
    """Read a result table with the types of its contract."""
    contract = columns(stage, table or path.stem)
    frame = pd.read_csv(path, sep="\t", dtype="string", keep_default_na=False, na_values=[""])
    for name, column in contract.items():
        if column["type"] == "boolean":
            frame[name] = frame[name].map({"True": True, "False": False})
        frame[name] = frame[name].astype(_DTYPES[column["type"]])
    return frame


def data_dictionary(stage: str, table: str) -> dict[str, dict[str, Any]]:
    """The contract in the words of a BIDS data dictionary (Description, Units, Levels)."""
    names = {"description": "Description", "units": "Units", "levels": "Levels", "type": "Type"}
    return {
        column: {names[key]: value for key, value in facts.items() if key in names}
        for column, facts in columns(stage, table).items()
    }


def harmless(text: str) -> str:
    """A text that no spreadsheet runs: formula starts get an apostrophe, line breaks and tabs become blanks."""
    text = " ".join(text.splitlines()) if ("\n" in text or "\r" in text) else text
    text = text.replace("\t", " ")
    if text.startswith(_FORMULA_STARTS) and not _is_number(text):
        return "'" + text
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def exclusion(
    stage: str,
    reason: Reason,
    *,
    participant_id: str | None = None,
    visit: str | None = None,
    day: int | None = None,
    record: str = "",
    detail: str = "",
    decision: Decision = Decision.EXCLUDED,
) -> dict[str, Any]:
    """One row of a stage's exclusions.tsv. `record` names it without a patient's data (a table's row, a series' number)."""
    return {
        "stage": stage,
        "participant_id": participant_id,
        "visit": visit,
        "day": day,
        "record": record,
        "decision": str(decision),
        "reason": str(reason),
        "detail": detail,
    }


def write_exclusions(rows: Any, path: Path) -> None:
    """Write a stage's exclusions.tsv; every stage's has the same columns (resources/flow/columns.yaml)."""
    write(rows, path, "flow", "exclusions")
