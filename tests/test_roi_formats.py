"""Regions from every drawing tool: the same voxels as were drawn, with names, holes, overlaps and oblique slices."""

import csv
import json

import numpy as np
import pytest
import roi_world as world
from adcohort import nifti
from adcohort.roi import geometry, labelmaps, objects
from adcohort.roi.regions import NotUsable, Voxels

GRID = world.SHAPE[::-1]


def counted(regions, shape=GRID, affine=None):
    affine = world.affine_ras() if affine is None else affine
    return {
        region.label: 0 if region.shape.empty() else geometry.place(region.shape, shape, affine).count
        for region in regions
    }


def placed(region, tilt=0.0):
    """The region on the series' grid as [slice, row, column]."""
    return geometry.place(region.shape, GRID, world.affine_ras(tilt)).whole(GRID).transpose(2, 1, 0)


def test_the_four_drawings_of_the_phantom_hold_the_same_voxels(real_data):
    folder = real_data / "phantom_nist_skyra"
    with (folder / "expected_roi_adc.csv").open() as stream:
        expected = {row["roi"]: int(row["nvox"]) for row in csv.DictReader(stream)}
    labels, affine, _ = nifti.read(folder / "rois/vials_label.nii.gz")
    named = labelmaps.names(folder / "rois/vials_label.json")
    drawings = [
        labelmaps.read_nifti(folder / "rois/vials_label.nii.gz", named=named),
        labelmaps.read_itk(folder / "rois/vials.seg.nrrd"),
        objects.read_structures(folder / "rois/vials_rtstruct.dcm"),
        objects.read_segmentation(folder / "rois/vials_seg.dcm"),
    ]
    assert expected["vial_A_PVP30"] == 260
    for regions in drawings:
        assert counted(regions, labels.shape, affine) == expected


def segmentation(path, masks, kind, tilt=0.0, uids=None):
    import highdicom as hd
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    images = world.series(tilt)
    tissue = codes.SCT.Neoplasm
    described = [
        hd.seg.SegmentDescription(
            number,
            name,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=tissue,
            algorithm_type="MANUAL",
            tracking_uid=(uids or {}).get(name) or generate_uid(),
            tracking_id=name,
        )
        for number, name in enumerate(masks, start=1)
    ]
    stack = np.stack(list(masks.values()), axis=-1)
    if kind == "LABELMAP":
        stack = (stack * np.arange(1, stack.shape[-1] + 1)).max(axis=-1)
    hd.seg.Segmentation(
        images,
        stack.astype(np.uint8) if kind != "FRACTIONAL" else stack.astype(np.float32),
        kind,
        described,
        series_instance_uid=generate_uid(),
        series_number=9,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="X",
        manufacturer_model_name="X",
        software_versions="1",
        device_serial_number="1",
        content_creator_name="Reader^One",
    ).save_as(path)


@pytest.mark.parametrize("tilt", [0.0, 17.0])
def test_binary_segments_may_overlap(tmp_path, tilt):
    masks = {"L1": world.ball((2, 8, 9), 9), "L2": world.ball((3, 10, 13), 9)}
    assert (masks["L1"] & masks["L2"]).any()
    segmentation(tmp_path / "s.dcm", masks, "BINARY", tilt)
    regions = objects.read_segmentation(tmp_path / "s.dcm")
    assert [region.label for region in regions] == ["L1", "L2"]
    for region in regions:
        assert np.array_equal(placed(region, tilt), masks[region.label])


def test_fractions_count_from_one_half(tmp_path):
    share = np.clip(1.2 - np.linalg.norm(np.indices(world.SHAPE).T - [2, 8, 9], axis=-1).T / 5, 0, 1)
    segmentation(tmp_path / "s.dcm", {"L1": share}, "FRACTIONAL")
    (region,) = objects.read_segmentation(tmp_path / "s.dcm")
    stored = np.round(share * 255) / 255
    assert np.array_equal(placed(region), stored >= 0.5)


def test_label_map_segmentation(tmp_path):
    masks = {"L1": world.ball((1, 5, 6), 7), "L2": world.ball((4, 14, 15), 7)}
    segmentation(tmp_path / "s.dcm", masks, "LABELMAP")
    for region in objects.read_segmentation(tmp_path / "s.dcm"):
        assert np.array_equal(placed(region), masks[region.label])


