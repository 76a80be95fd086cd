"""The shared ground: who and when, tables, files, reasons."""

import os
import stat
from pathlib import Path

import pandas as pd
import pytest
from adcohort import bids, closing, files, participants, resources, tables, visits
from adcohort.errors import StudyError
from adcohort.reasons import Reason
from hypothesis import given
from hypothesis import strategies as st

VISITS = {"baseline": {"day": 0, "window": (-28, 0)}, "month1": {"day": 30, "window": (10, 59)}}


def test_every_reason_is_explained_and_every_explanation_has_its_reason():
    assert set(resources.load("reasons.yaml")) == {str(reason) for reason in Reason}
    assert all(set(words) == {"means", "remedy"} for words in resources.load("reasons.yaml").values())


@given(st.integers(-400, 400))
def test_a_day_has_one_visit_or_a_reason(day):
    visit = visits.visit_of(day, VISITS)
    if visit is None:
        assert visits.without_visit(day, VISITS) in (Reason.OUTSIDE_EVERY_WINDOW, Reason.BASELINE_AFTER_START)
    else:
        first, last = VISITS[visit]["window"]
        assert first <= day <= last


def test_a_record_just_after_treatment_start_says_that_it_is_no_baseline():
    assert visits.visit_of(1, VISITS) is None
    assert visits.without_visit(1, VISITS) == Reason.BASELINE_AFTER_START
    assert visits.without_visit(None, VISITS) == Reason.NO_DATE
    assert visits.without_visit(60, VISITS) == Reason.OUTSIDE_EVERY_WINDOW


def test_overlapping_windows_are_found_in_any_order():
    assert visits.overlapping({"b": {"day": 5, "window": (5, 9)}, "a": {"day": 0, "window": (0, 5)}}) == [("a", "b")]
    assert visits.overlapping(VISITS) == []


def test_a_tie_goes_to_the_earlier_record():
    assert sorted([31, 29], key=lambda day: visits.distance(day, VISITS["month1"])) == [29, 31]


@pytest.mark.parametrize(
    ("name", "safe"),
    [("sub-01", True), ("sub-", False), ("01", False), ("sub-../x", False), ("sub-a b", False), ("sub-é", False)],
)
def test_only_safe_labels_are_pseudonyms(name, safe):
    assert bids.is_participant_id(name) is safe


def people_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "participants.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_reads_participants_and_counts_days(tmp_path):
    path = people_file(
        tmp_path,
        "participant_id,patient_id,treatment_start,last_contact,姓名\nsub-02,008,2020-02-01,2020/3/2,张伟\nsub-01,007,20200110,,李芳\n",
        "gb18030",
    )
    people = participants.read(path)
    assert list(people["participant_id"]) == ["sub-01", "sub-02"]
    records = pd.DataFrame(
        {"patient_id": ["007", "008", "999"], "date": ["2020年1月9日", "2020-02-08 10:30", "2020-01-01"]}
    )
    out = participants.attach(records.astype("string"), people)
    assert out["participant_id"].tolist() == ["sub-01", "sub-02", pd.NA]
    assert out["day"].tolist() == [-1, 7, pd.NA]
    assert participants.days(people)["last_contact"].tolist() == [pd.NA, 30]


def test_every_problem_of_the_participants_is_named_at_once(tmp_path):
    path = people_file(
        tmp_path,
        "participant_id,patient_id,treatment_start\nsub-01,7,2020-01-10\nsub-01,8,2020-01-10\nsub-3,7,soon\n../x,9,2020-01-01\nsub-5,10,\n",
    )
    with pytest.raises(StudyError) as error:
        participants.read(path)
    text = str(error.value)
    for part in (
        "sub-01",
        "no safe label",
        "one patient stands 2 times",
        "one pseudonym stands 2 times",
        "is no date",
        "sub-5",
    ):
        assert part in text, part
    assert text.count("no treatment_start") == 1  # of the empty cell; not of the one that is no date
    assert "soon" not in text  # a cell of a patient's sheet is not repeated


def test_a_missing_column_and_a_missing_file_say_so(tmp_path):
    with pytest.raises(StudyError, match="no column treatment_start"):
        participants.read(people_file(tmp_path, "participant_id,patient_id\nsub-01,7\n"))
    with pytest.raises(StudyError, match="there is no such file"):
        participants.read(tmp_path / "nobody.csv")


def test_a_characteristic_that_is_no_column_is_named_with_those_that_there_are(tmp_path):
    people = participants.read(
        people_file(tmp_path, "participant_id,patient_id,treatment_start,age\nsub-01,7,2020-01-09,50\n")
    )
    with pytest.raises(StudyError, match="has no column sexx; it has age") as error:
        participants.must_have(people, ["age", "sexx"])
    assert people_file(tmp_path, "").name in str(error.value)


def exclusion(**changes):
    return tables.exclusion("labs", Reason.DUPLICATE, participant_id="sub-01", day=3, record="row 7", **changes)


