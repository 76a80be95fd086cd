"""The flow of participants and visits: any subset of stages, nobody counted twice, gaps between modalities."""

import pandas as pd
import pytest
from adcohort import flow, participants, tables
from adcohort.reasons import Reason

VISITS = {"baseline": {"day": 0, "window": [-28, 0]}, "month1": {"day": 30, "window": [1, 59]},
          "month6": {"day": 180, "window": [135, 240]}}  # fmt: skip


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "participants.csv"
    path.write_text(
        "participant_id,patient_id,treatment_start,last_contact,death\n"
        "sub-01,A,2020-01-01,2020-12-01,\nsub-02,B,2020-01-01,2020-02-01,2020-02-05\nsub-03,C,2020-01-01,,\n"
    )
    return participants.read(path)


def records(*rows):
    frame = pd.DataFrame(rows, columns=["participant_id", "visit", "day"]).astype(
        {"participant_id": "string", "visit": "string"}
    )
    return frame.astype({"day": "Int64"})


NONE = tables.typed([], "flow", "exclusions")
LABS = records(
    ("sub-01", "baseline", -3), ("sub-01", "baseline", -9), ("sub-01", "month1", 31), ("sub-02", "baseline", 0)
)
ROI = records(("sub-01", "baseline", -7), ("sub-01", "month1", 28), ("sub-03", "month6", 190))


def windows(*stages):
    return dict.fromkeys((*stages, "participants"), VISITS)


def test_counts_who_could_come_who_came_and_who_had_left(people):
    rows = flow.count(people, {"labs": LABS, "roi": ROI}, NONE, windows("labs", "roi"))
    by = {(row["modality"], row["visit"]): row for row in rows}
    assert by["labs", None]["with_record"] == 2
    assert by["labs", None]["records"] == 4
    last = by["roi", "month6"]
    assert (last["expected"], last["with_record"], last["missing"], last["left"]) == (2, 1, 1, 1)
    assert (by["participants", "month6"]["with_record"], by["participants", None]["with_record"]) == (1, 3)
    for row in rows:
        assert row["left"] + row["expected"] == row["participants"] == 3


def test_exclusions_are_counted_by_stage_and_visit(people):
    noted = tables.typed(
        [tables.exclusion("labs", Reason.IMPLAUSIBLE, participant_id="sub-01", visit="month1", day=31),
         tables.exclusion("labs", Reason.UNKNOWN_PARTICIPANT), tables.exclusion("roi", Reason.DUPLICATE)],
        "flow", "exclusions",
    )  # fmt: skip
    rows = flow.count(people, {"labs": LABS, "roi": ROI}, noted, windows("labs", "roi"))
    by = {(row["modality"], row["visit"]): row["excluded"] for row in rows}
    assert (by["participants", None], by["labs", None], by["labs", "month1"], by["roi", None], by["roi", "month1"]) == (
        3,
        2,
        1,
        1,
        0,
    )


def test_runs_with_any_subset_of_stages(people):
    assert [row["modality"] for row in flow.count(people, {}, NONE, windows())] == ["participants"] * 4
    empty = records()
    for stages in ({}, {"ingest": empty}, {"labs": LABS}, {"ingest": ROI, "adc": ROI, "roi": empty}):
        rows = flow.count(people, stages, NONE, windows(*stages))
        assert {row["modality"] for row in rows} == {"participants", *stages}
        assert flow.summary(flow.gaps(stages, windows(*stages)), VISITS) == []


def test_gaps_are_between_the_records_nearest_to_the_visits_day_and_imaging_counts_once():
    found = flow.gaps(
        {"ingest": ROI, "roi": ROI, "labs": LABS, "adverse_events": LABS},
        windows("ingest", "roi", "labs", "adverse_events"),
    )
    assert [(row["visit"], row["modality"], row["day"], row["other"], row["gap_days"]) for row in found] == [
        ("baseline", "roi", -7, "labs", 4),
        ("month1", "roi", 28, "labs", 3),
    ]
    assert flow.summary(found, VISITS)[0] == {
        "visit": "baseline", "modality": "roi", "other": "labs", "n": 1, "median_days": 4.0, "largest_days": 4,
    }  # fmt: skip


def test_gaps_take_the_scan_where_no_region_was_measured():
    found = flow.gaps({"adc": ROI, "roi": records(), "labs": LABS}, windows("adc", "roi", "labs"))
    assert {row["modality"] for row in found} == {"adc"}
    assert [row["visit"] for row in flow.summary([*found[::-1]], VISITS)] == ["baseline", "month1"]


def test_without_any_last_contact_nobody_is_said_to_have_left(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("participant_id,patient_id,treatment_start\nsub-01,A,2020-01-01\n")
    rows = flow.count(participants.read(path), {"labs": LABS}, NONE, windows("labs"))
    assert {row["left"] for row in rows} == {None}
    assert rows[-1]["missing"] == 1


def test_only_records_that_are_used_are_read(tmp_path):
    path = tmp_path / "series.tsv"
    path.write_text(
        "series\tparticipant_id\tvisit\tday\trole\tstatus\n1\tsub-01\tbaseline\t-3\tdiffusion\taccepted\n"
        "2\tsub-01\tbaseline\t-3\tdiffusion\texcluded\n3\t\t\t\tdiffusion\taccepted\n4\tsub-01\tbaseline\t-3\tmap\tignored\n"
    )
    assert flow.read(path, "ingest").to_dict("records") == [
        {"participant_id": "sub-01", "visit": "baseline", "day": -3}
    ]


def test_dated_modalities_alone_have_no_missing_visits(people):
    rows = flow.count(people, {"response": LABS}, NONE, windows("response"))
    by = {(row["modality"], row["visit"]): row for row in rows}
    assert set(by) == {("participants", None), *(("participants", visit) for visit in VISITS), ("response", None)}
    assert by["participants", "month1"]["missing"] is None
    assert by["participants", "month6"]["left"] == 1
    assert by["response", None]["with_record"] == 2