def test_tracking_identifiers_become_codes(tmp_path):
    masks = {"L1": world.ball((2, 8, 9), 9)}
    segmentation(tmp_path / "a.dcm", masks, "BINARY", uids={"L1": "1.2.3.4"})
    segmentation(tmp_path / "b.dcm", masks, "BINARY", uids={"L1": "1.2.3.4"})
    (one,), (two,) = (objects.read_segmentation(tmp_path / name) for name in ("a.dcm", "b.dcm"))
    assert one.tracking == two.tracking != ""
    assert "1.2.3.4" not in one.tracking


def test_a_ring_in_a_ring_is_a_hole_and_two_rings_are_two_parts(tmp_path):
    outer, inner = world.rectangle((2.5, 12.5), (2.5, 12.5), 2), world.rectangle((5.5, 8.5), (5.5, 8.5), 2)
    apart = world.rectangle((14.5, 17.5), (14.5, 18.5), 2)
    world.write_structures(tmp_path / "r.dcm", {"L1": [outer, inner, apart]})
    (region,) = objects.read_structures(tmp_path / "r.dcm")
    expected = np.zeros(world.SHAPE, bool)
    expected[2, 3:13, 3:13] = True
    expected[2, 6:9, 6:9] = False
    expected[2, 15:18, 15:19] = True
    assert np.array_equal(placed(region), expected)


def test_a_keyhole_is_a_hole(tmp_path):
    outer, inner = world.rectangle((2.5, 12.5), (2.5, 12.5), 3), world.rectangle((5.5, 8.5), (5.5, 8.5), 3)
    keyhole = np.vstack([outer, outer[:1], inner, inner[:1]])
    world.write_structures(tmp_path / "r.dcm", {"L1": [keyhole]})
    (region,) = objects.read_structures(tmp_path / "r.dcm")
    assert placed(region).sum() == 10 * 10 - 3 * 3


def test_contours_through_voxel_centres_keep_them(tmp_path):
    world.write_structures(tmp_path / "r.dcm", {"L1": [world.rectangle((3, 8), (4, 9), 1)]})
    (region,) = objects.read_structures(tmp_path / "r.dcm")
    assert placed(region).sum() == 6 * 6


def test_contours_on_oblique_slices(tmp_path):
    rings = [world.rectangle((3.5, 9.5), (4.5, 10.5), index, tilt=23) for index in (1, 2, 3)]
    world.write_structures(tmp_path / "r.dcm", {"L1": rings})
    (region,) = objects.read_structures(tmp_path / "r.dcm")
    expected = np.zeros(world.SHAPE, bool)
    expected[1:4, 4:10, 5:11] = True
    assert np.array_equal(placed(region, tilt=23), expected)
    assert geometry.place(region.shape, GRID, world.affine_ras(23)).geometry == "contours"


def test_a_slice_left_out_stays_out(tmp_path):
    rings = [world.rectangle((3.5, 9.5), (4.5, 10.5), index) for index in (1, 3)]
    world.write_structures(tmp_path / "r.dcm", {"L1": rings})
    (region,) = objects.read_structures(tmp_path / "r.dcm")
    assert sorted(np.flatnonzero(placed(region).any(axis=(1, 2)))) == [1, 3]


def test_a_named_region_without_contours_is_empty(tmp_path):
    world.write_structures(tmp_path / "r.dcm", {"L1": [world.rectangle((3, 8), (4, 9), 1)], "L2": []})
    assert counted(objects.read_structures(tmp_path / "r.dcm"))["L2"] == 0


def test_points_enclose_nothing(tmp_path):
    world.write_structures(tmp_path / "r.dcm", {"L1": [world.rectangle((3, 8), (4, 9), 1)]}, kind="POINT")
    with pytest.raises(NotUsable, match="no closed contour"):
        objects.read_structures(tmp_path / "r.dcm")


