"""Sheets as they come: whatever the encoding, delimiter and layout, the same cells; damage is said, not guessed."""

import datetime as dt
import io

import openpyxl
import pandas as pd
import pytest
from adcohort import sheets
from adcohort.errors import StudyError
from hypothesis import given
from hypothesis import strategies as st

HEADER = ["病历号", "结果", "备注"]
ROWS = [["007", "<0.2", "溶血，重采"], ["008", "1.5", ""]]
CELLS = [HEADER, *ROWS]


def text(delimiter=",", end="\r\n"):
    return "".join(delimiter.join(row) + end for row in CELLS)


def workbook(rows, title=None):
    book = openpyxl.Workbook()
    for row in [*([[title], []] if title else []), *rows]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


DRESSES = {
    "utf8.csv": text().encode(),
    "bom.csv": text().encode("utf-8-sig"),
    "gb.csv": text().encode("gb18030"),
    "utf16.csv": text("\t").encode("utf-16"),
    "utf16-without-mark.txt": text("\t", "\n").encode("utf-16-le"),
    "utf16-big.txt": text(";").encode("utf-16-be"),
    "semicolon.csv": text(";", "\n").encode(),
    "told.csv": b"sep=;\r\n" + text(";").encode(),
    "tabs.tsv": text("\t", "\r").encode("gb18030"),
    "bars.txt": text("|").encode(),
    "titled.csv": ("医院检验科\n\n" + text(end="\n")).encode("gb18030"),
    "book.xlsx": workbook(CELLS),
    "titled.xlsx": workbook(CELLS, "检验科 2018"),
    "named-csv-but-a-book.csv": workbook(CELLS),
}


@pytest.mark.parametrize("name", DRESSES)
def test_the_same_cells_in_every_dress(tmp_path, name):
    (tmp_path / name).write_bytes(DRESSES[name])
    frame = sheets.read(tmp_path / name)
    assert list(frame.columns) == HEADER
    assert frame.astype(object).where(frame.notna(), "").to_numpy().tolist() == ROWS


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.csv", None, "no such file"),
        ("empty.csv", b"", "empty"),
        ("blank.csv", b"\r\n , \r\n", "empty"),
        ("old.xls", b"\xd0\xcf\x11\xe0rest", "Save it as .xlsx"),
        ("broken.xlsx", b"PK\x03\x04rubbish", "damaged"),
        ("wide.csv", b"a,b\n1,2\n1,2,3\n", "row 3 has more cells"),
        ("bytes.csv", b"abc,\x81\x8d\xff\n", "encoding"),
    ],
)
def test_damage_is_told(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=words):
        sheets.read(tmp_path / name)


def test_western_text_is_not_read_as_chinese(tmp_path):
    (tmp_path / "muenster.csv").write_bytes("patient,größe,wert\nMüller,µg/L,5\n".encode("cp1252"))
    sheet = sheets.open_sheets(tmp_path / "muenster.csv")[0]
    assert (sheet.encoding, sheet.rows[1]) == ("cp1252", ["Müller", "µg/L", "5"])


def test_a_formula_that_was_never_calculated_is_no_empty_cell(tmp_path):
    (tmp_path / "formula.xlsx").write_bytes(workbook([["id", "ratio"], ["007", "=1/2"]]))
    with pytest.raises(StudyError, match="formulas without their values"):
        sheets.read(tmp_path / "formula.xlsx")


def test_dates_and_numbers_of_a_workbook(tmp_path):
    (tmp_path / "typed.xlsx").write_bytes(
        workbook([["id", "date", "value"], ["007", dt.datetime(2018, 3, 5), 12.0], ["008", dt.date(2018, 3, 6), 0.1]])
    )
    frame = sheets.read(tmp_path / "typed.xlsx")
    assert frame["value"].tolist() == ["12", "0.1"]
    assert sheets.dates(frame["date"]).dt.strftime("%Y-%m-%d").tolist() == ["2018-03-05", "2018-03-06"]


def test_dates_in_the_usual_forms():
    cells = pd.Series(
        [
            "2020-01-31",
            "2020/1/31 08:30",
            "20200131",
            "２０２０年１月３１日",
            "31.1.2020 8:30",
            "1/2/2020",
            "2020-02-30",
            "",
        ]
    )
    assert sheets.dates(cells).notna().tolist() == [True] * 5 + [False] * 3


def test_rows_keep_their_number_in_the_file(tmp_path):
    (tmp_path / "long.csv").write_bytes(b'title\n\nid,remark\n1,"two\nlines"\n\n2,x\n')
    table = sheets.to_table(sheets.open_sheets(tmp_path / "long.csv")[0], "long.csv")
    assert (table.header_row, table.row_numbers) == (3, [4, 7])


@pytest.mark.parametrize("row", ['"2,x', '2,"x', '"2"nd,x'])
def test_a_quote_that_nobody_closes_does_not_take_the_rows_that_follow_into_its_cell(tmp_path, row):
    (tmp_path / "torn.csv").write_text(f'id,remark\n1,"whole, and quoted"\n{row}\n3,y\n4,"z"\n')
    with pytest.raises(StudyError, match=r"torn.csv: row 3: .* quote"):
        sheets.read(tmp_path / "torn.csv")


def test_settings_win_over_detection(tmp_path):
    (tmp_path / "odd.csv").write_bytes("x;y\n\nid;a,b\n1;2\n".encode("utf-16-le"))
    frame = sheets.read(tmp_path / "odd.csv", encoding="utf-16-le", delimiter=";", header_row=3)
    assert frame.to_dict("records") == [{"id": "1", "a,b": "2"}]


def test_twins_of_real_data_are_the_same(real_data):
    folder = real_data / "clinical/uci_thyroid"
    pd.testing.assert_frame_equal(sheets.read(folder / "Thyroid_Diff.csv"), sheets.read(folder / "Thyroid_Diff.xlsx"))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_sheet_or_a_message(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "any.csv"
    path.write_bytes(content)
    try:
        sheets.read(path)
    except StudyError as problem:
        assert "any.csv" in str(problem)
