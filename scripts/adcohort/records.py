"""From sheets in any layout to records: who, when, what, the text of the value, and where it stands in which file."""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from adcohort import files, participants, quantities, resources, sheets, tables, visits
from adcohort.errors import StudyError
from adcohort.reasons import Reason

ROLES = (
    *("patient", "date", "event", "analyte", "value", "unit", "specimen", "assay", "denominator"),
    *("instrument", "item", "answer"),
)
LINK_COLUMNS = ("record", "file", "sheet", "row", "column", "what", "text", "unit")
_SETTINGS = ("encoding", "delimiter", "decimal", "sheets", "header_row", "layout", "columns")
_DELIMITER_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon"}


class Heading(NamedTuple):
    """What a column of a wide sheet holds: an analyte or item, and what its header says besides."""

    what: str
    unit: str = ""
    denominator: str = ""
    visit: str = ""


# recognises the headers of one sheet, all at once; None for a header that it does not know
Recogniser = Callable[[list[str]], list[Heading | None]]


@dataclass
class Record:
    """One cell with a value. Texts are as the source has them; `visit` is set where the source names it instead of a date."""

    patient: str
    date: str
    event: str
    what: str
    text: str
    unit: str = ""
    specimen: str = ""
    assay: str = ""
    denominator: str = ""
    visit: str = ""
    source: str = ""
    file: str = ""
    sheet: str = ""
    row: int = 0
    column: int = 0
    decimal: str = ""
    layout: str = ""
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    participant_id: str | None = None
    day: int | None = None
    hint: str = ""


@dataclass
class Gathered:
    """All records of the files, one report a sheet (sources.tsv), and the columns that nobody knew (source, number).

    `headers` holds, by sheet, what was to be recognised: the free headers of a wide sheet, the names in a long one.
    """

    records: list[Record]
    reports: list[dict[str, Any]]
    unknown_columns: list[tuple[str, int]]
    headers: dict[str, list[str]]


@dataclass(frozen=True)
class Words:
    """What a stage's sheets are about.

    `what` and `value` are the roles that make a sheet long (``analyte`` and ``value``); `map_key` is the key of a file's entry
    that maps headers or names to codes, `known` those codes; `recognise` tells what the columns of a wide sheet hold.
    With `forms` a row of a wide sheet without any value is a record too, of nothing: a form that nobody filled in.
    """

    what: str
    value: str
    map_key: str
    known: Collection[str]
    recognise: Recogniser
    forms: bool = False


def gather(data: Path, entries: Sequence[Mapping[str, Any]], words: Words) -> Gathered:
    """Read every sheet of every file of a stage.

    Parameters
    ----------
    data
        Folder that the files' paths and patterns are relative to.
    entries
        The config's files: path, encoding, delimiter, decimal, sheets, header_row, layout, columns, and the words' `map_key`.

    Raises
    ------
    StudyError
        For files that are not there or cannot be read, and sheets without a patient's column or without any value.
    """
    out = Gathered([], [], [], {})
    problems: list[str] = []
    for number, entry in enumerate(entries, start=1):
        for header, code in entry[words.map_key].items():
            if code.partition("@")[0] not in words.known:
                problems.append(
                    f"config: files: {words.map_key}: {header!r} is mapped to {code!r}, which is no {words.what}. Correct it."
                )
        found = sorted(data.glob(entry["path"])) if "*" in entry["path"] else [data / entry["path"]]
        if not found:
            problems.append(f"{entry['path']}: no file fits the pattern. Correct it in the config.")
        position = 0
        for path in found:
            try:
                opened = sheets.open_sheets(
                    path, encoding=entry["encoding"], delimiter=entry["delimiter"], wanted=entry["sheets"]
                )
                for sheet in opened:
                    position += 1
                    _add_sheet(out, f"{number}.{position}", (path, sheet), entry, words)
            except StudyError as problem:
                problems += problem.problems
    if problems:
        raise StudyError(problems)
    return out


