"""The fast reader gives pydicom's answers on every file, or leaves the file to pydicom; no bytes make either of them fall."""

import io
import json
from functools import cache
from pathlib import Path

import dicom_world as world
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from adcohort.dicom import fast_reader, instances, pixels, pydicom_reader
from adcohort.reasons import Reason
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

VOLUMES = [world.Volume(0), world.Volume(800, (0.0, 0.6, 0.8))]


def content(dataset: Dataset, **options) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True, **options)
    return stream.getvalue()


def said(instance: instances.Instance) -> dict:
    """What an instance says, without the place of its pixels, which only the fast reader knows."""
    out = instance.as_json()
    out["head"] = {name: value for name, value in out["head"].items() if name != "start"}
    return out


def agree(data: bytes) -> bool:
    """Both readers say the same; returns whether the fast one read the file."""
    try:
        elements, syntax = fast_reader.read(data)
    except fast_reader.Unknown:
        return False
    assert said(instances.read(data)) == said(instances.read_with_pydicom(data))
    reference, other, _ = pydicom_reader.read(data)
    assert syntax == other
    for tag in elements.found:
        if tag not in fast_reader.PIXELS and elements.found[tag][0] != b"SQ":
            assert elements.raw(tag) == reference.raw(tag)
    return True


FILES = [
    lambda kind=kind: next(iter(world.classic(kind, VOLUMES, geometry=world.Geometry("oblique"))))
    for kind in world.CLASSIC
] + [
    lambda: next(iter(world.mosaic(VOLUMES))),
    lambda: next(iter(world.vframe(VOLUMES))),
    lambda: next(iter(world.enhanced(VOLUMES))),
]


@pytest.mark.parametrize("number", range(len(FILES)))
def test_readers_agree_on_generated_files(number):
    assert agree(content(FILES[number]()))


def test_readers_agree_on_real_files(real_data):
    """Every seventh file of the real sets; all of them in the slow tests."""
    check_real_files(real_data, step=7)


@pytest.mark.slow
def test_readers_agree_on_all_real_files(real_data):
    check_real_files(real_data, step=1)


def check_real_files(real_data, step):
    contents = [path.read_bytes() for path in sorted(real_data.glob("[bp]*/*/**/*"))[::step] if path.is_file()]
    fast = sum(map(agree, contents))
    assert fast >= 0.95 * sum(data[128:132] == b"DICM" for data in contents) > 0


TEXT = st.text(st.characters(codec="ascii", exclude_characters="\\", exclude_categories=("C",)), max_size=12)
EVEN = st.binary(max_size=20).map(lambda v: v + b"\0" * (len(v) % 2))
VALUES = {
    "LO": TEXT,
    "SH": TEXT,
    "LT": TEXT,
    "CS": st.sampled_from(["A", "B_1", ""]),
    "DS": st.floats(-1e6, 1e6, width=32).map(lambda v: f"{v:.6g}"),
    "IS": st.integers(-99999, 99999).map(str),
    "FD": st.floats(allow_nan=False),
    "FL": st.floats(allow_nan=False, width=32),
    "US": st.integers(0, 65535),
    "SS": st.integers(-32768, 32767),
    "UL": st.integers(0, 2**32 - 1),
    "OB": EVEN,
    "UN": EVEN,
    "UI": st.just("1.2.3"),
    "DA": st.just("20200101"),
}
TAGS = st.tuples(st.sampled_from([0x0019, 0x0021, 0x0043, 0x2001, 0x2005, 0x0029]), st.integers(0x1001, 0x10FF)).map(
    lambda t: t[0] << 16 | t[1]
)


@st.composite
def datasets(draw, depth=0):
    out = Dataset()
    for tag in draw(st.lists(TAGS, max_size=8, unique=True)):
        if depth < 2 and draw(st.integers(0, 5)) == 0:
            items = Sequence(draw(st.lists(datasets(depth=depth + 1), max_size=3)))
            items.is_undefined_length = draw(st.booleans())
            for item in items:
                item.is_undefined_length_sequence_item = draw(st.booleans())
            out.add(DataElement(tag, "SQ", items))
            out[tag].is_undefined_length = items.is_undefined_length
        else:
            vr = draw(st.sampled_from(sorted(VALUES)))
            out.add(DataElement(tag, vr, draw(VALUES[vr])))
    return out


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.integers(0, len(FILES) - 1), datasets())
def test_readers_agree_whatever_private_elements_a_file_holds(number, extra):
    dataset = FILES[number]()
    for element in extra:
        dataset[element.tag] = element
    data = content(dataset)
    try:
        agree(data)
    except pydicom_reader.NotDicom:
        pytest.fail("the fast reader took what pydicom does not")


