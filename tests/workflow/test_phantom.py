"""A real study of one visit: the NIST/QIBA diffusion phantom scanned at 3 T; imaging alone, no other stage configured."""

import csv
import shutil
from pathlib import Path

import pandas as pd
import pytest

from workflow import harness

PATIENT, DATE = "10102024$$$10021230", "20241010"
CONFIG = {
    "title": "Diffusion phantom",
    "data": "raw",
    "participants": "participants.csv",
    "visits": {"scan": {"day": 0, "window": [-1, 0]}},
    "ingest": {"dicom": "dicom", "primary": None},
    "adc": {"estimator": "ols", "b_min": None, "b_max": None, "noise_guard": False},
    "roi": {"masks": ["rois/{patient_id}_{date}.nii.gz"]},
}


@pytest.fixture(scope="module")
def study(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's folder after one run of the workflow."""
    source = real_data / "phantom_nist_skyra"
    folder = tmp_path_factory.mktemp("phantom")
    shutil.copytree(source / "dicom", folder / "raw/dicom")
    (folder / "raw/rois").mkdir()
    shutil.copy(source / "rois/vials_label.nii.gz", folder / f"raw/rois/{PATIENT}_{DATE}.nii.gz")
    shutil.copy(source / "rois/vials_label.json", folder / f"raw/rois/{PATIENT}_{DATE}.json")
    (folder / "raw/participants.csv").write_text(
        f"participant_id,patient_id,treatment_start\nsub-01,{PATIENT},2024-10-10\n"
    )
    harness.write_config(folder, CONFIG)
    run = harness.snakemake(folder)
    assert run.status == 0, run.text
    return folder


def expected(real_data: Path) -> dict[str, dict[str, str]]:
    with (real_data / "phantom_nist_skyra/expected_roi_adc.csv").open() as stream:
        return {row["roi"]: row for row in csv.DictReader(stream)}


def test_each_vial_of_both_runs_has_the_known_adc(study, real_data):
    table = pd.read_csv(study / "results/roi/roi.tsv", sep="\t")
    truth = expected(real_data)
    repeated = table.groupby("acquisition").filter(lambda rows: rows["run"].nunique() == 2)
    assert sorted(repeated["run"].unique()) == [1, 2]
    assert len(repeated) == 2 * len(truth)
    for row in repeated.itertuples():
        known = truth[row.lesion]
        assert row.n_voxels == int(known["nvox"]), row.lesion
        assert row.adc_mean * 1e3 == pytest.approx(float(known[f"LLS_rep{row.run}"]), abs=0.5), (row.lesion, row.run)


def test_b_values_are_those_of_the_protocol_and_runs_are_not_merged(study):
    series = pd.read_csv(study / "results/ingest/series.tsv", sep="\t")
    used = series[series["status"] == "accepted"]
    sets = used.groupby(["acquisition", "run"])["b_values"].agg(lambda cells: sorted(map(str, cells)))
    assert len(sets) == 3, "two runs and the RESOLVE run"
    bvals = [
        sorted({round(float(b)) for b in path.read_text().split()})
        for path in sorted(study.glob("results/bids/sub-01/**/*.bval"))
    ]
    assert sorted(bvals) == [[0, 500, 1000, 1500, 2000], [0, 500, 1000, 1500, 2000], [0, 1000]]


def test_vendor_maps_and_anatomy_are_listed_with_their_reason(study):
    series = pd.read_csv(study / "results/ingest/series.tsv", sep="\t")
    refused = series[series["status"] == "ignored"]
    assert sorted(refused["reason"]) == ["not diffusion", "vendor map", "vendor map", "vendor map"]
    assert len(series) == 16


def test_no_other_stage_left_a_trace_and_the_report_is_there(study):
    stages = {path.name for path in (study / "results").iterdir()}
    assert not stages & {"labs", "questionnaires", "adverse_events", "response"}
    assert (study / "results/report/report.html").is_file()


def test_a_second_run_does_nothing(study):
    assert harness.snakemake(study).jobs == set()
