"""The ingest programs as a person runs them: a valid BIDS dataset, private files, and nothing of a patient in what they write."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import dicom_world as world
import pydicom
import pytest
from adcohort.dicom import inventory

SCRIPTS = Path(__file__).parents[1] / "scripts"
BIDS_VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")
OPTIONS = {
    "title": "Study",
    "characteristics": ["sex"],
    "visits": {name: {"day": v["day"], "window": list(v["window"])} for name, v in world.WINDOWS.items()},
    "ingest": {"dicom": "dicom", "primary": None, "volumes": "nii.gz", "visits": {}},
}
CANARY = "CANARYBIRD"
DATES = ("20200109", "19500203", "2020-01-09", "1950-02-03")


def program(name: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, args)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def canaries(out: pydicom.Dataset) -> pydicom.Dataset:
    """Something of the person in every element that may hold it, and in some that should not."""
    for name in (
        "PatientName", "InstitutionName", "InstitutionAddress", "ReferringPhysicianName", "StationName", "OperatorsName",
        "AccessionNumber", "StudyDescription", "SeriesDescription", "ProtocolName", "DeviceSerialNumber", "StudyID",
        "PatientComments", "ImageComments", "RequestedProcedureDescription", "PerformedProcedureStepDescription",
        "OtherPatientIDs", "PatientAddress", "SequenceName", "InstitutionalDepartmentName", "PerformingPhysicianName",
        "CountryOfResidence",
    ):  # fmt: skip
        setattr(
            out,
            name,
            f"{CANARY}{name}"[:16]
            if name in ("AccessionNumber", "StationName", "StudyID", "SequenceName")
            else f"{CANARY} {name}",
        )
    out.PatientID = f"{CANARY}ID"
    out.PatientBirthDate = "19500203"
    return out


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of one patient, run by hand; its folder, and what the programs printed."""
    folder = tmp_path_factory.mktemp("study")
    traces = [world.Volume(b) for b in (0, 400, 800)]
    tree = folder / "data" / "dicom" / f"{CANARY}^WANG"
    world.save(map(canaries, world.classic("siemens public", traces, series=3)), tree)
    world.save(map(canaries, world.classic("siemens public", traces[:1], series=4, clock="110000")), tree)
    cut = world.save(map(canaries, world.classic("siemens public", traces, series=5, day=35)), tree)
    world.save(map(canaries, world.classic("siemens public", traces, series=6, day=32)), tree)
    cut[0].write_bytes(cut[0].read_bytes()[:-9])
    (tree / f"{CANARY}.txt").write_text(CANARY)
    sheet = folder / "data" / "participants.csv"
    sheet.write_text(f"participant_id,patient_id,treatment_start,sex,name\nsub-01,{CANARY}ID,2020-01-10,F,{CANARY}\n")
    said = run(folder, sheet)
    return folder, said


def run(folder: Path, sheet: Path) -> str:
    options = json.dumps(OPTIONS)
    index, results = folder / "private" / "index", folder / "results"
    steps = [
        program(
            "index_dicom",
            folder / "data/dicom",
            "--data",
            folder / "data",
            "--participants",
            sheet,
            "--options",
            options,
            "--index",
            index,
        )
    ]
    names = sorted(path.stem for path in (index / "manifests").glob("*.json"))
    steps += [
        program(
            "convert_dwi",
            index / f"manifests/{name}.json",
            "--data",
            folder / "data",
            "--converted",
            results / "ingest/converted" / name,
        )
        for name in names
    ]
    steps.append(
        program(
            "accept_dwi",
            results / "ingest/converted",
            "--series",
            index / "series.json",
            "--options",
            options,
            "--table",
            results / "ingest/series.tsv",
            "--exclusions",
            results / "ingest/exclusions.tsv",
            "--visits",
            results / "ingest/visits.json",
        )
    )
    steps.append(
        program(
            "write_bids",
            results / "ingest/converted",
            "--visits",
            results / "ingest/visits.json",
            "--participants",
            sheet,
            "--options",
            options,
            "--description",
            results / "bids/dataset_description.json",
        )
    )
    steps.append(
        program(
            "count_inventory",
            "--participants",
            sheet,
            "--series",
            index / "series.json",
            "--options",
            options,
            "--inventory",
            results / "ingest/inventory.tsv",
            "--text",
            results / "ingest/inventory.txt",
        )
    )
    assert [step.returncode for step in steps] == [0] * len(steps), [step.stderr for step in steps]
    return "".join(step.stdout + step.stderr for step in steps)


