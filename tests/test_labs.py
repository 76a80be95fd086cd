"""Laboratory: one value a participant, visit and analyte, the same from every dress of the sheets; no silent error."""

import csv
import datetime as dt
import io
import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from adcohort import participants, records, study, tables
from adcohort.errors import StudyError
from adcohort.labs import harmonise, units
from adcohort.labs.analytes import Dictionary
from adcohort.labs.values import Refused, value_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import harmonise_labs

HOME = Path(__file__).parents[1]
VISITS = {
    "baseline": {"day": 0, "window": [-28, 0]},
    "month1": {"day": 30, "window": [1, 59]},
    "month6": {"day": 180, "window": [135, 240]},
}
PEOPLE = "participant_id,patient_id,treatment_start\nsub-01,0007,2018-03-05\nsub-02,0008,2018-04-01\n"
SCHEMA = study.schema(HOME / "config/schema")["properties"]["labs"]
SPECIMENS = {"VEGF": "serum", "TG": "serum", "TGAB": "serum", "TSH": "serum"} | dict.fromkeys(
    ["CD3", "CD4", "CD8", "CD4_CD8"], "blood"
)
ASSAYS = dict.fromkeys(["VEGF", "TG", "TGAB", "TSH"], "Elecsys") | dict.fromkeys(
    ["CD3", "CD4", "CD8", "CD4_CD8"], "flow cytometry"
)
# patient, date, then a value of each analyte
ANALYTES = ["VEGF", "TG", "TGAB", "TSH", "CD3", "CD4", "CD8", "CD4_CD8"]
UNITS = dict(zip(ANALYTES, ["ng/mL", "ng/mL", "k[IU]/L", "u[IU]/mL", "%", "%", "%", "1"], strict=True))
TABLE = [
    ["0007", dt.date(2018, 3, 1), "0.4516", "60.03", "<10", "0.035", "72", "34.5", "19.8", "1.74"],
    ["0007", dt.date(2018, 4, 2), "0.3", "1234.5", "34.7", "0.04", "70.1", "33", "22.5", "1.47"],
    ["0008", dt.date(2018, 3, 30), "1.02", "<0.2", ">4000", "2.5", "65", "30.2", "25.4", "1.19"],
    ["0008", dt.date(2018, 9, 30), "0.71", "0.31", "120", "31", "", "28.1", "27", "1.04"],
]
FULL_WIDTH = str.maketrans("0123456789.<>", "０１２３４５６７８９．＜＞")


def options(**parts):
    return study.with_defaults({"files": [{"path": "labs.csv"}], **parts}, SCHEMA)


def run(folder, **parts):
    """The program on a folder, as the rule runs it; the bytes of labs.tsv."""
    (folder / "participants.csv").write_text(PEOPLE)
    given_options = {"data": str(folder), "visits": VISITS, "labs": options(**parts)}
    arguments = ["--participants", folder / "participants.csv", "--options", json.dumps(given_options)]
    arguments += [
        "--labs",
        folder / "out/labs.tsv",
        "--private",
        folder / "private",
        "--phenotype",
        folder / "phenotype.tsv",
    ]
    before, sys.argv = sys.argv, ["harmonise_labs", *map(str, arguments)]
    try:
        harmonise_labs.main()
    finally:
        sys.argv = before
    return (folder / "out/labs.tsv").read_bytes()


def values(folder):
    return tables.read(folder / "out/labs.tsv", "labs")


def reasons(folder):
    rows = tables.read(folder / "out/exclusions.tsv", "flow", "exclusions")
    return sorted(zip(rows["decision"], rows["reason"], strict=True))


def long_csv(rows, header="patient_id,date,analyte,value,unit,specimen"):
    return "\n".join([header, *(",".join(row) for row in rows)]) + "\n"


def one_file(folder, rows, header="patient_id,date,analyte,value,unit,specimen", **parts):
    (folder / "labs.csv").write_text(long_csv(rows, header), encoding="utf-8")
    run(folder, **parts)
    return values(folder)


# -- dresses ----------------------------------------------------------------------------------------------------------------

CHINESE = {
    "VEGF": "血管内皮生长因子",
    "TG": "甲状腺球蛋白",
    "TGAB": "抗甲状腺球蛋白抗体（TG-Ab）",
    "TSH": "促甲状腺激素",
    "CD3": "CD3+",
    "CD4": "CD4+",
    "CD8": "CD8+",
    "CD4_CD8": "CD4+/CD8+",
}
CHINESE_UNITS = {"ng/mL": "ng/ml", "k[IU]/L": "KIU/L", "u[IU]/mL": "μIU/ml", "%": "％", "1": "比值"}


