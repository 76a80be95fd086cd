"""The regions of a visit: every trouble has a name, and numbers come only with their circumstances."""

import json
import subprocess
import sys

import numpy as np
import pytest
from adcohort import files, nifti
from adcohort.errors import StudyError
from adcohort.roi import measure, overlays, pictures
from adcohort.roi.regions import Region, Voxels

SHAPE = (20, 18, 8)
AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])
OPTIONS = {
    "drawn_on": "dwi",
    "resample": "nearest",
    "erode": 0,
    "min_voxels": 5,
    "min_usable": 0.5,
    "entropy_bin": 0.05,
    "readers": {},
    "lesion_names": {},
}


def box(x=(4, 9), y=(4, 9), z=(2, 5), affine=AFFINE):
    mask = np.zeros(SHAPE, bool)
    mask[slice(*x), slice(*y), slice(*z)] = True
    return Voxels.cropped(mask, affine)


def image(adc=None, run=1, acquisition="epi"):
    if adc is None:
        adc = np.full(SHAPE, 1.1, np.float32)
    return measure.Image(acquisition, run, f"stem{run}", "A", "0 800", adc, AFFINE)


def drawn(shape, lesion="L1", reader="R1", *, drawn_on="dwi", other_frame=False):
    return measure.Drawn(Region(lesion, shape, "nifti"), lesion, reader, "", drawn_on, other_frame)


def one(shape, adc=None, **more):
    options = OPTIONS | {key: more.pop(key) for key in list(more) if key in OPTIONS and key != "drawn_on"}
    (row,) = measure.measure([drawn(shape, **more)], [image(adc)], options)["rows"]
    return row


def test_values_volume_and_circumstances():
    adc = np.random.default_rng(1).normal(1.2, 0.1, SHAPE).astype(np.float32)
    row = one(box(), adc)
    assert (row["status"], row["geometry"], row["n_voxels"], row["flags"]) == ("measured", "same grid", 75, [])
    assert row["adc_mean"] == pytest.approx(adc[4:9, 4:9, 2:5].mean(dtype=float))
    assert row["volume_ml"] == pytest.approx(75 * 20 / 1000)
    assert row["usable_fraction"] == 1


def test_invalid_voxels_are_left_out_and_told():
    adc = np.full(SHAPE, 1.1, np.float32)
    adc[4, 4:9, 2:5] = np.nan
    row = one(box(), adc)
    assert (row["n_voxels"], row["n_usable"], row["flags"]) == (75, 60, ["touches invalid voxels"])
    assert row["adc_max"] == pytest.approx(1.1)
    adc[4:7] = np.nan
    assert (one(box(), adc)["status"], one(box(), adc)["reason"]) == ("not measurable", "too few usable voxels")
    assert "adc_mean" not in one(box(), adc)


def moved(by):
    affine = AFFINE.copy()
    affine[:3, 3] += by
    return affine


@pytest.mark.parametrize(
    ("shape", "more", "status", "reason"),
    [
        (box(affine=moved((500, 0, 0))), {}, "not measurable", "outside the image"),
        (Voxels(np.ones((1, 1, 1), bool), np.diag([0.1, 0.1, 0.1, 1]) + np.eye(4, k=3) * 11), {}, "not measurable",
         "empty after resampling"),
        (box(), {"other_frame": True}, "not measurable", "other frame of reference"),
        (box((4, 6), (4, 6), (2, 3)), {}, "too small", "too small"),
        (Voxels(np.zeros((0, 0, 0)), AFFINE), {}, "resolved", "lesion resolved"),
        (box(affine=moved((-20, 0, 0))), {}, "not measurable", "outside the image"),
    ],
    ids=["elsewhere", "between voxels", "other frame", "small", "empty", "beside"],
)  # fmt: skip
def test_what_cannot_be_measured_has_a_name_and_no_number(shape, more, status, reason):
    row = one(shape, **more)
    assert (row["status"], row["reason"]) == (status, reason)
    assert not any(key.startswith("adc_") for key in row)


