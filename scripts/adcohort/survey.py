"""A first look at a study's raw folder: what each sheet and image series seems to be, and why. Nothing of a patient is said."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from adcohort import participants, quantities, resources, sheets
from adcohort.dicom import series, tree
from adcohort.errors import StudyError
from adcohort.labs.analytes import Dictionary

SHEETS = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm"}
MASKS = (".nii", ".nii.gz", ".nrrd", ".mha")
FEWEST_ITEMS = 10  # a sheet with fewer numbered columns is no questionnaire
QUIET_DAYS = 14  # days without any record that part two visits


@dataclass
class SheetGuess:
    """A sheet: its kind ("" = not known), why, how it was read, and the columns by what they hold."""

    path: str
    kind: str
    why: str
    encoding: str
    frame: pd.DataFrame
    columns: dict[str, str] = field(default_factory=dict)
    analytes: list[str] = field(default_factory=list)


@dataclass
class Survey:
    """What a raw folder holds. Patients' identifiers and dates stay in here; the words about it hold none."""

    sheets: list[SheetGuess]
    unread: list[str]
    dicom: str | None
    series: list[series.Series]
    n_files: int
    masks: list[str]

    def of_kind(self, kind: str) -> list[SheetGuess]:
        """The sheets of a kind."""
        return [sheet for sheet in self.sheets if sheet.kind == kind]


def look(raw: Path, cache: Path) -> Survey:
    """Look at every file of a raw folder.

    Parameters
    ----------
    cache
        A private place for the index of the image files; it holds patients' data.

    Raises
    ------
    StudyError
        For a folder that is not there or holds nothing.
    """
    if not raw.is_dir():
        raise StudyError(f"{raw.name}: there is no such folder. Name the folder of the raw files.")
    everything = [Path(path) for path, _ in tree.walk(raw)]
    if not everything:
        raise StudyError(f"{raw.name}: the folder is empty. Copy the raw files into it first.")
    found, unread = [], []
    for path in sorted(path for path in everything if path.suffix.lower() in SHEETS):
        try:
            found.append(judge(path, path.relative_to(raw).as_posix()))
        except StudyError as problem:
            unread.append(str(problem))
    folder = _image_folder(raw, [path for path in everything if path.suffix.lower() not in SHEETS])
    images = series.gather(tree.read(raw, raw / folder, cache))[0] if folder is not None else []
    masks = [path.relative_to(raw).as_posix() for path in everything if path.name.lower().endswith(MASKS)]
    return Survey(found, unread, folder, images, len(everything), sorted(masks))


def judge(path: Path, name: str) -> SheetGuess:
    """What one sheet seems to be, by its headers."""
    sheet = sheets.open_sheets(path)[0]
    table = sheets.to_table(sheet, path.name)
    frame = pd.DataFrame(table.rows, columns=table.header, dtype="string").replace("", pd.NA)
    shared = resources.load("sheets/headers.yaml")
    columns = {what: header for what, names in shared.items() if (header := _among(table.header, names))}
    kinds = resources.load("sheets/kinds.yaml")
    guess = SheetGuess(name, "", "no header tells what it is", sheet.encoding, frame, columns)
    if "patient" not in columns:
        guess.why = "no column of patients"
        return guess
    for kind in ("participants", "adverse_events", "exposure", "lesions"):
        if all(_among(table.header, names) for names in kinds[kind]):
            words = ", ".join(str(_among(table.header, names)) for names in kinds[kind])
            guess.kind, guess.why = kind, f"columns {words}"
            return guess
    headings = [heading for heading in Dictionary({}, {}).headings(table.header, ()) if heading is not None]
    items = [header for header in table.header if re.match(kinds["item"], header.strip(), re.IGNORECASE)]
    if headings or {"analyte", "value"} <= columns.keys():
        guess.kind, guess.analytes = "labs", _analytes(guess, headings)
        guess.why = f"a column for each of {len(headings)} analytes" if headings else "columns of test and result"
    elif len(items) >= FEWEST_ITEMS:
        guess.kind, guess.why = "questionnaires", f"{len(items)} columns numbered as items"
    elif _among(table.header, kinds["responses"][0]):
        guess.kind, guess.why = "responses", f"column {_among(table.header, kinds['responses'][0])}"
    return guess


def patients(survey: Survey) -> list[str]:
    """Identifiers of all patients who stand in any sheet or image, sorted."""
    found = {one.patient.strip() for one in survey.series}
    for sheet in survey.sheets:
        if sheet.kind and "patient" in sheet.columns:
            found |= set(sheet.frame[sheet.columns["patient"]].dropna().str.strip())
    return sorted(found - {""})


