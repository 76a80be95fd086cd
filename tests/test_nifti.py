"""NIfTI in and out: nibabel and SimpleITK read what we write, and we read what they write."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from adcohort import nifti
from hypothesis import given, settings
from hypothesis import strategies as st

TYPES = ["u1", "i2", "u2", "i4", "f4", "f8"]
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def turned(angles, sizes, origin, flip):
    """An affine of three turns, voxel sizes, an origin, and a flipped last axis or not."""
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        one, two = [other for other in range(3) if other != axis]
        step = np.eye(3)
        step[one, one] = step[two, two] = np.cos(angle)
        step[one, two], step[two, one] = -np.sin(angle), np.sin(angle)
        turn = turn @ step
    affine = np.eye(4)
    affine[:3, :3] = turn * np.array(sizes) * [1, 1, -1 if flip else 1]
    affine[:3, 3] = origin
    return affine


AFFINES = st.builds(
    turned,
    st.tuples(*[st.floats(-np.pi, np.pi)] * 3),
    st.tuples(*[st.floats(0.3, 8)] * 3),
    st.tuples(*[st.floats(-300, 300)] * 3),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(AFFINES, st.sampled_from(TYPES), st.sampled_from([(3, 4, 5), (3, 1, 1, 2), (1, 1, 1)]), st.booleans())
def test_nibabel_and_simpleitk_read_what_we_write(tmp_path_factory, affine, kind, shape, packed):
    path = tmp_path_factory.mktemp("nifti") / ("image.nii.gz" if packed else "image.nii")
    array = np.random.default_rng(1).integers(0, 200, shape).astype(kind)
    nifti.write(path, array, affine, description="b values 0 800")

    theirs = nibabel.load(path)
    assert theirs.get_data_dtype() == np.dtype(kind)
    np.testing.assert_array_equal(np.asanyarray(theirs.dataobj), array)
    np.testing.assert_allclose(theirs.get_sform(), affine, atol=1e-4)
    np.testing.assert_allclose(theirs.get_qform(), affine, atol=2e-3)

    image = sitk.ReadImage(path)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image).T.reshape(shape), array)
    dims = 3
    direction = np.reshape(image.GetDirection(), (image.GetDimension(),) * 2)[:dims, :dims]
    np.testing.assert_allclose(direction * image.GetSpacing()[:dims], RAS_TO_LPS @ affine[:3, :3], atol=1e-3)

    ours, back, header = nifti.read(path)
    assert ours.dtype == np.dtype(kind)
    assert header.description == "b values 0 800"
    np.testing.assert_array_equal(ours, array)
    np.testing.assert_allclose(back, affine, atol=1e-4)
    assert nifti.read_header(path).shape == shape


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("make", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("form", ["s", "q"])
def test_reads_what_nibabel_writes(tmp_path, order, make, form):
    affine = turned((0.3, -0.2, 1.0), (1.5, 2.0, 5.0), (3, -4, 50), flip=True)
    array = np.arange(24, dtype=order + "i2").reshape(2, 3, 4)
    image = make(array, affine, make.header_class(endianness=order))
    image.set_data_dtype(array.dtype)
    image.set_sform(affine if form == "s" else None, 1 if form == "s" else 0)
    image.set_qform(affine, 1)
    nibabel.save(image, tmp_path / "image.nii.gz")
    ours, back, _ = nifti.read(tmp_path / "image.nii.gz")
    np.testing.assert_array_equal(ours, array)
    np.testing.assert_allclose(back, affine, atol=1e-4)


def test_applies_the_scale_of_the_header(tmp_path):
    image = nibabel.Nifti1Image(np.arange(8, dtype="i2").reshape(2, 2, 2), np.eye(4))
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, tmp_path / "image.nii")
    ours, _, header = nifti.read(tmp_path / "image.nii")
    assert header.slope == 0.5
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, nibabel.load(tmp_path / "image.nii").get_fdata())


def test_same_image_same_bytes_whatever_the_name_and_order(tmp_path):
    array = np.arange(60, dtype="f4").reshape(3, 4, 5)
    nifti.write(tmp_path / "one.nii.gz", array, np.eye(4))
    nifti.write(tmp_path / "two.nii.gz", np.asfortranarray(array), np.eye(4))
    assert (tmp_path / "one.nii.gz").read_bytes() == (tmp_path / "two.nii.gz").read_bytes()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["one.nii.gz", "two.nii.gz"]


def damage(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_refuses_in_words_what_is_no_usable_image(tmp_path):
    nifti.write(tmp_path / "good.nii", np.zeros((3, 3, 3), "f4"), np.eye(4))
    good = (tmp_path / "good.nii").read_bytes()
    packed = gzip.compress(good)
    bad = {
        "not NIfTI": [b"", b"text", b"\0" * 400],
        "ends before": [good[:-1], gzip.compress(good[:-1])],
        "ends too early": [packed[:-20]],
        "damaged": [packed[:40] + b"\xff" * 40 + packed[80:]],
        "not numbers": [good[:70] + b"\x80\0" + good[72:]],
        "single-file": [good[:344] + b"ni1\0" + good[348:]],
        "axes": [good[:40] + b"\x09\0" + good[42:]],
    }
    for words, contents in bad.items():
        for content in contents:
            with pytest.raises(nifti.NotReadable, match=words):
                nifti.read(damage(tmp_path / "bad.nii.gz", content))
    with pytest.raises(ValueError, match="axes"):
        nifti.write(tmp_path / "flat.nii", np.zeros((3, 3), "f4"), np.eye(4))
    with pytest.raises(ValueError, match="number type"):
        nifti.write(tmp_path / "odd.nii", np.zeros((3, 3, 3), "c8"), np.eye(4))


def test_several_gzip_streams_in_a_row_are_one_file(tmp_path):
    nifti.write(tmp_path / "good.nii", np.ones((3, 3, 3), "f4"), np.eye(4))
    good = (tmp_path / "good.nii").read_bytes()
    path = damage(tmp_path / "two.nii.gz", gzip.compress(good[:100]) + gzip.compress(good[100:]))
    assert nifti.read(path)[0].sum() == 27