def test_a_region_cut_by_the_field_of_view_is_told():
    row = one(box(affine=moved((-12, 0, 0))))
    assert "partly outside the image" in row["flags"]
    assert row["status"] == "measured"
    assert row["usable_fraction"] == pytest.approx(row["n_voxels"] / 75)
    assert one(box(affine=moved((-12, 0, 0))), min_usable=0.9)["status"] == "not measurable"


def test_what_it_was_drawn_on_follows_the_value():
    ramp = np.broadcast_to(np.arange(SHAPE[0], dtype=np.float32)[:, None, None], SHAPE).copy() + 1
    row = one(box(), ramp, drawn_on="anatomical")
    assert row["flags"] == ["drawn on anatomy"]
    assert (row["adc_shift_low"], row["adc_shift_high"]) == (row["adc_mean"] - 1, row["adc_mean"] + 1)
    assert one(box(), ramp, drawn_on="adc")["flags"] == ["drawn on the ADC map"]


def test_erosion_takes_the_border():
    assert one(box(), erode=1)["n_voxels"] == 27


def test_readers_overlap_on_the_first_run_alone():
    both = [drawn(box()), drawn(box((5, 10)), reader="R2"), drawn(box(), lesion="L2", reader="R2")]
    found = measure.measure(both, [image(), image(run=2)], OPTIONS)
    assert len(found["rows"]) == 6
    (overlap,) = found["overlaps"]
    assert (overlap["reader_a"], overlap["reader_b"], overlap["dice"]) == ("R1", "R2", pytest.approx(0.8))


def test_label_maps_hold_overlapping_regions_in_layers(tmp_path):
    both = [drawn(box()), drawn(box((5, 10)), lesion="L2")]
    found = measure.measure(both, [image()], OPTIONS)
    written = measure.write_masks(both, [image()], found["masks"], tmp_path)
    assert len({item["file"] for item in written}) == 2
    for item, count in zip(written, (75, 75), strict=True):
        labels, _, _ = nifti.read(tmp_path / item["file"])
        assert (labels == item["value"]).sum() == count


def entry(folder, name="m.nii.gz"):
    made = {
        "path": name,
        "format": "nifti",
        "reader": "R1",
        "session": "",
        "label": "",
        "names": None,
        "record": "mask 1",
    }
    return made | {"hash": files.content_hash(folder / name), "frame": "unknown", "drawn_on": ""}


def test_a_file_that_changed_after_the_index_stops_the_job(tmp_path):
    nifti.write(tmp_path / "m.nii.gz", np.ones(SHAPE, np.uint8), AFFINE)
    known = entry(tmp_path)
    nifti.write(tmp_path / "m.nii.gz", np.zeros(SHAPE, np.uint8), AFFINE)
    with pytest.raises(StudyError, match="sub-01: mask 1 changed"):
        measure.read_regions(tmp_path, [known], "sub-01", OPTIONS)


def test_a_damaged_file_is_a_row_and_the_others_are_measured(tmp_path):
    (tmp_path / "bad.nii.gz").write_bytes(b"no")
    nifti.write(tmp_path / "m.nii.gz", np.ones(SHAPE, np.uint8), AFFINE)
    found, problems = measure.read_regions(
        tmp_path, [entry(tmp_path, "bad.nii.gz"), entry(tmp_path)], "sub-01", OPTIONS
    )
    assert [problem["reason"] for problem in problems] == ["unreadable region"]
    assert [region.lesion for region in found] == ["1"]


@pytest.fixture
def visit(tmp_path):
    """Folders of one converted, fitted and drawn visit."""
    stem = "sub-01_ses-baseline_acq-epi_run-01"
    for name in ("converted", "adc", "data"):
        (tmp_path / name).mkdir()
    run = {"acquisition": "epi", "run": 1, "stem": stem, "status": "accepted", "b_values": [0, 800], "scanner": "A"}
    status = {"participant_id": "sub-01", "visit": "baseline", "day": -3, "runs": [run]}
    files.write_json(tmp_path / "converted/status.json", status)
    adc = np.random.default_rng(2).normal(1.2e-3, 1e-4, SHAPE).astype(np.float32)
    nifti.write(tmp_path / "adc" / f"{stem}_ADC.nii.gz", adc, AFFINE)
    signal = np.stack([np.full(SHAPE, 500), np.full(SHAPE, 200)], axis=-1).astype(np.uint16)
    nifti.write(tmp_path / "converted" / f"{stem}_dwi.nii.gz", signal, AFFINE)
    (tmp_path / "converted" / f"{stem}_dwi.bval").write_text("0 800\n")
    mask = np.zeros(SHAPE, np.uint8)
    mask[4:9, 4:9, 2:5] = 1
    nifti.write(tmp_path / "data/m.nii.gz", mask, AFFINE)
    files.write_json(tmp_path / "regions.json", {"regions": [entry(tmp_path / "data")]})
    return tmp_path