def participants_table(survey: Survey, pseudonyms: Mapping[str, str]) -> pd.DataFrame:
    """participant_id, patient_id, the dates and the characteristics that a sheet of participants gives (else empty)."""
    kinds = resources.load("sheets/kinds.yaml")
    out = pd.DataFrame({"participant_id": pseudonyms.values(), "patient_id": pseudonyms.keys()}, dtype="string")
    for name in participants.DATES:
        out[name] = pd.Series(pd.NA, index=out.index, dtype="string")
    for sheet in survey.of_kind("participants")[:1]:
        rows = sheet.frame.assign(patient_id=sheet.frame[sheet.columns["patient"]].str.strip()).drop_duplicates(
            "patient_id"
        )
        rows = rows.set_index("patient_id").reindex(out["patient_id"])
        for name, synonyms in kinds["dates"].items():
            if header := _among(sheet.frame.columns, synonyms):
                out[name] = sheets.dates(rows[header]).dt.strftime("%Y-%m-%d").astype("string").to_numpy()
        for header in sheet.frame.columns:
            if _among([header], kinds["characteristics"]):
                out[header] = rows[header].to_numpy()
    return out.sort_values("participant_id", ignore_index=True)


def filled_in(people: pd.DataFrame) -> pd.DataFrame:
    """The participants' sheet as a person has completed it (participants.read), in the form of `participants_table`."""
    out = people.copy()
    for name in participants.DATES:
        out[name] = out[name].dt.strftime("%Y-%m-%d").astype("string")
    return out


def characteristics(survey: Survey) -> list[str]:
    """Columns of the participants' sheet that describe a person without naming one."""
    known = resources.load("sheets/kinds.yaml")["characteristics"]
    return [
        str(header)
        for sheet in survey.of_kind("participants")[:1]
        for header in sheet.frame.columns
        if _among([header], known)
    ]


def visits(survey: Survey, people: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Windows of days that the images and the laboratory's dates suggest; only a baseline where no start is known."""
    windows: dict[str, dict[str, Any]] = {"baseline": {"day": 0, "window": [-28, 0]}}
    days = Counter(day for day in _days(survey, people) if day > 0)
    if not days:
        return windows
    groups: list[list[int]] = [[]]
    for day in sorted(days):
        if groups[-1] and day - groups[-1][-1] > QUIET_DAYS:
            groups.append([])
        groups[-1].append(day)
    for number, group in enumerate(groups):
        middle = sorted(Counter({day: days[day] for day in group}).elements())
        planned = middle[len(middle) // 2]
        first = (groups[number - 1][-1] + group[0]) // 2 + 1 if number else 1
        last = (group[-1] + groups[number + 1][0]) // 2 if number + 1 < len(groups) else group[-1] + QUIET_DAYS
        name = f"month{round(planned / 30.4)}" if planned >= 25 else f"day{planned}"
        windows[name if name not in windows else f"day{planned}"] = {"day": planned, "window": [first, last]}
    return windows


def _days(survey: Survey, people: pd.DataFrame) -> Iterable[int]:
    start = pd.to_datetime(people.set_index("patient_id")["treatment_start"])
    for one in survey.series:
        if one.role == "diffusion" and one.patient.strip() in start.index and one.date:
            moment = pd.to_datetime(one.date, format="%Y%m%d", errors="coerce") - start[one.patient.strip()]
            if pd.notna(moment):
                yield moment.days
    for sheet in survey.of_kind("labs"):
        if "date" in sheet.columns:
            moments = sheets.dates(sheet.frame[sheet.columns["date"]])
            begun = sheet.frame[sheet.columns["patient"]].str.strip().map(start)
            yield from (moments - pd.to_datetime(begun)).dt.days.dropna().astype(int)


def _analytes(guess: SheetGuess, headings: list[Any]) -> list[str]:
    if headings:
        return list(dict.fromkeys(heading.what for heading in headings))
    dictionary = Dictionary({}, {})
    names = guess.frame[guess.columns["analyte"]].dropna().unique()
    found = [match[0].code for name in names if (match := dictionary.candidates(str(name)))]
    return list(dict.fromkeys(found))


def _image_folder(raw: Path, others: list[Path]) -> str | None:
    """The smallest folder that holds every DICOM file, relative to raw; None if there is none."""
    dicom = [path for path in others if _is_dicom(path)]
    if not dicom:
        return None
    folder = dicom[0].parent
    while not all(path.is_relative_to(folder) for path in dicom):
        folder = folder.parent
    return folder.relative_to(raw).as_posix()


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _among(headers: Iterable[Any], names: Iterable[str]) -> str | None:
    by_key = {quantities.key(str(header)): str(header) for header in headers}
    return next((by_key[quantities.key(name)] for name in names if quantities.key(name) in by_key), None)