def long_rows(names, unit_names, words, value=str, date="{:%Y-%m-%d}"):
    out = []
    for patient, day, *cells in TABLE:
        for code, cell in zip(ANALYTES, cells, strict=True):
            if cell:
                unit = unit_names.get(UNITS[code], UNITS[code])
                specimen = words.get(SPECIMENS[code], SPECIMENS[code])
                out.append(
                    [patient, date.format(day), names.get(code, code), value(cell), unit, specimen, ASSAYS[code]]
                )
    return out


def text_of(rows, delimiter=",", end="\n"):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


ENGLISH_HEADER = ["patient_id", "date", "analyte", "value", "unit", "specimen", "assay"]
CHINESE_HEADER = ["病历号", "采样日期", "检验项目", "结果", "单位", "标本类型", "检测方法"]
WIDE_HEADER = ["MRN", "Sample date", *(f"{code} ({UNITS[code]})" for code in ANALYTES)]
PERCENT = {f"CD{n}": "lymphocytes" for n in (3, 4, 8)}


def plain(folder):
    (folder / "a.csv").write_text(text_of([ENGLISH_HEADER, *long_rows({}, {}, {})]), encoding="utf-8")
    return [{"path": "a.csv", "denominator": PERCENT}]


def with_mark(folder):
    (folder / "a.csv").write_text(text_of([ENGLISH_HEADER, *long_rows({}, {}, {})], end="\r\n"), encoding="utf-8-sig")
    return [{"path": "a.csv", "denominator": PERCENT}]


def chinese(folder):
    rows = long_rows(CHINESE, CHINESE_UNITS, {"serum": "血清", "blood": "全血"}, date="{:%Y/%m/%d}")
    (folder / "a.csv").write_bytes(text_of([CHINESE_HEADER, *rows], end="\r\n").encode("gb18030"))
    return [{"path": "a.csv", "denominator": PERCENT}]


def utf16_tabs(folder):
    rows = long_rows(CHINESE, CHINESE_UNITS, {}, date="{:%Y%m%d}")
    (folder / "a.txt").write_bytes(text_of([["检验科"], CHINESE_HEADER, *rows], delimiter="\t").encode("utf-16"))
    return [{"path": "*.txt", "denominator": PERCENT}]


def decimal_commas(folder):
    rows = long_rows({}, {}, {}, value=lambda cell: cell.replace(".", ","))
    (folder / "a.csv").write_text(text_of([ENGLISH_HEADER, *rows], delimiter=";"), encoding="utf-8")
    return [{"path": "a.csv", "denominator": PERCENT}]


def full_width(folder):
    rows = long_rows(CHINESE, {}, {}, value=lambda cell: cell.translate(FULL_WIDTH))
    (folder / "a.csv").write_bytes(text_of([CHINESE_HEADER, *rows]).encode("gb18030"))
    return [{"path": "a.csv", "denominator": PERCENT}]


def typed(cell):
    return float(cell) if cell[:1].isdigit() else cell or None


def wide_rows():
    return [[patient, day, *map(typed, cells)] for patient, day, *cells in TABLE]


def workbook(folder):
    book = openpyxl.Workbook()
    book.active.append(["Laboratory of the hospital"])
    for row in [ENGLISH_HEADER, *long_rows({}, {}, {}, value=typed)]:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    return [{"path": "a.xlsx", "denominator": PERCENT}]


def workbook_of_sheets(folder):
    book = openpyxl.Workbook()
    book.create_sheet("notes").append(["nothing here"])
    for row in [WIDE_HEADER, *wide_rows()[:2]]:
        book.active.append(row)
    second = book.create_sheet("2019")
    for row in [["later samples"], [], WIDE_HEADER, *wide_rows()[2:]]:
        second.append(row)
    book.save(folder / "a.xlsx")
    sheets = {"sheets": [1, "2019"]}
    return [{"path": "a.xlsx", "specimen": SPECIMENS, "assay": ASSAYS, "denominator": PERCENT} | sheets]


def wide_chinese(folder):
    header = ["住院号", "采样时间", *(f"{CHINESE[c]}（{CHINESE_UNITS.get(UNITS[c], UNITS[c])}）" for c in ANALYTES[:4])]
    header += ["CD3+（%淋巴细胞）", "CD4+（占淋巴细胞）", "CD8+ [% of lymphocytes]", "CD4+/CD8+"]
    rows = [[patient, f"{day:%Y年%m月%d日} 08:30", *cells] for patient, day, *cells in TABLE]
    (folder / "a.csv").write_bytes(text_of([header, *rows], delimiter="\t").encode("gb18030"))
    return [{"path": "a.csv", "specimen": SPECIMENS, "assay": ASSAYS}]