def label_map():
    labels = np.zeros(GRID, np.uint8)
    labels[world.ball((2, 8, 9), 9).transpose(2, 1, 0)] = 1
    labels[world.ball((4, 15, 17), 6).transpose(2, 1, 0)] = 3
    return labels


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.json", json.dumps({"1": "L1", "3": "L2", "4": "L3"})),
        ("m.json", json.dumps({"L1": 1, "L2": 3, "L3": 4})),
        ("m.txt", '# ITK-SnAP Label Description File\n 0 0 0 0 0 0 0 "Clear"\n 1 255 0 0 1 1 1 "L1"\n'
                  ' 3 0 255 0 1 1 1 "L2"\n 4 0 0 255 0.5 1 1 "L3"\n'),
        ("m.tsv", "index\tname\n1\tL1\n3\tL2\n4\tL3\n"),
    ],
    ids=["json by number", "json by name", "ITK-SNAP", "BIDS"],
)  # fmt: skip
def test_label_maps_take_their_names_from_the_file_beside_them(tmp_path, name, text):
    labels = label_map()
    nifti.write(tmp_path / "m.nii.gz", labels, world.affine_ras())
    (tmp_path / name).write_text(text)
    beside = labelmaps.name_file(tmp_path / "m.nii.gz")
    found = counted(labelmaps.read_nifti(tmp_path / "m.nii.gz", named=labelmaps.names(beside)))
    assert found == {"L1": (labels == 1).sum(), "L2": (labels == 3).sum(), "L3": 0}


def test_a_mask_takes_the_label_of_its_file_name_and_may_be_empty(tmp_path):
    nifti.write(tmp_path / "m.nii.gz", (label_map() == 1) * np.uint8(255), world.affine_ras())
    nifti.write(tmp_path / "e.nii.gz", np.zeros(GRID, np.uint8), world.affine_ras())
    assert counted(labelmaps.read_nifti(tmp_path / "m.nii.gz", "node")) == {"node": (label_map() == 1).sum()}
    assert counted(labelmaps.read_nifti(tmp_path / "e.nii.gz", "node")) == {"node": 0}
    with pytest.raises(NotUsable, match="names no lesion"):
        labelmaps.read_nifti(tmp_path / "e.nii.gz")


def test_segments_of_3d_slicer_in_layers_may_overlap(tmp_path):
    import SimpleITK as sitk

    one, two = world.ball((2, 8, 9), 9), world.ball((3, 10, 13), 9)
    image = sitk.GetImageFromArray(np.stack([one, two * 2], axis=-1).astype(np.uint8), isVector=True)
    row, column, normal = world.directions(tilt=8)
    image.SetSpacing((world.PIXEL, world.PIXEL, world.SPACING))
    image.SetOrigin(tuple(world.position(0, 8)))
    image.SetDirection(tuple(np.column_stack([row, column, normal]).ravel()))
    for number, (name, value) in enumerate([("L1", 1), ("L2", 2)]):
        image.SetMetaData(f"Segment{number}_Name", name)
        image.SetMetaData(f"Segment{number}_LabelValue", str(value))
        image.SetMetaData(f"Segment{number}_Layer", str(number))
    sitk.WriteImage(image, str(tmp_path / "m.seg.nrrd"))
    found = {region.label: placed(region, tilt=8) for region in labelmaps.read_itk(tmp_path / "m.seg.nrrd")}
    assert np.array_equal(found["L1"], one)
    assert np.array_equal(found["L2"], two)


@pytest.mark.parametrize("name", ["m.nii.gz", "m.nrrd", "m.dcm"])
def test_a_damaged_file_is_a_named_problem(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"not an image" * 50)
    read = {"m.nii.gz": labelmaps.read_nifti, "m.nrrd": labelmaps.read_itk}.get(name, objects.read_structures)
    with pytest.raises(NotUsable) as caught:
        read(path)
    assert caught.value.reason == "unreadable region"
    if name == "m.dcm":
        with pytest.raises(NotUsable):
            objects.read_segmentation(path)


def test_cropping_keeps_every_voxel_where_it_was():
    mask = label_map() == 3
    assert np.array_equal(
        geometry.place(Voxels.cropped(mask, world.affine_ras(12)), GRID, world.affine_ras(12)).whole(GRID), mask
    )