@cache
def whole(number):
    return content(FILES[number]())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(0, len(FILES) - 1),
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=3),
)
def test_damaged_files_are_described_and_never_raise(number, cut, flips):
    data = bytearray(whole(number))
    for where, value in flips:
        data[int(where * (len(data) - 1))] = value
    data = bytes(data[: int(cut * len(data)) + 1])
    instance = instances.read(data)
    json.dumps(instance.as_json(), allow_nan=False)
    assert instance.reason in (*map(str, Reason), "")
    assert instances.Instance.from_json(instance.as_json()).as_json() == instance.as_json()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("number", [0, len(FILES) - 1])
def test_a_cut_file_is_truncated(number, share):
    data = whole(number)
    assert instances.read(data[: max(200, int(share * len(data)))]).reason == Reason.TRUNCATED


def test_what_is_no_image_says_so():
    assert instances.read(b"").reason == Reason.ZERO_BYTE
    assert instances.read(b"patient,date\n7,2020-01-01\n").reason == Reason.NOT_DICOM
    assert instances.read(bytes(range(256)) * 40).reason == Reason.NOT_DICOM
    medium = world.header(1, maker="")
    medium.SOPClassUID = medium.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    medium.SOPInstanceUID = medium.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    assert instances.read(content(medium)).reason == Reason.DICOMDIR


# ------------------------------------------------------------------------------------------------------ transfer syntaxes


def encoded(dataset, syntax: str) -> pydicom.Dataset:
    """The image compressed by a codec that is not ours."""
    if syntax in (JPEGLSLossless, RLELossless):
        dataset.compress(syntax, generate_instance_uid=False)
        return dataset
    image = sitk.GetImageFromArray(np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns))
    writer = sitk.ImageFileWriter()
    path = Path("one.dcm")
    writer.SetFileName(str(path))
    writer.SetImageIO("GDCMImageIO")
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG" if syntax == JPEGLosslessSV1 else "JPEG2000")
    writer.Execute(image)
    other = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = other.file_meta.TransferSyntaxUID
    dataset.PixelData = encapsulate([get_frame(other.PixelData, 0, number_of_frames=1)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.BitsStored, dataset.HighBit = 16, 15
    return dataset


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_compressed_series_hold_the_same_voxels(syntax, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = list(world.classic("siemens private", VOLUMES))
    world.save(plain, tmp_path / "plain" / "dicom")
    files = [encoded(out, syntax) for out in world.classic("siemens private", VOLUMES)]
    assert {out.file_meta.TransferSyntaxUID for out in files} == {syntax}
    world.save(files, tmp_path / "packed" / "dicom")
    one, two = (world.Ingested(tmp_path / name / "dicom").image() for name in ("plain", "packed"))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert agree(content(files[0]))


@pytest.mark.parametrize("syntax", ["implicit", "big endian", "deflated", "no meta header"])
@pytest.mark.parametrize("kind", ["siemens private", "ge", "philips", "uih"])
def test_uncompressed_syntaxes_hold_the_same_image(kind, syntax, tmp_path):
    world.save(world.classic(kind, VOLUMES, geometry=world.Geometry("oblique")), tmp_path / "plain" / "dicom")
    folder = tmp_path / "other" / "dicom"
    folder.mkdir(parents=True)
    for number, out in enumerate(world.classic(kind, VOLUMES, geometry=world.Geometry("oblique"))):
        write_as(out, syntax, folder / f"{number}")
    one, two = (world.Ingested(tmp_path / name / "dicom").image() for name in ("plain", "other"))
    for ours, other in zip(one, two, strict=True):
        np.testing.assert_array_equal(ours, other)


def write_as(out: pydicom.Dataset, syntax: str, path: Path) -> None:
    if syntax == "implicit":
        out.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        out.save_as(path, enforce_file_format=True, implicit_vr=True)
    elif syntax == "big endian":
        out.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        out.PixelData = np.frombuffer(out.PixelData, "<u2").astype(">u2").tobytes()
        other = Dataset()
        other.update(out)
        other.file_meta = out.file_meta
        other.save_as(path, enforce_file_format=True, little_endian=False, implicit_vr=False)
    elif syntax == "deflated":
        out.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
        out.save_as(path, enforce_file_format=True)
    else:
        stream = io.BytesIO()
        out.save_as(stream, enforce_file_format=True)
        path.write_bytes(
            stream.getvalue()[
                128 + 4 + 12 + pydicom.dcmread(io.BytesIO(stream.getvalue())).file_meta.FileMetaInformationGroupLength :
            ]
        )


def test_damaged_compressed_pixels_are_undecodable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = encoded(next(iter(world.classic("siemens private", VOLUMES))), JPEG2000Lossless)
    data = content(out).replace(b"\xff\x4f\xff\x51", b"\0\0\0\0")
    instance = instances.read(data)
    with pytest.raises(pixels.NotUsable):
        pixels.stored(data, instance.head["start"], instance.head)