def redcap(folder):
    names = ["vegf_lab", "tg_lab", "tgab", "tsh", "cd3_pct", "cd4_pct", "cd8_pct", "cd4_cd8"]
    header = ["record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "first_name"]
    header += ["date_enrolled", "date_lab", *names, "lab_complete"]
    rows = [["0007", "enrolment_arm_1", "", "", "aaa", "2018-03-01", *[""] * 9, "2"]]
    rows += [
        [patient, "visit_arm_1", "lab", str(n), "", "", f"{day}", *cells, "2"]
        for n, (patient, day, *cells) in enumerate(TABLE, start=1)
    ]
    (folder / "a.csv").write_text(text_of([header, *rows]), encoding="utf-8")
    entry = {"path": "a.csv", "columns": {"date": "date_lab"}, "analytes": {"vegf_lab": "VEGF", "tg_lab": "TG"}}
    return [entry | {"unit": UNITS, "specimen": SPECIMENS, "assay": ASSAYS, "denominator": PERCENT}]


def two_files(folder):
    rows = long_rows({}, {}, {})
    (folder / "labs-1.csv").write_text(text_of([ENGLISH_HEADER, *rows[::2]]), encoding="utf-8")
    (folder / "labs-2.csv").write_text(text_of([ENGLISH_HEADER, *rows[1::2][::-1]]), encoding="utf-8")
    return [{"path": "labs-*.csv", "denominator": PERCENT}]


DRESSES = [with_mark, chinese, utf16_tabs, decimal_commas, full_width, workbook, workbook_of_sheets, wide_chinese]
DRESSES += [redcap, two_files]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    return run(folder, files=plain(folder), tgab_limits={"Elecsys": 115})


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.__name__)
def test_the_same_table_in_every_dress_gives_the_same_bytes(tmp_path, reference, dress):
    assert run(tmp_path, files=dress(tmp_path), tgab_limits={"Elecsys": 115}) == reference


def test_the_reference_itself(reference, tmp_path):
    frame = pd.read_csv(io.BytesIO(reference), sep="\t", dtype=str, keep_default_na=False)
    cells = {(r.participant_id, r.visit, r.analyte): r for r in frame.itertuples()}
    vegf = cells["sub-01", "baseline", "VEGF"]
    assert (vegf.day, vegf.value, vegf.unit, vegf.source_value, vegf.source_unit) == (
        *("-4", "451.6", "pg/mL"),
        *("0.4516", "ng/mL"),
    )
    censored = cells["sub-01", "baseline", "TGAB"]
    assert (censored.value, censored.qualifier, censored.limit, censored.unit) == ("10.0", "<", "10.0", "[IU]/mL")
    assert cells["sub-02", "baseline", "TG"].flag == "tgab positive"  # > 4000 is above the limit
    assert cells["sub-02", "month6", "TG"].flag == "tgab positive; tsh unlike"
    assert cells["sub-02", "month6", "TGAB"].flag == "tgab positive"
    assert float(cells["sub-01", "baseline", "CD4_CD8"].value) == pytest.approx(34.5 / 19.8, rel=1e-11)
    assert ("sub-02", "month6", "CD3") not in cells


def test_what_was_detected_is_reported_and_can_be_overridden(tmp_path):
    entry = chinese(tmp_path)[0]
    run(tmp_path, files=[entry])
    found = tables.read(tmp_path / "out/sources.tsv", "labs").iloc[0]
    assert (found.encoding, found.delimiter, found.layout, found.decimal, found.header_row) == (
        *("gb18030", "comma", "long", "."),
        1,
    )
    assert found["columns"].startswith("1=patient 2=date 3=analyte")
    told = {"encoding": "gb18030", "delimiter": ",", "decimal": ".", "layout": "long", "header_row": 1, "sheets": [1]}
    run(tmp_path, files=[entry | told])
    assert tables.read(tmp_path / "out/sources.tsv", "labs").iloc[0].how.split() == [
        *("encoding", "delimiter", "decimal", "sheets", "header_row", "layout")
    ]


# -- units and kinds of quantity -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("ng/mL", "pg/mL", 1000),
        ("ug/L", "ng/mL", 1),
        ("k[IU]/L", "[IU]/mL", 1),
        ("u[IU]/mL", "m[IU]/L", 1),
        ("10*6/L", "/uL", 1),
        ("%", "1", 0.01),
    ],
)
def test_units_that_convert(source, target, factor):
    assert units.factor(source, target) == factor


