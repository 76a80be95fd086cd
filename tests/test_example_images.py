"""The synthetic archive: what its files hold, read back with other programs than those that the workflow reads with."""

import filecmp
import subprocess
import sys
from collections import defaultdict

import numpy as np
import pydicom
import pytest
import yaml
from adcohort import resources
from adcohort import study as description
from adcohort.example import cohort, imaging, imaging_headers, imaging_tree, phantom, regions

COHORT = resources.load("example/cohort.yaml")
FACTS = resources.load("example/imaging.yaml")
SMALL = imaging.smaller(FACTS)
PEOPLE = cohort.draw(COHORT)
TURNS = len(FACTS["turns"])
# the number that holds b in each vendor's files
B_TAGS = {
    "siemens_split": (0x0019, 0x100C),
    "siemens_classic": (0x0019, 0x100C),
    "siemens_mosaic": (0x0019, 0x100C),
    "ge": (0x0043, 0x1039),
    "philips": (0x2001, 0x1003),
    "uih": (0x0065, 0x1009),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The baselines of one participant a scanner, with small images; path, sessions, and each session's DICOM objects."""
    top = tmp_path_factory.mktemp("archive")
    studies = imaging.plan(PEOPLE[:TURNS], SMALL, ["baseline"])
    imaging_tree.write(studies, SMALL, top / "dicom", top / "rois", workers=2)
    found = defaultdict(list)
    for file in sorted(path for path in (top / "dicom").rglob("*") if path.is_file()):
        if file.stat().st_size and file.name not in ("export.log", "DICOMDIR"):
            item = pydicom.dcmread(file)
            found[item.PatientID].append((file, item))
    return top, studies, found


def diffusion(study, found):
    """The session's diffusion images."""
    out = []
    for _, item in found[study.person.patient_id]:
        text = "/".join(item.get("ImageType", []))
        if "PixelData" in item and item.Modality == "MR" and "ADC" not in text and item.SeriesNumber not in (1, 2):
            out.append(item)
    return out


def test_the_plan_is_the_cohort_with_what_a_study_has_to_find():
    studies = imaging.plan(PEOPLE, FACTS)
    visits = {
        (s.person.participant_id, s.name) for s in studies if s.name in ("baseline", "month1", "month3", "month6")
    }
    assert visits == {(person.participant_id, name) for person in PEOPLE for name in person.imaging_days}
    assert sum(s.runs == 2 for s in studies) == FACTS["repeated_baselines"]
    assert sum(len(s.readers) == 2 for s in studies) == FACTS["second_reader_visits"]
    assert [(s.number, s.name) for s in studies if not s.usable] == [
        (COHORT["unusable_scan"]["participant"], COHORT["unusable_scan"]["visit"])
    ]
    assert {s.name for s in studies} - set(COHORT["imaging_visits"]) == {
        "two_in_one_window",
        "outside_every_window",
        "unknown_patient",
    }
    assert {s.scanner["way"] for s in studies} == {*B_TAGS, "enhanced"}
    assert {s.regions for s in studies} == {"seg", "rtstruct", "nifti"}
    by_person = defaultdict(set)
    for s in studies:
        by_person[s.number].add((s.scanner_name, s.b_values))
    changed = {number for number, ways in by_person.items() if len(ways) > 1}
    assert changed == {FACTS["scanner_change"]["participant"], FACTS["b_set_change"]["participant"]}
    assert all(sum(b >= 200 for b in s.b_values) >= 2 for s in studies)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    studies = imaging.plan(cohort.draw(COHORT)[:8], SMALL, ["baseline"])[::3]
    for name, workers in (("one", 1), ("two", 2)):
        imaging_tree.write(studies, SMALL, tmp_path / name / "dicom", tmp_path / name / "rois", workers)
    one, two = (
        {p.relative_to(tmp_path / name): p for p in (tmp_path / name).rglob("*") if p.is_file()}
        for name in ("one", "two")
    )
    assert list(one) and sorted(one) == sorted(two)
    assert all(filecmp.cmp(path, two[name], shallow=False) for name, path in one.items())


@pytest.mark.parametrize("turn", range(TURNS))
def test_each_vendor_stores_its_b_values_in_its_own_way(archive, turn):
    _, studies, found = archive
    study = studies[turn]
    images = diffusion(study, found)
    way, scanner, slices = study.scanner["way"], study.scanner, SMALL["scanners"][study.scanner_name]["slices"]
    stored = 1 + 3 * (len(study.b_values) - 1) if scanner["directions"] == 3 else len(study.b_values)
    if way == "enhanced":
        frames = images[0].PerFrameFunctionalGroupsSequence
        assert len(images) == study.runs and len(frames) == stored * slices
        b_values = {frame.MRDiffusionSequence[0].DiffusionBValue for frame in frames}
    else:
        files = stored * (1 if way == "siemens_mosaic" else slices)
        assert len(images) == study.runs * files
        values = [image[B_TAGS[way]].value for image in images]
        if way == "ge":
            assert all(value[0] >= 1_000_000_000 for value in values if value[0])
            values = [value[0] % 1_000_000_000 for value in values]
        b_values = {float(value) for value in values}
    assert sorted(b_values) == pytest.approx(study.b_values, rel=0.003, abs=1.3)
    assert len({image.SeriesInstanceUID for image in images}) == study.runs * (stored if way == "siemens_split" else 1)


@pytest.mark.parametrize("turn", range(TURNS))
def test_dcm2niix_sees_the_same_volumes(archive, tmp_path, turn):
    program = pytest.importorskip("dcm2niix").bin
    nibabel = pytest.importorskip("nibabel")
    _, studies, found = archive
    study = studies[turn]
    folder = tmp_path / "in"
    folder.mkdir()
    for number, image in enumerate(diffusion(study, found)):
        image.save_as(folder / f"{number}", enforce_file_format=True)
    subprocess.run([program, "-f", "%s", "-o", tmp_path, folder], check=True, capture_output=True)
    volumes = [nibabel.load(path) for path in sorted(tmp_path.glob("*.nii"))]
    assert {volume.shape[:3] for volume in volumes} == {(study.grid.size, study.grid.size, study.grid.slices)}
    assert np.allclose(
        [v.header.get_zooms()[:3] for v in volumes], (study.grid.pixel_mm,) * 2 + (study.grid.spacing_mm,)
    )
    if study.scanner["way"] != "siemens_split":  # dcm2niix does not join series
        b_values = sorted(np.loadtxt(next(tmp_path.glob("*.bval"))))
        expected = [b for b in study.b_values for _ in range(study.scanner["directions"] if b else 1)]
        assert b_values == pytest.approx(expected, rel=0.003, abs=1.3)


def test_headers_name_patients_everywhere(archive):
    top, studies, found = archive
    root = FACTS["uid_root"]
    assert root == imaging_headers.ROOT
    assert found.keys() == {study.person.patient_id for study in studies}
    for study in studies:
        for file, item in found[study.person.patient_id]:
            assert str(item.PatientName).startswith(study.person.name_dicom) or item.Modality == "SEG"
            assert item.PatientBirthDate == study.person.birth_date.strftime("%Y%m%d")
            assert item.StudyDate == study.date
            assert "CANARY" in item.AccessionNumber and "CANARY" in str(item.ReferringPhysicianName)
            assert item.SOPInstanceUID.startswith(root) and item.StudyInstanceUID.startswith(root)
            assert not file.suffix
    names = [path.name for path in (top / "rois").iterdir()]
    assert names and all(name.split("_")[0] in found for name in names)


def test_an_archive_holds_more_than_diffusion_images(archive):
    top, studies, found = archive
    files = [path for path in (top / "dicom").rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in files].count(0) == 1
    assert {"export.log", "DICOMDIR"} < {path.name for path in files}
    uids = [item.SOPInstanceUID for items in found.values() for _, item in items]
    assert len(uids) - len(set(uids)) == 1
    items = [item for each in found.values() for _, item in each]
    assert {item.Modality for item in items} == {"MR", "SEG", "RTSTRUCT", "PR"}
    maps = [item for item in items if "ADC" in item.get("ImageType", [])]
    assert len(maps) == sum(study.grid.slices for study in studies)
    assert any((0x0043, 0x1039) in item for item in maps), "one vendor's ADC map carries a b value"


def test_the_unusable_scan_does_not_decay():
    study = next(study for study in imaging.plan(PEOPLE, SMALL) if not study.usable)
    images = imaging.signals(study, 1, SMALL)
    assert all(np.array_equal(one, images[0][0]) for each in images.values() for one in each)


@pytest.mark.parametrize("number", [1, 2, 4, 6])
def test_lesions_have_the_known_adc_and_size(number):
    study = next(s for s in imaging.plan(PEOPLE, FACTS, ["month3"]) if s.number >= number and s.usable)
    adc = phantom.apparent_diffusion(imaging.signals(study, 1, FACTS)) / 1000
    labels, names = regions.label_map(study, "R1", FACTS)
    truth = {
        row["lesion"]: row
        for row in imaging.truth(PEOPLE, FACTS, ["month3"])
        if row["participant_id"] == study.person.participant_id and row["run"] == 1
    }
    assert {name for name, row in truth.items() if row["drawn"]} == set(names.values())
    voxel = study.grid.pixel_mm**2 * study.grid.spacing_mm / 1000
    for label, name in names.items():
        inside = labels == label
        assert adc[inside].mean() == pytest.approx(truth[name]["scan_adc"], rel=0.03)
        assert inside.sum() * voxel == pytest.approx(truth[name]["volume_ml"], rel=0.25)


def test_regions_are_the_same_in_every_form():
    """Segmentations and structure sets, placed by their own headers, cover the voxels of the label map."""
    from matplotlib.path import Path as Polygon

    studies = [s for s in imaging.plan(PEOPLE, FACTS, ["baseline"]) if s.regions != "nifti" and s.readers][:5]
    assert {s.regions for s in studies} == {"seg", "rtstruct"}
    for study in studies:
        header = imaging_headers.of_study(study, "X")
        drawn = [o for o in imaging_tree.objects(study, header, FACTS) if o.Modality in ("SEG", "RTSTRUCT")]
        assert len(drawn) == len(study.readers)
        grid = study.grid
        steps = np.stack([grid.row * grid.pixel_mm, grid.column * grid.pixel_mm, grid.normal * grid.spacing_mm], axis=1)

        def voxel(points, grid=grid, steps=steps):
            return np.linalg.solve(steps, (np.reshape(points, (-1, 3)).astype(float) - grid.position(0)).T).T

        for item, reader in zip(drawn, study.readers, strict=True):
            labels, names = regions.label_map(study, reader, FACTS)
            found = np.zeros_like(labels)
            if item.Modality == "RTSTRUCT":
                assert item.StructureSetLabel == reader
                y, x = np.mgrid[: grid.size, : grid.size]
                for roi, contours in zip(item.StructureSetROISequence, item.ROIContourSequence, strict=True):
                    for contour in contours.ContourSequence:
                        corners = voxel(contour.ContourData)
                        inside = Polygon(corners[:, :2]).contains_points(np.stack([x.ravel(), y.ravel()], axis=1))
                        found[round(corners[:, 2].mean())][inside.reshape(x.shape)] = int(roi.ROIName[1:])
            else:
                assert item.ContentCreatorName == reader
                name_of = {segment.SegmentNumber: segment.TrackingID for segment in item.SegmentSequence}
                assert set(name_of.values()) == set(names.values())
                shared = item.SharedFunctionalGroupsSequence[0]
                for mask, frame in zip(
                    item.pixel_array.reshape(-1, grid.size, grid.size),
                    item.PerFrameFunctionalGroupsSequence,
                    strict=True,
                ):
                    where = voxel(frame.PlanePositionSequence[0].ImagePositionPatient)[0, 2]
                    group = frame if "SegmentIdentificationSequence" in frame else shared
                    name = name_of[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
                    found[round(where)][mask > 0] = int(name[1:])
            assert (found != labels).sum() <= 2  # a voxel centre on a corner-cut edge


def test_label_maps_lie_on_the_diffusion_grid(archive):
    import SimpleITK as sitk

    top, studies, _ = archive
    for study in studies:
        path = top / "rois" / f"{study.person.patient_id}_{study.date}_R1.nii.gz"
        labels, names = regions.label_map(study, "R1", SMALL)
        assert path.is_file() == (study.regions == "nifti" and bool(names))
        if path.is_file():
            image = sitk.ReadImage(str(path))
            for index in np.argwhere(labels):
                place = study.grid.centres()[tuple(index)]
                assert image[image.TransformPhysicalPointToIndex(place.tolist())] == labels[tuple(index)]


def test_studies_of_any_size_have_a_valid_config(home, tmp_path):
    program = [sys.executable, home / "benchmarks" / "make_scaled_study.py", tmp_path]
    subprocess.run([*program, "--participants", "4", "--small", "--visits", "baseline", "month1"], check=True)
    config = yaml.safe_load((tmp_path / "config.yaml").read_text(encoding="utf-8"))
    checked = description.checked(config, description.schema(home / "config" / "schema"))
    people = cohort.draw(COHORT, participants=checked["example"]["participants"])
    assert 6 <= len(imaging.plan(people, SMALL, checked["example"]["visits"])) <= 8
