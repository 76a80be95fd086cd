"""Sheets as hospitals hand them over, read as text: CSV, TSV and xlsx, in their usual encodings."""

import csv
import io
from pathlib import Path

import pandas as pd
from adcohort.errors import StudyError

ENCODINGS = ("utf-8-sig", "gb18030")


def read(path: Path, encoding: str = "auto", sheet: str | int = 0) -> pd.DataFrame:
    """A sheet with every cell as text (dtype string, empty = missing), headers stripped, rows in the file's order.

    Raises
    ------
    StudyError
        For a file that is not there, empty, or in none of the known encodings.
    """
    if not path.is_file():
        raise StudyError(f"{path.name}: there is no such file. Correct its path in the config.")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        frame = pd.read_excel(path, sheet_name=sheet, dtype="string", keep_default_na=False, na_values=[""])
    else:
        text = _decoded(path, encoding)
        if not text.strip():
            raise StudyError(f"{path.name}: the file is empty. Export it again.")
        delimiter = (
            csv.Sniffer().sniff(text.splitlines()[0] + "\n", ",;\t|").delimiter
            if "," in text or ";" in text or "\t" in text
            else ","
        )
        frame = pd.read_csv(io.StringIO(text), sep=delimiter, dtype="string", keep_default_na=False, na_values=[""])
    frame.columns = frame.columns.astype("string").str.strip()
    return frame


def dates(cells: pd.Series) -> pd.Series:
    """Calendar days of text cells (2020-01-31, 2020/1/31, 20200131, 2020年1月31日, with or without a time); others NaT."""
    text = cells.astype("string").str.strip()
    parts = text.str.extract(r"^(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T].*)?$")
    joined = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
    return pd.to_datetime(joined, format="%Y-%m-%d", errors="coerce")


def _decoded(path: Path, encoding: str) -> str:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    for name in ENCODINGS if encoding == "auto" else (encoding,):
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    raise StudyError(f"{path.name}: not in {' or '.join(ENCODINGS)}. Name its encoding in the config.")