@pytest.mark.parametrize("pair", [("[IU]/mL", "ng/mL"), ("[IU]/mL", "U/mL"), ("%", "/uL"), ("mg/dL", "mmol/L")])
def test_units_that_do_not(pair):
    with pytest.raises(units.NotConvertible):
        units.factor(*pair)


def test_a_molar_mass_makes_mass_and_amount_convertible():
    assert units.factor("mg/dL", "mmol/L", 180.156) == pytest.approx(0.0555, rel=1e-3)
    assert units.factor("mmol/L", "mg/dL", 180.156) == pytest.approx(18.0156, rel=1e-9)


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        *(("ng/ml", "ng/mL"), ("μg/L", "ug/L"), ("µg/L", "ug/L"), ("ＩＵ／ｍＬ", "[IU]/mL"), ("KIU/L", "k[IU]/L")),
        *(
            ("×10⁹/L", "10*9/L"),
            ("10^6/L", "10*6/L"),
            ("个/uL", "/uL"),
            ("％", "%"),
            ("umol/L", "umol/L"),
            ("kg", "kg"),
        ),
        *(("furlong per week", None), ("", None)),
    ],
)
def test_spellings_of_units(spelling, code):
    assert units.ucum(spelling, {}) == code


@pytest.mark.parametrize(
    ("own", "units_of_study", "said"),
    [
        ({"VEGF": {"unit": "zonk"}}, {}, "'zonk' is no UCUM unit"),
        ({}, {"foo": "notaunit"}, "labs.units: 'foo' is mapped to 'notaunit'"),
        ({"VEGF": {"plausible": [5, 1]}}, {}, "labs.analytes.VEGF.plausible: 5 is above 1"),
        ({"R": {"unit": "1", "ratio": ["X", "Y"]}}, {}, "labs.analytes.R.ratio: X, Y is no analyte"),
    ],
)
def test_what_the_config_cannot_mean_is_said(own, units_of_study, said):
    with pytest.raises(StudyError, match=said):
        Dictionary(own, units_of_study)


DICTIONARY = Dictionary({}, {})


def record(what="VEGF", text="100", unit="pg/mL", **parts):
    defaults = {"specimen": "serum", "participant_id": "sub-01", "day": 0, "row": 2, "options": options()["files"][0]}
    return records.Record("0007", "2018-03-05", "", what, text, unit=unit, **{**defaults, **parts})


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"what": "haemoglobin"}, "unknown analyte"),
        ({"text": ""}, "no value"),
        ({"text": "haemolysed"}, "unreadable value"),
        ({"text": "1,234"}, "ambiguous number"),
        ({"unit": ""}, "unit missing"),
        ({"unit": "furlong"}, "unit unknown"),
        ({"text": "100 ng/L haemolysed"}, "unit unknown"),
        ({"text": "100 ng/mL"}, "unit unknown"),
        ({"unit": "mmol/L"}, "not convertible"),
        ({"what": "TG-Ab", "unit": "ng/mL"}, "not convertible"),
        ({"specimen": "EDTA plasma"}, "other specimen"),
        ({"specimen": ""}, "specimen unknown"),
        ({"what": "CD4+", "unit": "%", "specimen": "blood", "denominator": "T cells"}, "other denominator"),
        ({"text": "-5"}, "impossible value"),
        ({"what": "CD4", "unit": "%", "text": "134", "specimen": "blood"}, "impossible value"),
        ({"text": "451600"}, "implausible value"),
    ],
)
def test_a_record_that_gives_no_value_says_why(parts, reason):
    with pytest.raises(Refused) as refused:
        value_of(record(**parts), DICTIONARY, options())
    assert refused.value.reason == reason


def test_the_unit_tells_a_count_from_a_percentage():
    assert value_of(record("CD4+", "612", "cells/μL", specimen="全血"), DICTIONARY, options()).analyte.code == "CD4_ABS"
    assert value_of(record("CD4+", "34", "%", specimen="全血"), DICTIONARY, options()).analyte.code == "CD4"


