"""Region files and the visits that they belong to."""

import json

import numpy as np
import pytest
import roi_world as world
from adcohort import nifti
from adcohort.errors import StudyError
from adcohort.roi import find

SCANS = [
    find.Scan("sub-01_ses-baseline", "sub-01", "baseline", -3, "20200101", {"1.1": "diffusion", "1.2": "map"}, {"9.1"}),
    find.Scan("sub-01_ses-month1", "sub-01", "month1", 30, "20200203", {"2.1": "diffusion", "2.3": "image"}, {"9.2"}),
    find.Scan("sub-02_ses-baseline", "sub-02", "baseline", -1, "20200101", {"3.1": "diffusion"}, set()),
]
PEOPLE = {"77_001": "sub-01", "88": "sub-02"}


@pytest.fixture
def data(tmp_path):
    (tmp_path / "rois").mkdir()
    return tmp_path


def mask(data, name):
    path = data / "rois" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nifti.write(path, np.ones((2, 2, 2), np.uint8), world.affine_ras())


def look(data, pattern, objects=()):
    return find.find(data, [pattern], objects, SCANS, PEOPLE)


def test_a_mask_is_tied_by_patient_and_date(data):
    for name in ("77_001_2020-01-01_R1.nii.gz", "77_001_20200203_R2.nii.gz", "88_20200101_R1.nii.gz"):
        mask(data, name)
    (data / "rois/77_001_2020-01-01_R1.json").write_text(json.dumps({"1": "L1"}))
    regions, unused = look(data, "rois/{patient_id}_{date}_{reader}.nii.gz")
    assert not unused
    (one,) = regions["sub-01_ses-baseline"]
    assert (one["reader"], one["tied_by"], one["path"]) == ("R1", "date", "rois/77_001_2020-01-01_R1.nii.gz")
    assert one["names"]["path"] == "rois/77_001_2020-01-01_R1.json"
    assert regions["sub-01_ses-month1"][0]["reader"] == "R2"
    assert len(regions["sub-02_ses-baseline"]) == 1


def test_folders_visits_sessions_and_labels_are_read_from_the_path(data):
    mask(data, "sub-01/month1/R1/2/left node.nii.gz")
    regions, _ = look(data, "rois/{participant_id}/{visit}/{reader}/{session}/{label}.nii.gz")
    (one,) = regions["sub-01_ses-month1"]
    assert (one["reader"], one["session"], one["label"], one["tied_by"]) == ("R1", "2", "left node", "visit")


def test_what_belongs_to_no_scan_says_why_and_names_no_file(data):
    for name in ("77_001_20210101_R1.nii.gz", "99_20200101_R1.nii.gz", "nothing.nii.gz"):
        mask(data, name)
    regions, unused = look(data, "rois/{patient_id}_{date}_{reader}.nii.gz")
    assert not any(regions.values())
    assert sorted(row["reason"] for row in unused) == [
        "name does not fit the pattern",
        "no images of the visit",
        "unknown participant",
    ]
    assert "77_001" not in json.dumps(unused)
    assert "nothing" not in json.dumps(unused)


def test_two_scans_without_a_date_are_not_guessed(data):
    mask(data, "77_001.nii.gz")
    mask(data, "88.nii.gz")
    regions, unused = look(data, "rois/{patient_id}.nii.gz")
    assert regions["sub-02_ses-baseline"][0]["tied_by"] == "participant"
    assert [row["reason"] for row in unused] == ["no images of the visit"]


def test_a_mask_that_comes_changes_nothing_of_another_visit(data):
    mask(data, "88_20200101_R1.nii.gz")
    before, _ = look(data, "rois/{patient_id}_{date}_{reader}.nii.gz")
    mask(data, "77_001_20200101_R1.nii.gz")
    after, _ = look(data, "rois/{patient_id}_{date}_{reader}.nii.gz")
    assert before["sub-02_ses-baseline"] == after["sub-02_ses-baseline"]
    assert [one["record"] for one in after["sub-01_ses-baseline"]] == ["mask file 1"]


def test_a_changed_mask_has_another_hash_and_only_its_visit_changes(data):
    for name in ("77_001_20200101_R1.nii.gz", "88_20200101_R1.nii.gz"):
        mask(data, name)
    pattern = "rois/{patient_id}_{date}*.nii.gz"
    before, _ = look(data, pattern)
    nifti.write(data / "rois/88_20200101_R1.nii.gz", np.zeros((2, 2, 2), np.uint8), world.affine_ras())
    after, _ = look(data, pattern)
    assert before["sub-01_ses-baseline"] == after["sub-01_ses-baseline"]
    assert before["sub-02_ses-baseline"] != after["sub-02_ses-baseline"]


@pytest.mark.parametrize(
    ("refers", "expected"),
    [
        ({"series": ["2.1"]}, ("sub-01_ses-month1", "series", "dwi")),
        ({"series": ["1.2"]}, ("sub-01_ses-baseline", "series", "adc")),
        ({"series": ["2.3"]}, ("sub-01_ses-month1", "series", "anatomical")),
        ({"frames_of_reference": ["9.2"]}, ("sub-01_ses-month1", "frame", "")),
        ({"day": 30}, ("sub-01_ses-month1", "date", "")),
        ({"day": 400}, None),
    ],
)
def test_an_object_is_tied_by_reference_frame_or_date(data, refers, expected):
    (data / "o.dcm").write_bytes(b"x")
    one = {
        "path": "o.dcm",
        "kind": "SEG",
        "participant_id": "sub-01",
        "day": 7,
        "series": [],
        "frames_of_reference": [],
    }
    regions, unused = find.find(data, [], [one | refers], SCANS, PEOPLE)
    if expected is None:
        assert [row["reason"] for row in unused] == ["no images of the visit"]
    else:
        (found,) = regions[expected[0]]
        assert (found["tied_by"], found["drawn_on"]) == expected[1:]


def test_a_reference_to_another_frame_is_told(data):
    (data / "o.dcm").write_bytes(b"x")
    one = {"path": "o.dcm", "kind": "RTSTRUCT", "participant_id": "sub-01", "day": 7}
    regions, _ = find.find(data, [], [one | {"series": ["2.3"], "frames_of_reference": ["9.9"]}], SCANS, PEOPLE)
    assert regions["sub-01_ses-month1"][0]["frame"] == "other"


def test_an_unknown_placeholder_stops_with_the_known_ones(data):
    with pytest.raises(StudyError, match=r"patientid.*\{patient_id\}"):
        look(data, "rois/{patientid}.nii.gz")


def test_a_pattern_that_fits_no_file_is_an_error_and_not_a_lesion_that_was_never_drawn(data):
    mask(data, "77_001_20200101_R1.nii.gz")
    patterns = ["rois/{patient_id}_{date}_{reader}.nii.gz", "ROI/{patient_id}_{date}.nii.gz"]
    with pytest.raises(StudyError, match="fits no file"):
        find.find(data, patterns, (), SCANS, PEOPLE)
