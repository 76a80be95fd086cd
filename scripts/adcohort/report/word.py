"""The paper's tables as one Word file, in the style of journals: no vertical lines, notes below."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

from adcohort import files
from adcohort.report import papertables
from adcohort.report.gather import Results
from adcohort.report.imagingtables import adc_response, agreement, repeatability
from adcohort.report.papertables import PaperTable
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)  # the zip format's first: the same tables give the same bytes
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def of_the_paper(results: Results, families: dict[str, str]) -> list[PaperTable]:
    """Every table of the paper that the study has, in its order."""
    made = [papertables.baseline(results), papertables.rates(results), papertables.survival(results)]
    made += [papertables.endpoints(results, family, title) for family, title in families.items()]
    made += [papertables.trend(results, family, title) for family, title in families.items()]
    made += [adc_response(results), repeatability(results), agreement(results), papertables.adverse_events(results)]
    return [table for table in [*made, papertables.sensitivity(results)] if table]


def write(tables: list[PaperTable], title: str, notice: str, path: Path) -> None:
    """Write every table on its own landscape page, numbered in the order given."""
    document = Document()
    _prepare(document)
    document.add_heading(_text(title), level=1)
    if notice:
        document.add_paragraph().add_run(_text(notice)).bold = True
    for number, table in enumerate(tables, start=1):
        if number > 1:
            document.add_page_break()
        _table(document, number, table)
    stream = io.BytesIO()
    document.save(stream)
    _write_stable(stream, path)


def _prepare(document: Any) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = (
        max(section.page_width, section.page_height),
        min(section.page_width, section.page_height),
    )
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Arial", Pt(9)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "SimSun")
    properties = document.core_properties
    properties.author, properties.comments = "adcohort", ""


def _table(document: Any, number: int, table: PaperTable) -> None:
    caption = document.add_paragraph()
    caption.add_run(f"Table {number}. ").bold = True
    caption.add_run(_text(table.title))
    grid = document.add_table(rows=1, cols=len(table.columns))
    for cell, heading in zip(grid.rows[0].cells, table.columns.values(), strict=True):
        _fill(cell, heading, bold=True)
    _repeat_heading(grid.rows[0])
    _line(grid.rows[0], "top", "bottom")
    group = None
    for row in table.rows:
        if row.get("group") and row["group"] != group:
            group = row["group"]
            cells = grid.add_row().cells
            _fill(cells[0].merge(cells[-1]), group, bold=True)
        added = grid.add_row()
        for i, (cell, key) in enumerate(zip(added.cells, table.columns, strict=True)):
            _fill(cell, row.get(key, ""), indent=i == 0 and group is not None)
    _line(grid.rows[-1], "bottom")
    for note in table.notes:
        document.add_paragraph(_text(note)).runs[0].font.size = Pt(8)


def _fill(cell: Any, text: str, *, bold: bool = False, indent: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(1)
    if indent:
        paragraph.paragraph_format.left_indent = Pt(8)
    run = paragraph.add_run(_text(text))
    run.bold, run.font.size = bold, Pt(8)


def _line(row: Any, *sides: str) -> None:
    for cell in row.cells:
        borders = OxmlElement("w:tcBorders")
        for side in sides:
            border = OxmlElement(f"w:{side}")
            for key, value in (("val", "single"), ("sz", "6"), ("color", "333333")):
                border.set(qn(f"w:{key}"), value)
            borders.append(border)
        cell._tc.get_or_add_tcPr().append(borders)


def _repeat_heading(row: Any) -> None:
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _text(text: str) -> str:
    """Text without the signs that XML cannot hold."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(text))


def _write_stable(stream: io.BytesIO, path: Path) -> None:
    """Write the document with fixed times in its archive and its properties."""
    with files.atomic(path) as part, zipfile.ZipFile(stream) as made, zipfile.ZipFile(part, "w") as stable:
        for name in made.namelist():
            content = made.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            stable.writestr(zipfile.ZipInfo(name, FIRST_MOMENT), content, zipfile.ZIP_DEFLATED)