def run_script(home, name, *arguments):
    return subprocess.run(
        [sys.executable, home / "scripts" / name, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_programs_run_by_hand_and_write_the_same_bytes_twice(home, visit):
    for name in ("one", "two"):
        done = run_script(
            home, "measure_rois.py", visit / "regions.json", "--data", visit / "data", "--converted", visit / "converted",
            "--adc", visit / "adc", "--options", json.dumps({"roi": OPTIONS}),
            "--values", visit / name / "sub-01_ses-baseline.json", "--masks", visit / name / "masks",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        options = {"title": "synthetic", "visits": {"baseline": {}}}
        regions = {"roi": {"reader": None, "baseline": None, "lesion_names": {}}}
        done = run_script(
            home, "draw_overlays.py", "--measured", visit / name / "sub-01_ses-baseline.json", "--masks",
            visit / name / "masks", "--converted", visit / "converted", "--adc", visit / "adc", "--options",
            json.dumps(options), "--regions", json.dumps(regions),
            "--page", visit / name / "page.png", "--visits", visit / name / "visits",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    written = sorted(path.relative_to(visit / "one") for path in (visit / "one").rglob("*") if path.is_file())
    assert len(written) == 4
    assert all((visit / "one" / path).read_bytes() == (visit / "two" / path).read_bytes() for path in written)
    row = json.loads((visit / "one/sub-01_ses-baseline.json").read_text())["rows"][0]
    assert (row["n_voxels"], row["status"]) == (75, "measured")


def test_a_picture_has_the_patients_right_on_its_left_and_the_outline_on_the_lesion():
    adc = np.full(SHAPE, 0.5, np.float32)
    adc[:3] = 2.5
    for affine, flip in ((AFFINE, False), (np.diag([-2.0, 2.0, 5.0, 1.0]), True)):
        volume = pictures.upright(adc, affine)
        # bright where x in RAS is lowest, so at the patient's left, unless the axis runs the other way
        bright_last = volume.values[-1].mean() > volume.values[0].mean()
        assert bright_last is not flip
    mask = np.zeros(SHAPE, bool)
    mask[8:12, 8:12, 3:5] = True
    centre, width = pictures.window([mask], volume.sizes)
    shown = np.asarray(
        pictures.panel(
            volume, 0, centre=centre, width_mm=width, scale=(0, 2.5), outlines=[pictures.Outline(mask, "#ff4d00")]
        )
    )
    where = np.argwhere((shown == (255, 77, 0)).all(axis=-1))
    assert np.abs(where.mean(axis=0) - (pictures.PANEL - 1) / 2).max() < 2
    assert np.ptp(where[:, 0]) + 1 == pytest.approx(4 * 2.0 / width * pictures.PANEL, abs=2)


def test_a_visit_without_regions_or_scan_still_has_its_picture(tmp_path, visit):
    files.write_json(visit / "v.json", {"visit": "month1", "day": 30, "rows": [], "masks": []})
    (visit / "none").mkdir()
    for adc in (visit / "adc", visit / "none"):
        seen = overlays.read_visit(visit / "v.json", visit / "none", visit / "converted", adc, None)
        overlays.draw_visit(seen, "sub-01", "synthetic", tmp_path / "v.png")
        overlays.draw_page([seen], [], baseline="baseline", participant="sub-01", title="", path=tmp_path / "p.png")
        assert (tmp_path / "v.png").stat().st_size > 1000