def test_a_table_comes_back_as_it_was_with_its_dictionary_beside_it(tmp_path):
    path = tmp_path / "exclusions.tsv"
    tables.write_exclusions([exclusion(detail="twice"), exclusion(visit="month1")], path)
    back = tables.read(path, "flow", "exclusions")
    assert back["day"].tolist() == [3, 3]
    assert back["visit"].tolist() == [pd.NA, "month1"]
    assert set(tables.data_dictionary("flow", "exclusions")) == set(back.columns)
    assert path.with_suffix(".json").stat().st_mtime_ns <= path.stat().st_mtime_ns


def test_a_column_outside_the_contract_is_a_bug():
    with pytest.raises(ValueError, match="surplus"):
        tables.typed([exclusion() | {"surplus": 1}], "flow", "exclusions")


@given(st.text(max_size=40))
def test_no_text_becomes_a_formula_or_breaks_a_row(text):
    safe = tables.harmless(text)
    assert not any(sign in safe for sign in "\t\n\r")
    if safe.startswith(("=", "+", "-", "@")):
        float(safe)  # a number may begin with its sign


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "table.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.txt"]


def test_a_private_folder_is_its_owners_alone(tmp_path):
    os.umask(0o022)
    assert stat.S_IMODE(files.private_folder(tmp_path / "private/x").stat().st_mode) == 0o700


def test_the_trees_state_sees_size_and_time_and_not_the_place(tmp_path):
    for place in ("one", "two"):
        (tmp_path / place / "dicom").mkdir(parents=True)
        (tmp_path / place / "dicom/a").write_text("1")
        os.utime(tmp_path / place / "dicom/a", ns=(1, 1))
    one, two = tmp_path / "one/dicom", tmp_path / "two/dicom"
    assert files.tree_digest([one]) == files.tree_digest([two])
    os.utime(two / "a", ns=(2, 2))
    assert files.tree_digest([one]) != files.tree_digest([two])
    assert files.tree_digest([tmp_path / "absent"]) == files.tree_digest([tmp_path / "absent"])


def test_what_is_gone_takes_its_files_along(tmp_path):
    for name in ("sub-01", "sub-02"):
        (tmp_path / name / "ses-a").mkdir(parents=True)
    files.keep_only(tmp_path, "sub-*", [tmp_path / "sub-01"])
    assert [path.name for path in tmp_path.iterdir()] == ["sub-01"]


def test_what_killed_programs_left_is_removed(tmp_path):
    (tmp_path / "results/figures").mkdir(parents=True)
    (tmp_path / "results/figures/.part-77-flow.pdf").touch()
    (tmp_path / "results/figures/flow.pdf").touch()
    files.remove_parts(tmp_path / "results", tmp_path / "none")
    assert [path.name for path in (tmp_path / "results").rglob("*.pdf")] == ["flow.pdf"]


def test_the_last_words_name_the_report_and_the_visits_without_usable_images(tmp_path):
    assert closing.words(tmp_path) == ""
    files.write_text(tmp_path / "report/report.html", "")
    files.write_json(tmp_path / "ingest/visits.json", {"visits": [{"participant_id": "sub-01", "visit": "baseline"}]})
    rows = [
        tables.exclusion("ingest", Reason.TRUNCATED, participant_id="sub-01", visit="month1", record="series 4"),
        tables.exclusion("ingest", Reason.ONE_B_VALUE, participant_id="sub-01", visit="month1", record="series 5"),
        tables.exclusion("ingest", Reason.DUPLICATE, participant_id="sub-01", visit="baseline", record="series 2"),
        tables.exclusion("ingest", Reason.ZERO_BYTE, record="file 1"),
    ]
    tables.write_exclusions(rows, tmp_path / "flow/exclusions.tsv")
    said = closing.words(tmp_path)
    assert "report.html" in said
    assert "Imaging visits: 1 used, 1 not: sub-01 month1 (truncated, one b value)." in said
    assert "Not used: 4 records" in said


def test_a_blank_does_not_hide_that_a_patient_stands_twice(tmp_path):
    path = people_file(
        tmp_path, "participant_id,patient_id,treatment_start\nsub-01,007,2020-01-10\nsub-02, 007,2020-01-10\n"
    )
    with pytest.raises(StudyError, match="one patient stands 2 times"):
        participants.read(path)


def test_a_sheet_without_participants_says_so(tmp_path):
    with pytest.raises(StudyError, match="it has no participants"):
        participants.read(people_file(tmp_path, "participant_id,patient_id,treatment_start\n"))


@pytest.mark.parametrize("name", ["patient_id", "death", "姓名", "Birth Date", "seen"])
def test_what_tells_who_somebody_is_is_no_characteristic(tmp_path, name):
    header = "participant_id,patient_id,treatment_start,death,姓名,Birth Date,seen,age"
    people = participants.read(
        people_file(tmp_path, f"{header}\nsub-01,7,2020-01-09,2020-05-01,赵霞,1964,on 25.11.1964,55\n")
    )
    participants.must_have(people, ["age"])
    with pytest.raises(StudyError, match="may tell who a participant is"):
        participants.must_have(people, [name])
    with pytest.raises(StudyError, match="it has age"):
        participants.must_have(people, ["histology"])