def place(records: list[Record], people: pd.DataFrame, study_visits: visits.Visits) -> None:
    """Give each record its participant, day and, where the source names a visit and no date, its visit.

    A record of nobody in the study has no participant_id; a date that is none, no day.
    """
    frame = pd.DataFrame({"patient": [r.patient for r in records], "date": [r.date for r in records]}, dtype="string")
    _must_have_readable_dates(records, sheets.dates(frame["date"]))
    attached = participants.attach(frame, people, patient="patient", date="date")
    names = {quantities.key(name): name for name in study_visits}
    shortened = {str(patient).lstrip("0") for patient in people["patient_id"]}
    named = {visit for record in records for visit in record.options["events"].values()}
    if unknown := sorted(named - set(study_visits)):
        raise StudyError(
            f"config: files: events: no visit of the study: {', '.join(unknown)}. Name it under visits first."
        )
    for record, who, day in zip(records, attached["participant_id"], attached["day"], strict=True):
        record.participant_id = None if pd.isna(who) else str(who)
        record.day = None if pd.isna(day) else int(day)
        if record.participant_id is None and record.patient.lstrip("0") in shortened - {""}:
            record.hint = "a participant's number but for its leading zeros: keep the column as text"
        if record.day is None and not record.visit:
            events = {quantities.key(event): visit for event, visit in record.options["events"].items()}
            record.visit = _visit_of_event(record.event, names | events)


def _must_have_readable_dates(records: list[Record], moments: pd.Series) -> None:
    """A sheet whose dates are all unreadable is a matter of format, not of single rows."""
    readable: dict[tuple[str, str], bool] = {}
    for record, moment in zip(records, moments, strict=True):
        if record.date:
            sheet = (record.source, Path(record.file).name)
            readable[sheet] = readable.get(sheet, False) or not pd.isna(moment)
    if problems := [
        f"{name}: none of the dates of sheet {source} can be read. Write them as YYYY-MM-DD, or name another column (date)."
        for (source, name), some in readable.items()
        if not some
    ]:
        raise StudyError(problems)


def _visit_of_event(event: str, known: Mapping[str, str]) -> str:
    """The visit that an event of the source stands for: by name, or before REDCap's ``_arm_1``."""
    name = quantities.clean(event)
    return known.get(quantities.key(name)) or known.get(quantities.key(name.split("_arm_")[0]), "")


def _add_sheet(
    out: Gathered, source: str, where: tuple[Path, sheets.Sheet], entry: Mapping[str, Any], words: Words
) -> None:
    path, sheet = where
    table = sheets.to_table(sheet, path.name, entry["header_row"])
    roles = find_roles(table.header, entry["columns"], path.name)
    layout = entry["layout"]
    if layout == "auto":
        layout = "long" if words.what in roles and words.value in roles else "wide"
    _require(layout, roles, words, path.name, len(table.header))
    mapped = {quantities.key(name): code for name, code in entry[words.map_key].items()}
    taken = set(roles.values())
    free = [at for at, name in enumerate(table.header) if name and at not in taken]
    headings = _headings(table.header, free, mapped, words) if layout == "wide" else {}
    if layout == "wide" and not headings:
        raise StudyError(
            f"{path.name}: no column is recognised as a {words.what}."
            f" Map its headers to codes under `{words.map_key}` in the config."
        )
    unknown = [at for at in free if at not in headings and not _ignored(table.header[at])]
    records = list(
        _long(table, roles, words, mapped) if layout == "long" else _wide(table, roles, headings, words.forms)
    )
    mark = entry["decimal"]
    if mark == "auto":
        mark = quantities.decimal_mark(record.text for record in records)
    for record in records:
        record.source, record.file, record.sheet = source, str(path), sheet.name
        record.decimal, record.layout, record.options = mark, layout, entry
    out.records += records
    names = [table.header[at] for at in free] if layout == "wide" else dict.fromkeys(r.what for r in records)
    out.headers[source] = list(names)
    out.unknown_columns += [(source, at + 1) for at in unknown]
    columns = {at: role for role, at in roles.items()} | {at: heading.what for at, heading in headings.items()}
    out.reports.append(
        {
            "source": source,
            "encoding": sheet.encoding,
            "delimiter": _DELIMITER_NAMES.get(sheet.delimiter, sheet.delimiter),
            "header_row": table.header_row,
            "layout": layout,
            "decimal": mark,
            "how": " ".join(key for key in _SETTINGS if entry[key] not in ("auto", None, {}, [])),
            "columns": " ".join(f"{at + 1}={columns[at]}" for at in sorted(columns)),
            "unknown_columns": " ".join(str(at + 1) for at in unknown),
            "rows": len(table.rows),
            "records": sum(bool(record.what) for record in records),
        }
    )


def _headings(header: list[str], free: list[int], mapped: Mapping[str, str], words: Words) -> dict[int, Heading]:
    """What the free columns hold: the config's word (``code`` or ``code@visit``) before the dictionary's."""
    out = {}
    for at, guess in zip(free, words.recognise([header[at] for at in free]), strict=True):
        if code := mapped.get(quantities.key(header[at])):
            what, _, visit = code.partition("@")
            out[at] = (guess or Heading(what))._replace(what=what, visit=visit)
        elif guess is not None:
            out[at] = guess
    return out


