"""Sheets as hospitals hand them over, read as text: CSV, TSV and xlsx, in their usual encodings and layouts.

What is detected (encoding, delimiter, row of the headers) is told, and each can be set by hand.
"""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from adcohort.errors import StudyError

DELIMITERS = ("\t", ";", "|", ",")  # of two that fit as well the first is taken: commas also stand inside numbers
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_PROBE_ROWS = 60
# what a workbook holds for a formula that was never calculated: a formula and no value
_NOT_CALCULATED = re.compile(rb"(?:</f>|<f[^>]*/>)\s*(?:<v\s*/>|<v></v>|</c>)")


@dataclass(frozen=True)
class Sheet:
    """One sheet of cells as text (empty text = empty cell), with the numbers of its rows in the file."""

    number: int
    name: str
    rows: list[list[str]]
    row_numbers: list[int]
    encoding: str
    delimiter: str


@dataclass(frozen=True)
class Table:
    """A sheet from its headers on: stripped headers, whole rows (as wide as the headers), and where they stand."""

    header: list[str]
    rows: list[list[str]]
    row_numbers: list[int]
    header_row: int


def read(
    path: Path, encoding: str = "auto", sheet: str | int = 0, *, delimiter: str = "auto", header_row: int | None = None
) -> pd.DataFrame:
    """A sheet with every cell as text (dtype string, empty = missing), headers stripped, rows in the file's order.

    Raises
    ------
    StudyError
        For a file that is not there, empty, damaged, in none of the known encodings, or with a row wider than its headers.
    """
    wanted = [sheet + 1 if isinstance(sheet, int) else sheet]
    found = open_sheets(path, encoding=encoding, delimiter=delimiter, wanted=wanted)[0]
    table = to_table(found, path.name, header_row)
    frame = pd.DataFrame(table.rows, columns=_distinct(table.header), dtype="string")
    frame = frame.replace("", pd.NA)
    frame.attrs |= {"file": path.name, "rows": list(table.row_numbers)}
    return frame


def row_numbers(frame: pd.DataFrame) -> list[int]:
    """The rows of the file that a frame's rows come from (a frame of other origin counts from row 2, after its headers)."""
    numbers = frame.attrs.get("rows", [])
    return numbers if len(numbers) == len(frame) else list(range(2, len(frame) + 2))


def open_sheets(
    path: Path, *, encoding: str = "auto", delimiter: str = "auto", wanted: list[str | int] | None = None
) -> list[Sheet]:
    """The sheets of a workbook, or the one sheet of a text file, that hold anything.

    Parameters
    ----------
    wanted
        Names or numbers (from 1) of sheets; None = all that are not empty.
    """
    if not path.is_file():
        raise StudyError(f"{path.name}: there is no such file. Correct its path in the config.")
    content = path.read_bytes()
    if content.startswith(_OLE):
        raise StudyError(f"{path.name}: an old or protected workbook. Save it as .xlsx without a password.")
    sheets = (
        _workbook(path.name, content) if content.startswith(_ZIP) else [_text(path.name, content, encoding, delimiter)]
    )
    if wanted is not None:
        chosen = [sheet for sheet in sheets if sheet.number in wanted or sheet.name in wanted]
        if len(chosen) < len(set(wanted)):
            raise StudyError(
                f"{path.name}: it has {len(sheets)} sheet(s); not all of {', '.join(map(str, wanted))} are there."
                " Correct `sheets` in the config."
            )
        sheets = chosen
    filled = [sheet for sheet in sheets if any(cell.strip() for row in sheet.rows for cell in row)]
    if not filled:
        raise StudyError(f"{path.name}: the file is empty. Export it again.")
    return filled


def to_table(sheet: Sheet, file_name: str, header_row: int | None = None) -> Table:
    """A sheet from its headers on; titles above them and empty rows are left out.

    Parameters
    ----------
    header_row
        Row of the headers in the file, from 1; None = the first row that is filled like a header.
    """
    at = _header_index(sheet) if header_row is None else _index_of(sheet, header_row, file_name)
    header = [cell.strip().strip("\ufeff") for cell in sheet.rows[at]]
    while header and not header[-1]:
        header.pop()
    rows, numbers, problems = [], [], []
    for cells, number in zip(sheet.rows[at + 1 :], sheet.row_numbers[at + 1 :], strict=True):
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(header) :]):
            problems.append(
                f"{file_name}: row {number} has more cells than the {len(header)} headers."
                " Quote the cell that holds the delimiter, or name `delimiter` in the config."
            )
        rows.append((cells + [""] * len(header))[: len(header)])
        numbers.append(number)
    if problems:
        raise StudyError(problems[:5])
    return Table(header, rows, numbers, sheet.row_numbers[at])


def dates(cells: pd.Series) -> pd.Series:
    """Calendar days of text cells (2020-01-31, 2020/1/31, 20200131, 2020年1月31日, 31.1.2020, also with a time); others NaT.

    1/2/2020 is none: whether its day stands first is not known.
    """
    text = cells.astype("string").str.normalize("NFKC").str.strip()
    text = text.str.replace(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})\b", r"\3-\2-\1", regex=True)
    parts = text.str.extract(r"^(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T].*)?$")
    joined = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
    return pd.to_datetime(joined, format="%Y-%m-%d", errors="coerce")