def test_what_the_config_may_allow():
    assumed = value_of(record(unit=""), DICTIONARY, options(unit_missing="assume"))
    assert (assumed.value, assumed.flags) == (100, ["unit assumed"])
    flagged = value_of(record(text="451600"), DICTIONARY, options(implausible="flag"))
    assert (flagged.value, flagged.flags) == (451600, ["implausible"])


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("VEGF", ("VEGF", "", "", "")),
        ("ＶＥＧＦ（ｐｇ／ｍＬ）", ("VEGF", "pg/mL", "", "")),
        ("VEGF, pg/mL", ("VEGF", "pg/mL", "", "")),
        ("TGAB ([IU]/mL)", ("TGAB", "[IU]/mL", "", "")),
        ("CD3+ (% of lymphocytes)", ("CD3", "%", "lymphocytes", "")),
        ("CD4+ (% of CD3+)", ("CD4", "%", "T cells", "")),
        ("vegf_month1", ("VEGF", "", "", "month1")),
        ("抗甲状腺球蛋白抗体（TG-Ab）", ("TGAB", "", "", "")),
        ("VEGF_b", None),
        ("VEGF (mmol/L)", ("VEGF", "mmol/L", "", "")),
        ("VEGF date", None),
        ("VEGF remark", None),
        ("age", None),
    ],
)
def test_headers(header, found):
    heading = DICTIONARY.heading(header, tuple(VISITS))
    assert (tuple(heading) if heading else None) == found


def test_every_name_of_the_dictionary_is_its_analyte_and_no_other_of_its_unit():
    for code, analyte in DICTIONARY.by_code.items():
        for name in (code, analyte.name, analyte.name_zh, *analyte.synonyms):
            same_unit = [a.code for a in DICTIONARY.candidates(name) if a.takes(analyte.unit)]
            assert same_unit == [code], name


# -- choice, duplicates, flags --------------------------------------------------------------------------------------------------


def test_one_value_a_window_and_a_reason_for_every_other_record(tmp_path):
    rows = [
        ["0007", "2018-04-04", "VEGF", "300", "pg/mL", "serum"],  # day 30
        ["0007", "2018-04-04", "VEGF", "0.3", "ng/mL", "serum"],  # the same, in another unit
        ["0007", "2018-04-10", "VEGF", "310", "pg/mL", "serum"],  # further from day 30
        ["0007", "2018-03-01", "VEGF", "400", "pg/mL", "serum"],
        ["0007", "2018-03-01", "VEGF", "410", "pg/mL", "serum"],  # another value of that day
        ["0007", "2018-02-20", "VEGF", "420", "pg/mL", "serum"],  # so this one is the baseline
        ["0007", "2019-04-10", "VEGF", "310", "pg/mL", "serum"],
        ["0007", "", "VEGF", "310", "pg/mL", "serum"],
        ["0099", "2018-04-04", "VEGF", "300", "pg/mL", "serum"],
    ]
    frame = one_file(tmp_path, rows)
    assert dict(zip(frame["visit"], frame["value"], strict=True)) == {"baseline": 420, "month1": 300}
    assert reasons(tmp_path) == [
        ("excluded", "conflicting values"),
        ("excluded", "conflicting values"),
        ("excluded", "duplicate"),
        ("excluded", "no date"),
        ("excluded", "not nearest in window"),
        ("excluded", "outside every window"),
        ("excluded", "unknown participant"),
    ]
    assert one_file(tmp_path, rows, same_day="last").set_index("visit")["value"]["baseline"] == 410
    assert one_file(tmp_path, rows, choose="last").set_index("visit")["value"]["month1"] == 310


def test_a_ratio_is_that_of_its_parts(tmp_path):
    header = "patient_id,date,analyte,value,unit,denominator"
    rows = [
        ["0007", "2018-03-01", "CD4", "30", "%", "lymphocytes"],
        ["0007", "2018-03-01", "CD8", "20", "%", "lymphocytes"],
        ["0007", "2018-03-01", "CD4/CD8", "2.5", "", ""],
        ["0007", "2018-04-04", "CD4", "30", "%", "lymphocytes"],
        ["0007", "2018-04-04", "CD8", "25", "%", "lymphocytes"],
        ["0008", "2018-03-30", "CD4/CD8", "1.1", "", ""],
    ]
    frame = one_file(tmp_path, rows, header).query("analyte == 'CD4_CD8'").set_index(["participant_id", "visit"])
    assert frame["value"].tolist() == [1.5, 1.2, 1.1]
    assert frame["flag"].fillna("").tolist() == ["ratio differs", "computed", ""]
    assert ("flagged", "ratio differs") in reasons(tmp_path)


def thyroid(day, tg="10", tgab="20", tsh="0.05", assay="A"):
    names = zip(("TG", "TGAB", "TSH"), (tg, tgab, tsh), ("ng/mL", "IU/mL", "mIU/L"), strict=True)
    return [["0007", day, name, text, unit, assay] for name, text, unit in names if text]