def find_roles(header: list[str], declared: Mapping[str, str], file_name: str) -> dict[str, int]:
    """Position of each role's column: the config's, else the first header that is known for it."""
    keys = [quantities.key(name) for name in header]
    roles: dict[str, int] = {}
    problems = []
    for role, name in declared.items():
        if quantities.key(name) in keys:
            roles[role] = keys.index(quantities.key(name))
        else:
            problems.append(f"{file_name}: there is no column {name!r} ({role}). Correct `columns` in the config.")
    if problems:
        raise StudyError(problems)
    for role in ROLES:
        if role in roles:
            continue
        for known in _known(role):
            if known in keys and keys.index(known) not in roles.values():
                roles[role] = keys.index(known)
                break
    return roles


@cache
def _known(role: str) -> tuple[str, ...]:
    return tuple(quantities.key(name) for name in resources.load("sheets/headers.yaml")[role])


def _ignored(name: str) -> bool:
    key = quantities.key(name)
    return key in _known("ignored") or any(key in _known(role) for role in ROLES) or key.endswith("complete")


def _require(layout: str, roles: Mapping[str, int], words: Words, file_name: str, n_columns: int) -> None:
    needed = ("patient", words.what, words.value) if layout == "long" else ("patient",)
    if missing := [role for role in needed if role not in roles]:
        raise StudyError(
            f"{file_name}: no column for {', '.join(missing)} among its {n_columns} columns."
            f" Name it in the config, as columns: {{{missing[0]}: its header}}."
        )


def _long(table: sheets.Table, roles: Mapping[str, int], words: Words, mapped: Mapping[str, str]) -> Iterator[Record]:
    for cells, number in zip(table.rows, table.row_numbers, strict=True):
        got = {role: cells[at].strip() for role, at in roles.items()}
        yield Record(
            got["patient"],
            got.get("date", ""),
            got.get("event", ""),
            mapped.get(quantities.key(got[words.what]), got[words.what]),
            got[words.value],
            unit=got.get("unit", ""),
            specimen=got.get("specimen", ""),
            assay=got.get("assay", ""),
            denominator=got.get("denominator", ""),
            row=number,
            column=roles[words.value] + 1,
        )


def _wide(
    table: sheets.Table, roles: Mapping[str, int], headings: Mapping[int, Heading], forms: bool
) -> Iterator[Record]:
    for cells, number in zip(table.rows, table.row_numbers, strict=True):
        got = {role: cells[at].strip() for role, at in roles.items()}
        if forms and got["patient"] and not any(cells[at].strip() for at in headings):
            yield Record(got["patient"], got.get("date", ""), got.get("event", ""), "", "", row=number)
        for at, heading in headings.items():
            if text := cells[at].strip():
                yield Record(
                    got["patient"],
                    "" if heading.visit else got.get("date", ""),
                    got.get("event", ""),
                    heading.what,
                    text,
                    unit=heading.unit or got.get("unit", ""),
                    specimen=got.get("specimen", ""),
                    assay=got.get("assay", ""),
                    denominator=heading.denominator or got.get("denominator", ""),
                    visit=heading.visit,
                    row=number,
                    column=at + 1,
                )


def exclusion(
    stage: str, record: Record, name: str, reason: Reason, detail: str = "", *, visit: str = ""
) -> dict[str, Any]:
    """Row of exclusions.tsv for a record, under a `name` that holds no patient's data."""
    return tables.exclusion(
        stage,
        reason,
        participant_id=record.participant_id,
        visit=visit or None,
        day=record.day,
        record=name,
        detail=detail,
    )


def unknown_column_exclusions(stage: str, columns: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Rows of exclusions.tsv for columns that nobody knew, by number: a header may be anything."""
    return [
        tables.exclusion(stage, Reason.UNKNOWN_COLUMN, record=f"sheet {source}, column {number}")
        for source, number in columns
    ]


def write_links(folder: Path, named: Sequence[tuple[str, Record]]) -> None:
    """Write links.tsv into a private folder: each record's name with its file, sheet, row, column and the cell's text."""
    lines = ["\t".join(LINK_COLUMNS)]
    for name, record in named:
        cells = (name, record.file, record.sheet, record.row, record.column, record.what, record.text, record.unit)
        lines.append("\t".join(" ".join(str(cell).split()) for cell in cells))
    files.write_text(files.private_folder(folder) / "links.tsv", "\n".join(lines) + "\n")