def decoded(content: bytes, file_name: str, encoding: str = "auto") -> tuple[str, str]:
    """Text of a file and the encoding that it was read in.

    UTF-8, UTF-16 and GB18030 are told apart by byte order marks, zero bytes and validity. Western single-byte text would also
    pass as GB18030: where most of its pairs are not among the common characters it is read as Windows-1252.
    """
    for name in _candidates(content) if encoding == "auto" else [encoding]:
        try:
            text = content.decode(name)
        except (UnicodeDecodeError, UnicodeError):
            continue
        except LookupError:
            raise StudyError(
                f"{file_name}: {encoding!r} is no encoding. Write it as utf-8, gb18030 or utf-16."
            ) from None
        if "\0" not in text:
            return text.removeprefix("\ufeff"), name
    known = "UTF-8, UTF-16 or GB18030" if encoding == "auto" else encoding
    raise StudyError(f"{file_name}: not in {known}. Name its encoding in the config.")


def _candidates(content: bytes) -> list[str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    if content.startswith(b"\xef\xbb\xbf"):
        return ["utf-8-sig"]
    even, odd = content[0:2000:2].count(0), content[1:2000:2].count(0)
    if max(even, odd) > 0.2 * len(content[:2000]) / 2:
        return ["utf-16-le" if odd > even else "utf-16-be"]
    pairs = re.findall(rb"[\x81-\xfe][\x40-\xfe]", content)
    rare = sum(pair[1] < 0xA1 or not (0xA1 <= pair[0] <= 0xF7) for pair in pairs)
    return ["utf-8", "cp1252"] if rare > len(pairs) / 2 else ["utf-8", "gb18030"]


def _text(file_name: str, content: bytes, encoding: str, delimiter: str) -> Sheet:
    text, used = decoded(content, file_name, encoding)
    skipped = 0
    if said := re.match(r'sep=([^"\r\n])\r?\n', text):  # a line that spreadsheet programs write for each other
        text, skipped = text[said.end() :], 1
        delimiter = said[1] if delimiter == "auto" else delimiter
    if delimiter == "auto":
        delimiter = _delimiter(text)
    rows, numbers = [], []
    # strict: a quote that nobody closes would take the rows that follow into its cell
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            rows.append(row)
            numbers.append(start + skipped)
            start = reader.line_num + 1
    except csv.Error as problem:
        raise StudyError(
            f"{file_name}: row {start + skipped}: no table of text from here on ({problem}). Close or remove the quote "
            "mark of its cell, or export the sheet again."
        ) from None
    return Sheet(1, "", rows, numbers, used, delimiter)


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first rows into the most even table."""
    sample = "\n".join(text.splitlines()[:_PROBE_ROWS])

    def evenness(mark: str) -> float:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=mark) if any(row)]
        except csv.Error:
            return 0.0
        if not widths:
            return 0.0
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        return widths.count(usual) / len(widths) if usual > 1 else 0.0

    best = max(DELIMITERS, key=evenness)
    return best if evenness(best) > 0 else ","


def _workbook(file_name: str, content: bytes) -> list[Sheet]:
    import zipfile

    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            sheets_xml = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        found = [_worksheet(sheet, number) for number, sheet in enumerate(book.worksheets, start=1)]
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError):
        raise StudyError(f"{file_name}: the workbook is damaged. Save it again as .xlsx.") from None
    if any(_NOT_CALCULATED.search(xml) for xml in sheets_xml):
        raise StudyError(
            f"{file_name}: it holds formulas without their values. Open it in a spreadsheet program and save it."
        )
    return found


def _worksheet(sheet: Any, number: int) -> Sheet:
    sheet.reset_dimensions()
    rows = [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    return Sheet(number, sheet.title, rows, list(range(1, len(rows) + 1)), "xlsx", "")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        return (
            value.isoformat(sep=" ").removesuffix(" 00:00:00")
            if hasattr(value, "hour") and hasattr(value, "year")
            else str(value)
        )
    return str(value)


def _header_index(sheet: Sheet) -> int:
    """Position of the first row that is filled like a header: more than half as wide as the widest, mostly words."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in sheet.rows]
    widest = max(filled[:_PROBE_ROWS])
    for at, (row, count) in enumerate(zip(sheet.rows, filled, strict=True)):
        words = sum(bool(re.search(r"[^\W\d_]", cell)) for cell in row)
        if count > widest / 2 and words >= count / 2:
            return at
    return next(at for at, count in enumerate(filled) if count)


def _index_of(sheet: Sheet, header_row: int, file_name: str) -> int:
    if header_row not in sheet.row_numbers:
        raise StudyError(f"{file_name}: there is no row {header_row}. Correct `header_row` in the config.")
    return sheet.row_numbers.index(header_row)


def _distinct(header: list[str]) -> list[str]:
    """Headers that differ: an empty one gets its number, one that comes again a number behind it."""
    names = [name or f"column {number}" for number, name in enumerate(header, start=1)]
    before = [names[:at].count(name) for at, name in enumerate(names)]
    return [f"{name}.{count}" if count else name for name, count in zip(names, before, strict=True)]
