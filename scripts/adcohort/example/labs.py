"""The example's laboratory sheets: serum markers as one hospital system exports them, immune cells as another does."""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from adcohort.example.cohort import Person

SERUM_HEADER = ["病历号", "姓名", "采样日期", "检验项目", "结果", "单位", "标本类型", "检测方法"]
IMMUNE_HEADER = [
    "MRN",
    "Patient name",
    "Sample date",
    "CD3+ (% of lymphocytes)",
    "CD4+ (% of lymphocytes)",
    "CD8+ (% of lymphocytes)",
    "CD4+/CD8+",
    "Remarks",
]
_FULL_WIDTH = str.maketrans("0123456789.<", "０１２３４５６７８９．＜")
_LONG_AGO = (2020, 1, 1, 0, 0, 0)


def sampling_days(person: Person, facts: dict[str, Any], rng: np.random.Generator) -> dict[str, int]:
    """Day of each visit's sample or form: near the imaging, else near the planned day; some are missed."""
    days = {}
    low, high = facts["days_from_imaging"]
    for visit, planned in facts["visits"].items():
        day = person.imaging_days.get(visit, planned) + int(rng.integers(low, high, endpoint=True))
        missed = rng.uniform(0, 100) < facts["missed_percent"]
        if day <= person.last_contact_day and (visit == "baseline" or not missed):
            days[visit] = min(day, 0) if visit == "baseline" else max(day, 5)
    return days


def serum_rows(people: list[Person], facts: dict[str, Any]) -> list[list[str]]:
    """Rows of the serum sheet (SERUM_HEADER), a row a value, in the order of sampling dates."""
    rows = []
    for number, person in enumerate(people, start=1):
        rng = person.rng("labs")
        days = sampling_days(person, facts, rng)
        level = _levels(facts, number, rng)
        for visit, day in _samples(facts, number, days):
            some = [
                _serum_row(facts, person, code, level[code], rng, number=number, visit=visit, day=day)
                for code in facts["serum"]
            ]
            twice = number in facts["duplicates"] and visit == "month1"
            rows += some + ([list(row) for row in some] if twice else [])
    return sorted(rows, key=lambda row: row[2])


def immune_rows(people: list[Person], facts: dict[str, Any]) -> list[list[Any]]:
    """Rows of the immune sheet (IMMUNE_HEADER), a row a sample; dates and numbers as such."""
    rows: list[list[Any]] = []
    for number, person in enumerate(people, start=1):
        days = sampling_days(person, facts, person.rng("labs"))
        rng = person.rng("immune")
        usual = {code: rng.normal(cell["mean"], cell["between"]) for code, cell in facts["immune"].items()}
        for visit, day in days.items():
            cells = {
                code: round(
                    float(usual[code] + cell["change"] * _progress(day) + rng.normal(0, cell["within"])),
                    1,
                )
                for code, cell in facts["immune"].items()
            }
            ratio = round(cells["CD4"] / cells["CD8"], 2)
            wrong = facts["wrong_ratio"]
            if (number, visit) == (wrong["participant"], wrong["visit"]):
                ratio = wrong["ratio"]
            remark = "haemolysed" if rng.uniform() < 0.02 else None
            rows.append([person.patient_id, person.name, person.date(day), *cells.values(), ratio, remark])
    return sorted(rows, key=lambda row: row[2])


def csv_text(header: list[str], rows: list[list[str]]) -> str:
    """Comma-separated text with Windows line ends, as hospital systems write it."""
    return "".join(",".join(row) + "\r\n" for row in [header, *rows])


def workbook(title: str, sheets: dict[str, list[list[Any]]], header: list[str]) -> bytes:
    """An xlsx file with a title above each sheet's headers; the same bytes for the same content."""
    import openpyxl

    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = dt.datetime(*_LONG_AGO)
    for number, (name, rows) in enumerate(sheets.items()):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = name
        sheet.append([title])
        sheet.append([])
        sheet.append(header)
        for row in rows:
            sheet.append(row)
    raw = io.BytesIO()
    book.save(raw)
    return _without_times(raw)


def _without_times(raw: io.BytesIO) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                start, end = content.index(b"<dcterms:modified"), content.index(b"</dcterms:modified>")
                moment = content.index(b">", start) + 1
                content = content[:moment] + b"2020-01-01T00:00:00Z" + content[end:]
            target.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _progress(day: int) -> float:
    return min(max(day, 0), 180) / 180


def _samples(facts: dict[str, Any], number: int, days: dict[str, int]) -> Iterator[tuple[str, int]]:
    for visit, day in days.items():
        yield visit, day
        if number in facts["second_sample"]["participants"] and visit == "month1":
            yield visit, day + facts["second_sample"]["days_later"]
    if number == facts["late_baseline"]["participant"]:
        yield "late", facts["late_baseline"]["day"]


def _levels(facts: dict[str, Any], number: int, rng: np.random.Generator) -> dict[str, float]:
    """A participant's usual level of each marker before treatment."""
    level = {code: m["median"] * np.exp(rng.normal(0, m["between"])) for code, m in facts["serum"].items()}
    positive = facts["tgab_positive"]
    if number in positive["participants"]:
        level["TGAB"] = positive["median"] * np.exp(rng.normal(0, positive["between"]))
    return level


def _serum_row(
    facts: dict[str, Any],
    person: Person,
    code: str,
    level: float,
    rng: np.random.Generator,
    *,
    number: int,
    visit: str,
    day: int,
) -> list[str]:
    marker, units = facts["serum"][code], facts["units"][code]
    value = level * (1 + marker["change"] / 100 * _progress(day)) * np.exp(rng.normal(0, marker["within"]))
    raised = facts["tsh_raised"]
    if code == "TSH" and number in raised["participants"] and day >= raised["from_day"]:
        value = raised["value"] * np.exp(rng.normal(0, marker["within"]))
    wrong = facts["implausible"]
    if (number, visit, code) == (wrong["participant"], wrong["visit"], wrong["analyte"]):
        value *= wrong["factor"]
    unit = str(rng.choice(list(units)[1:])) if rng.uniform(0, 100) < facts["other_unit_percent"] else next(iter(units))
    text = f"{value * units[unit]:.{marker['decimals'] + (3 if units[unit] < 1 else 0)}f}"
    if value < marker.get("below", 0):
        text = f"<{marker['below'] * units[unit]:g}"
    if rng.uniform(0, 100) < facts["full_width_percent"]:
        text = text.translate(_FULL_WIDTH)
    other = facts["other_assay"]
    switched = number == other["participant"] and visit == other["visit"] and code in other["analytes"]
    assay = other["assay"] if switched else facts["assays"][code]
    date = person.date(day).strftime("%Y/%m/%d")
    return [person.patient_id, person.name, date, marker["name"], text, unit, "血清", assay]
