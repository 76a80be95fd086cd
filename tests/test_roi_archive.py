"""ADC maps and values for the archive: the same numbers read back, the patient's identity, and what dciodvfy says."""

import json
import shutil
import subprocess

import numpy as np
import pydicom
import pytest
import roi_world as world
from adcohort import nifti
from adcohort.roi import archive, measure

STEM = "sub-01_ses-baseline_acq-epi_run-01"
OPTIONS = {
    "drawn_on": "dwi",
    "resample": "nearest",
    "erode": 0,
    "min_voxels": 3,
    "min_usable": 0.5,
    "entropy_bin": 0.05,
    "readers": {},
    "lesion_names": {},
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    images = world.series(tilt=11)
    for number, image in enumerate(images):
        pydicom.dcmwrite(folder / f"i{number}", image, enforce_file_format=True)
    run = {"stem": STEM, "acquisition": "epi", "run": 1, "b_values": [0, 400, 800]}
    run["files"] = [{"path": f"i{slice_}", "frames": [[0, slice_, 0, 1.0, 0.0]]} for slice_ in range(len(images))]
    rng = np.random.default_rng(3)
    adc = rng.normal(1.1e-3, 1e-4, world.SHAPE[::-1]).astype(np.float32)
    adc[0, 0, 0] = np.nan
    nifti.write(folder / f"{STEM}_ADC.nii.gz", adc, world.affine_ras(11))
    labels = np.zeros(world.SHAPE, np.uint8)
    labels[world.ball((2, 8, 9), 9)], labels[world.ball((4, 15, 17), 6)] = 1, 2
    nifti.write(folder / "m.nii.gz", labels.transpose(2, 1, 0), world.affine_ras(11))
    status = {"runs": [{**run, "status": "accepted", "scanner": "X"}]}
    seen = measure.read_images(status, folder)
    entry = {"path": "m.nii.gz", "format": "nifti", "reader": "R1", "session": "", "label": "", "names": None}
    entry |= {
        "hash": measure.files.content_hash(folder / "m.nii.gz"),
        "frame": "unknown",
        "drawn_on": "",
        "record": "m",
    }
    drawn, problems = measure.read_regions(folder, [entry], "sub-01", OPTIONS)
    assert not problems
    measured = measure.measure(drawn, seen, OPTIONS)
    measured["masks"] = measure.write_masks(drawn, seen, measured["masks"], folder / "masks")
    measured = json.loads(json.dumps(measured))
    for name in ("out", "again"):
        fitted = (folder / f"{STEM}_ADC.nii.gz", "wls")
        archive.export_run(folder / name, folder, run, fitted=fitted, measured=measured, masks=folder / "masks")
    return folder, adc, measured["rows"]


def test_the_map_reads_back_to_the_same_numbers_at_the_same_place(exported):
    import highdicom

    folder, adc, _ = exported
    found = highdicom.imread(folder / "out" / f"{STEM}_pm.dcm")
    volume = found.get_volume(apply_real_world_transform=True)
    x, y, z = np.indices(adc.shape).reshape(3, -1)
    points = np.column_stack([x, y, z]) @ world.affine_ras(11)[:3, :3].T + world.affine_ras(11)[:3, 3]
    there = np.column_stack([points * (-1, -1, 1), np.ones(len(points))]) @ np.linalg.inv(volume.affine).T
    index = np.round(there[:, :3]).astype(int)
    assert np.abs(there[:, :3] - index).max() < 1e-3
    back, sent = volume.array[tuple(index.T)].astype(np.float32), adc.ravel()
    assert np.array_equal(back[np.isfinite(sent)], sent[np.isfinite(sent)])
    assert (back[~np.isfinite(sent)] == 0).all()
    header = pydicom.dcmread(folder / "out" / f"{STEM}_pm.dcm")
    assert (header.PatientID, str(header.PatientName)) == ("1", "T^T")
    mapping = header.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "mm2/s"
    said = [
        item.ConceptCodeSequence[0].CodeValue
        for item in mapping.QuantityDefinitionSequence
        if "ConceptCodeSequence" in item
    ]
    assert said == ["113041", "113261"]


def test_the_report_reads_back_to_the_values_of_the_table(exported):
    import highdicom

    folder, _, rows = exported
    report = highdicom.sr.srread(folder / "out" / f"{STEM}_R1_sr.dcm")
    groups = report.content.get_volumetric_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == [row["lesion"] for row in rows]
    for group, row in zip(groups, rows, strict=True):
        adc = group.get_measurements(archive.ADC)
        found = {one.derivation.value: one.value for one in adc}
        for name, derivation in archive.STATISTICS.items():
            assert found[derivation.value] * 1000 == pytest.approx(row[name], rel=1e-8)
        assert {one.unit.value for one in adc} == {"mm2/s"}


def test_the_segmentation_reads_back_to_the_regions(exported):
    from adcohort.roi import geometry, objects

    folder, adc, rows = exported
    regions = objects.read_segmentation(folder / "out" / f"{STEM}_R11_seg.dcm")
    counts = {one.label: geometry.place(one.shape, adc.shape, world.affine_ras(11)).count for one in regions}
    assert counts == {row["lesion"]: row["n_voxels"] for row in rows}


def test_the_same_input_gives_the_same_bytes(exported):
    folder, *_ = exported
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert len(names) == 3
    assert all((folder / "out" / name).read_bytes() == (folder / "again" / name).read_bytes() for name in names)


@pytest.mark.slow
def test_dciodvfy_finds_no_error(exported):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian: apt-get install dicom3tools)")
    for path in sorted((exported[0] / "out").glob("*.dcm")):
        done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
        assert not [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")], path.name