@pytest.mark.parametrize(
    ("before", "after", "flags"),
    [
        ({}, {}, ["", ""]),
        ({"tgab": "200"}, {"tgab": "150"}, ["tgab positive", "tgab positive"]),
        ({"tgab": ""}, {}, ["tgab unknown", ""]),
        ({}, {"tgab": "<500"}, ["", "tgab unknown"]),
        ({}, {"tsh": "2.1"}, ["", "tsh unlike"]),
        ({"tsh": ""}, {}, ["tsh unknown", "tsh unknown"]),
        ({"tsh": "<0.05"}, {"tsh": "0.09"}, ["", ""]),
        ({}, {"tsh": ">50"}, ["", "tsh unlike"]),
    ],
)
def test_thyroglobulin_is_flagged_by_antibodies_and_tsh(tmp_path, before, after, flags):
    rows = thyroid("2018-03-01", **before) + thyroid("2018-04-04", **after)
    frame = one_file(tmp_path, rows, "patient_id,date,analyte,value,unit,assay", tgab_limits={"A": 115})
    assert frame.query("analyte == 'TG'")["flag"].fillna("").tolist() == flags


def test_no_limit_of_an_assay_is_ever_assumed(tmp_path):
    frame = one_file(tmp_path, thyroid("2018-03-01"), "patient_id,date,analyte,value,unit,assay")
    assert frame.query("analyte == 'TG'")["flag"].tolist() == ["tgab unknown"]


def test_limits_of_assays_that_no_sheet_has_are_refused(tmp_path):
    with pytest.raises(
        StudyError, match="tgab_limits: no value of TG-Ab is of the assay 'Elecsys'; the sheets have 'A'"
    ):
        one_file(
            tmp_path, thyroid("2018-03-01"), "patient_id,date,analyte,value,unit,assay", tgab_limits={"Elecsys": 115}
        )


def test_two_assays_mass_is_flagged_and_international_units_are_refused(tmp_path):
    rows = thyroid("2018-03-01") + thyroid("2018-04-04", assay="B")
    frame = one_file(tmp_path, rows, "patient_id,date,analyte,value,unit,assay", tgab_limits={"A": 115, "B": 4})
    later = frame[frame["visit"] == "month1"].set_index("analyte")["flag"]
    assert list(later.index) == ["TG", "TSH"]
    assert later["TG"] == "assay unlike; tgab unknown"
    assert ("excluded", "other assay") in reasons(tmp_path)


def test_unknown_columns_and_names_are_told_without_their_words(tmp_path):
    (tmp_path / "labs.csv").write_text("MRN,Sample date,VEGF (pg/mL),Zhang San\n0007,2018-03-01,300,x\n")
    run(tmp_path, files=[{"path": "labs.csv", "specimen": "serum"}])
    written = (tmp_path / "out/exclusions.tsv").read_text()
    assert "sheet 1.1, column 4" in written
    assert "Zhang" not in "".join(file.read_text() for file in (tmp_path / "out").iterdir())
    one_file(tmp_path, [["0007", "2018-03-01", "Zhang San", "300", "pg/mL", "serum"]])
    assert "Zhang" not in (tmp_path / "out/exclusions.tsv").read_text()
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700
    assert "Zhang San" in (tmp_path / "private/links.tsv").read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name,result\nx,1\n", "no column for patient"),
        ("MRN,date,height\n7,2018-03-01,1.8\n", "no column is recognised"),
        ("MRN,date,TSH (mIU/L)\n0007,3/1/2018,1.8\n", "none of the dates of sheet 1.1"),
    ],
)
def test_a_sheet_that_cannot_be_used_stops_with_a_remedy(tmp_path, content, words):
    (tmp_path / "labs.csv").write_text(content)
    with pytest.raises(StudyError, match=words):
        run(tmp_path)


def test_a_sheet_of_visits_without_dates(tmp_path):
    (tmp_path / "labs.csv").write_text("record_id,VEGF_baseline,VEGF_month1,tsh after\n0007,300,200,0.05\n")
    entry = {"path": "labs.csv", "specimen": "serum", "unit": {"VEGF": "pg/mL", "TSH": "mIU/L"}}
    run(tmp_path, files=[entry | {"analytes": {"tsh after": "TSH@month6"}}])
    frame = values(tmp_path)
    assert frame[["visit", "analyte", "value"]].to_numpy().tolist() == [
        ["baseline", "VEGF", 300.0],
        ["month1", "VEGF", 200.0],
        ["month6", "TSH", 0.05],
    ]
    assert frame["day"].isna().all()