def test_the_stage_accepts_what_is_whole(study):
    folder, said = study
    assert said == ""
    visits = json.loads((folder / "results/ingest/visits.json").read_text())["visits"]
    assert [(v["participant_id"], v["visit"], v["day"]) for v in visits] == [
        ("sub-01", "baseline", -1),
        ("sub-01", "month1", 32),
    ]
    assert (
        folder / "results/bids/sub-01/ses-month1/dwi/sub-01_ses-month1_acq-epiB0x400x800_run-01_dwi.nii.gz"
    ).is_file()


def test_regions_are_counted_by_visit_reader_and_reason():
    drawn = {"sub-01_ses-baseline": [{"reader": "R1"}, {"reader": "R1"}, {"reader": "R2"}], "sub-01_ses-month1": []}
    lines = inventory.region_lines(drawn, [{"reason": "no images of the visit"}], ["baseline", "month1"])
    assert [(line["item"], line["visit"] or line["reason"], line["n"]) for line in lines] == [
        ("files", None, 3),
        ("files", "no images of the visit", 1),
        ("visits with regions of R1", None, 1),
        ("visits with regions of R2", None, 1),
        ("participants with regions", "baseline", 1),
        ("participants with regions", "month1", 0),
    ]


def test_a_form_of_many_scores_is_one_record():
    kept = [{"participant_id": "sub-01", "visit": "baseline", "record": "sub-01/sf36/day 0/1"}] * 8
    marked = [{"decision": "flagged", "reason": "too few items", "record": "sub-01/sf36/day 0/1"}] * 2
    lines = inventory.rows(["sub-01"], [], ["baseline"], {"questionnaires": (kept, marked)})
    assert [(line["status"], line["n"]) for line in lines if line["item"] == "records"] == [("kept", 1), ("flagged", 1)]


def test_nothing_of_the_patient_is_in_results(study):
    folder, said = study
    uids = {
        element.value
        for path in (folder / "data/dicom").rglob("I*")
        for element in pydicom.dcmread(path, force=True)
        if element.VR == "UI"
    }
    private = [CANARY, *DATES, *(uid for uid in uids if uid.startswith("1.2.826"))]
    for path in (folder / "results").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if path.suffix == ".gz":
            import gzip

            content = gzip.decompress(content)
        for text in private:
            assert text not in path.name and text.encode() not in content, path
    assert not any(text in said for text in private)


def test_what_links_is_private(study):
    folder, _ = study
    assert stat.S_IMODE((folder / "private").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "private/index").stat().st_mode) == 0o700
    for path in (folder / "private").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_dataset_is_valid_bids(study):
    folder, _ = study
    assert_valid(folder / "results/bids")


def assert_valid(dataset: Path) -> None:
    done = subprocess.run([BIDS_VALIDATOR, "--format", "json", dataset], check=False, capture_output=True, text=True)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []


def test_a_visit_that_is_gone_leaves_the_dataset(study, tmp_path):
    folder, _ = study
    dataset = tmp_path / "bids"
    from adcohort.dicom import dataset as bids_dataset

    visits = json.loads((folder / "results/ingest/visits.json").read_text())["visits"]
    converted = folder / "results/ingest/converted"
    bids_dataset.write(dataset, converted, visits, "Study")
    assert len(list(dataset.glob("sub-*/ses-*"))) == 2
    bids_dataset.write(dataset, converted, visits[:1], "Study")
    assert [path.name for path in dataset.glob("sub-*/ses-*")] == ["ses-baseline"]


@pytest.mark.parametrize(("name", "patient", "start"), [
    ("phantom_nist_skyra", "10102024$$$10021230", "2024-10-10"),
    ("brain_siemens_xa30_enhanced", "12343@hucheng", "2022-07-11"),
    ("brain_siemens_d13_mosaic", "crlab", "2018-04-23"),
    ("brain_philips_elition_classic", "Research", "2021-10-05"),
])  # fmt: skip
def test_each_real_set_becomes_a_valid_dataset(real_data, tmp_path, name, patient, start):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dicom").symlink_to(real_data / name / "dicom")
    sheet = tmp_path / "data/participants.csv"
    sheet.write_text(f"participant_id,patient_id,treatment_start,sex\nsub-01,{patient},{start},F\n")
    run(tmp_path, sheet)
    assert_valid(tmp_path / "results/bids")
    assert list((tmp_path / "results/bids").glob("sub-01/ses-baseline/dwi/*.nii.gz"))


def test_a_tree_that_is_not_there_is_named(tmp_path):
    (tmp_path / "participants.csv").write_text("participant_id,patient_id,treatment_start\nsub-01,7,2020-01-10\n")
    done = program(
        "index_dicom",
        tmp_path / "dicm",
        "--data",
        tmp_path,
        "--participants",
        tmp_path / "participants.csv",
        "--options",
        json.dumps(OPTIONS),
        "--index",
        tmp_path / "private/index",
    )
    assert done.returncode == 1
    assert "there is no folder 'dicm'" in done.stderr and "Traceback" not in done.stderr