def test_redcap_events_without_dates(tmp_path):
    header = "record_id,redcap_event_name,vegf\n"
    (tmp_path / "labs.csv").write_text(f"{header}0007,baseline_arm_1,300\n0007,visit_2_arm_1,200\n0007,other_arm_1,1\n")
    entry = {"path": "labs.csv", "specimen": "serum", "unit": "pg/mL", "events": {"visit_2_arm_1": "month1"}}
    run(tmp_path, files=[entry])
    assert values(tmp_path)["visit"].tolist() == ["baseline", "month1"]
    assert ("excluded", "no date") in reasons(tmp_path)


def test_phenotype_has_one_row_a_participant_and_a_dictionary(tmp_path, reference):
    run(tmp_path, files=plain(tmp_path))
    table = pd.read_csv(tmp_path / "phenotype.tsv", sep="\t", dtype=str)
    assert table["participant_id"].tolist() == ["sub-01", "sub-02"]
    described = json.loads((tmp_path / "phenotype.json").read_text())
    assert set(table.columns) - {"participant_id"} == set(described)
    assert table.loc[0, ["TGAB_baseline", "TGAB_baseline_qualifier"]].tolist() == ["10.0", "<"]


def test_trace_shows_file_sheet_and_row(tmp_path):
    run(tmp_path, files=workbook_of_sheets(tmp_path))
    (tmp_path / "results").mkdir()
    (tmp_path / "out").rename(tmp_path / "results/labs")
    (tmp_path / "links").mkdir()
    (tmp_path / "private").rename(tmp_path / "links/labs")
    command = [sys.executable, HOME / "scripts/trace.py", "labs", "sub-02", "month6", "CD4_CD8"]
    command += ["--results", tmp_path / "results", "--private", tmp_path / "links"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "a.xlsx, sheet 2019, row 5, column 10: CD4_CD8 1.04" in done.stdout
    assert "column 8: CD4 28.1" in done.stdout
    command[5] = "NGAL"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("error:")) == (1, 1)


# -- outside truth ---------------------------------------------------------------------------------------------------------------


def test_real_records_of_24_subjects(real_data):
    folder = real_data / "clinical/labs"
    wanted = options(**yaml.safe_load((HOME / "tests/data/cdisc_labs.yaml").read_text()))
    dictionary = Dictionary(wanted["analytes"], wanted["units"])
    words = records.Words(
        "analyte", "value", "analytes", dictionary.by_code, lambda headers: dictionary.headings(headers, ())
    )
    gathered = records.gather(folder, wanted["files"], words)
    with (folder / "sdtm_lb_24_subjects.csv").open(encoding="utf-8", newline="") as stream:
        truth = list(csv.DictReader(stream))
    equal = censored = 0
    for found in gathered.records:
        row = truth[found.row - 2]
        try:
            value = value_of(found, dictionary, wanted)
        except Refused as refused:
            assert (row["LBTESTCD"], refused.reason) == ("COLOR", "unreadable value")
            continue
        standard = row["LBSTRESN"] or row["LBSTRESC"].lstrip("<>")
        assert value.value == pytest.approx(float(standard), rel=1e-9), row["LBTESTCD"]
        assert value.qualifier == row["LBSTRESC"].rstrip("0123456789.")
        equal += 1
        censored += bool(value.qualifier)
    assert (equal, censored) == (5614, 1)


def test_the_dictionary_agrees_with_public_codes_and_units(real_data):
    with (real_data / "clinical/labs/lab_dictionary.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            code = row["key"].removesuffix("_PCT")
            analyte = DICTIONARY.by_code[code]
            assert analyte.loinc == row["loinc"]
            if row["conventional_ucum"] != "{ratio}":
                assert analyte.factor(row["conventional_ucum"]) == 1
                assert analyte.factor(row["si_ucum"]) == pytest.approx(1 / float(row["factor"]))


def test_real_redcap_exports(real_data, tmp_path):
    repeating = (real_data / "clinical/redcap/repeating-instruments/data.csv").read_bytes()
    (tmp_path / "labs.csv").write_bytes(repeating)
    own = {"SBP": {"name": "Systolic blood pressure", "unit": "mm[Hg]"}, "KG": {"unit": "kg"}}
    own |= {"CREAT": {"name": "Creatinine", "unit": "mg/dL"}}
    entry = {"path": "labs.csv", "columns": {"date": "date_bp"}, "analytes": {"bp_systolic": "SBP"}, "unit": "mm[Hg]"}
    wanted = options(files=[entry], analytes=own)
    dictionary = Dictionary(own, {})
    words = records.Words(
        "analyte", "value", "analytes", dictionary.by_code, lambda headers: dictionary.headings(headers, ())
    )
    found = records.gather(tmp_path, wanted["files"], words).records
    assert [(r.patient, r.date, r.text) for r in found] == [
        *(
            ("1", "2019-10-14", "110"),
            ("1", "2019-10-14", "111"),
            ("1", "2019-10-14", "112"),
            ("2", "2004-04-04", "114"),
        )
    ]
    comma = real_data / "clinical/redcap/decimal-comma"
    entry = {"path": "data.csv", "analytes": {"weight": "KG"}, "unit": "kg"}
    found = records.gather(comma, options(files=[entry])["files"], words)
    assert found.reports[0]["decimal"] == ","
    assert [r.text for r in found.records] == ["52,3", "92,3", "123,4", "45,9"]
    entry = {"path": "data.csv", "analytes": {"creat_b": "CREAT"}, "unit": "mg/dL"}
    entry |= {
        "columns": {"date": "date_visit_4"},
        "events": {"enrollment_arm_1": "baseline", "enrollment_arm_2": "baseline"},
    }
    longitudinal = options(files=[entry], analytes=own)["files"]
    some = records.gather(real_data / "clinical/redcap/longitudinal", longitudinal, words).records
    (tmp_path / "participants.csv").write_text("participant_id,patient_id,treatment_start\nsub-100,100,2015-04-10\n")
    records.place(some, participants.read(tmp_path / "participants.csv"), VISITS)
    values_found = [value_of(one, dictionary, options()) for one in some if one.participant_id and one.visit]
    assert {(v.participant_id, v.record.visit, v.value) for v in values_found} == {("sub-100", "baseline", 355.0)}


def test_numbers_that_lost_their_leading_zeros_and_wrong_settings_are_told(tmp_path):
    one_file(tmp_path, [["7", "2018-03-01", "VEGF", "300", "pg/mL", "serum"]])
    assert "leading zeros" in (tmp_path / "out/exclusions.tsv").read_text()
    for parts, words in (
        ({"files": [{"path": "labs.csv", "analytes": {"x": "VEGFX"}}]}, "mapped to 'VEGFX'"),
        ({"files": [{"path": "labs.csv", "events": {"x": "month7"}}]}, "no visit of the study: month7"),
        ({"files": [{"path": "none-*.csv"}]}, "no file fits the pattern"),
        ({"reference": "month7"}, "'month7' is no visit"),
        ({"analytes": {"X": {"nmae": "x"}}}, "labs.analytes.X"),
    ):
        with pytest.raises(StudyError, match=words):
            run(tmp_path, **parts)


# -- properties ------------------------------------------------------------------------------------------------------------------

RECORDS = st.lists(
    st.builds(
        record,
        what=st.sampled_from(["VEGF", "CD4", "CD8", "CD4/CD8", "TGAB", "nobody knows"]),
        text=st.sampled_from(["1", "2", "<2", "30", "450", "99999999", "x", ""]),
        unit=st.sampled_from(["pg/mL", "%", "IU/mL", "", "furlong"]),
        specimen=st.sampled_from(["serum", "blood", "plasma", ""]),
        assay=st.sampled_from(["A", "B", ""]),
        participant_id=st.sampled_from(["sub-01", "sub-02", None]),
        day=st.one_of(st.none(), st.integers(-40, 60)),
        row=st.integers(2, 99),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS)
def test_every_record_is_a_value_or_excluded_with_a_reason_once(some):
    found = harmonise.harmonise(some, DICTIONARY, VISITS, options())
    used = [row for row in found.rows if "computed" not in (row["flag"] or "")]
    excluded = [row for row in found.exclusions if row["decision"] == "excluded"]
    assert len(used) + len(excluded) == len(some)
    assert sorted(
        n.split(" : ")[0] for n in [*(r["record"] for r in used), *(r["record"] for r in excluded)]
    ) == sorted(name for name, _ in found.names)
    cells = [(row["participant_id"], row["visit"], row["analyte"]) for row in found.rows]
    assert len(cells) == len(set(cells))
    assert all(row["reason"] for row in found.exclusions)
    tables.typed(found.rows, "labs", "labs")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(some, chance):
    shuffled = list(some)
    chance.shuffle(shuffled)

    def keep(rows):
        return [{k: v for k, v in row.items() if k != "record"} for row in rows]

    first = harmonise.harmonise(some, DICTIONARY, VISITS, options())
    assert keep(first.rows) == keep(harmonise.harmonise(shuffled, DICTIONARY, VISITS, options()).rows)
