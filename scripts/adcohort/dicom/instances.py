"""What one file says, in plain values: who, when, what kind of image, and where and how weighted each of its frames is."""

import math
import struct
from dataclasses import dataclass, field
from typing import Any

from adcohort.dicom import drawings, fast_reader, pydicom_reader, slices, weighting
from adcohort.dicom.elements import Elements
from adcohort.dicom.pydicom_reader import NotDicom
from adcohort.dicom.slices import Frame
from adcohort.dicom.tags import TAG
from adcohort.reasons import Reason

_TECHNICAL = (  # elements that describe how an image was made, and no person; kept for sidecars and for telling protocols apart
    "BodyPartExamined",
    "MRAcquisitionType",
    "SequenceName",
    "PulseSequenceName",
    "SoftwareVersions",
    "PatientPosition",
    "InPlanePhaseEncodingDirection",
)
_TECHNICAL_LISTS = ("ImageType", "ScanningSequence", "SequenceVariant", "ScanOptions")
_TECHNICAL_NUMBERS = (
    "MagneticFieldStrength",
    "RepetitionTime",
    "EchoTime",
    "FlipAngle",
    "NumberOfAverages",
    "EchoTrainLength",
    "PixelBandwidth",
    "SliceThickness",
    "SpacingBetweenSlices",
)
_TECHNICAL_TAGS = tuple(
    TAG[name] for name in (*_TECHNICAL, *_TECHNICAL_LISTS, *_TECHNICAL_NUMBERS, "EchoPlanarPulseSequence")
)
_REMEMBERED = 1000
_seen_technical: dict[tuple[Any, ...], dict[str, Any]] = {}
_DICOMDIR = "1.2.840.10008.1.3.10"
REGION_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.66.4": "SEG",
    "1.2.840.10008.5.1.4.1.1.66.7": "SEG",  # label map segmentation
    "1.2.840.10008.5.1.4.1.1.481.3": "RTSTRUCT",
}
_STORAGE = "1.2.840.10008.5.1.4.1.1"
_IMAGE_CLASSES = frozenset(  # of MR, CT, secondary capture, PET, nuclear medicine, ultrasound; parametric maps
    f"{_STORAGE}.{kind}"
    for kind in (
        *("4", "4.1", "4.3", "4.4", "2", "2.1", "2.2", "7", "7.1", "7.2", "7.3", "7.4"),
        *("128", "128.1", "130", "20", "6.1", "6.2", "3.1", "30"),
    )
)


@dataclass(slots=True)
class Instance:
    """One file. `reason` is empty for a readable image; `head` is empty for a file that cannot be read."""

    reason: str = ""
    detail: str = ""
    head: dict[str, Any] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        frames = [list(frame) for frame in self.frames]
        return {"reason": str(self.reason), "detail": self.detail, "head": self.head, "frames": frames}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Instance":
        """The instance that `as_json` made."""
        frames = [Frame._make(tuple(v) if isinstance(v, list) else v for v in row) for row in values["frames"]]
        return cls(values["reason"], values["detail"], values["head"], frames)


def read(content: bytes) -> Instance:
    """What a file's bytes say; never raises on a bad file, but says what is wrong with it."""
    if not content:
        return Instance(Reason.ZERO_BYTE)
    return read_start(content, len(content)) or read_with_pydicom(content)


def read_start(start: bytes, size: int) -> Instance | None:
    """What the start of a file of `size` bytes says; None if the whole file has to be looked at."""
    try:
        elements, syntax = fast_reader.read(start)
        if elements.pixels is None and len(start) < size:
            return None
        place, length = elements.pixels or (None, None)
        return describe(elements, syntax, length, place, size)
    except (fast_reader.Unknown, struct.error, ValueError, IndexError, OverflowError):
        return None


def read_with_pydicom(content: bytes) -> Instance:
    """As `read`, by the reference reader."""
    try:
        elements, syntax, pixels = pydicom_reader.read(content)
        return describe(elements, syntax, pixels, None, len(content))
    except Exception as problem:  # damage inside a sequence shows when it is looked at, as whatever pydicom raises then
        reason = Reason.TRUNCATED if content[128:132] == b"DICM" else Reason.NOT_DICOM
        return Instance(reason, f"the header cannot be read ({problem})" if isinstance(problem, NotDicom) else "")


def describe(elements: Elements, syntax: str, pixels: int | None, start: int | None, size: int) -> Instance:
    """The instance of a dataset: `pixels` is the length of its pixel data (None: none, -1: encapsulated), `start` their place."""
    sop_class = elements.text("SOPClassUID")
    if not sop_class:
        return Instance(Reason.TRUNCATED, "the file ends before it says what it is")
    if sop_class == _DICOMDIR:
        return Instance(Reason.DICOMDIR)
    head = _head(elements, sop_class, syntax)
    if sop_class in drawings.KINDS:
        head["refers"] = drawings.describe(elements)
        return Instance(Reason.NON_IMAGE_OBJECT, drawings.KINDS[sop_class], head)
    if sop_class not in _IMAGE_CLASSES:
        return Instance(Reason.NON_IMAGE_OBJECT, "", head)
    head |= _pixel_format(elements, pixels, start)
    if reason := _unusable_pixels(head, pixels, start, size):
        return Instance(reason, "", head, _safe_frames(elements, head))
    return Instance("", "", head, slices.of_file(elements, head))


def _head(elements: Elements, sop_class: str, syntax: str) -> dict[str, Any]:
    text, number = elements.text, elements.number
    moment = text("AcquisitionDateTime")
    return {
        "sop_class": sop_class,
        "sop": text("SOPInstanceUID"),
        "series": text("SeriesInstanceUID"),
        "study": text("StudyInstanceUID"),
        "frame_of_reference": text("FrameOfReferenceUID"),
        "patient": _patient(elements),
        "date": next(
            (
                d
                for d in (
                    text("AcquisitionDate"),
                    moment[:8],
                    text("StudyDate"),
                    text("SeriesDate"),
                    text("ContentDate"),
                )
                if d
            ),
            "",
        ),
        "time": text("AcquisitionTime") or moment[8:] or text("SeriesTime"),
        "modality": text("Modality"),
        "vendor": weighting.vendor(text("Manufacturer")),
        "model": text("ManufacturerModelName"),
        "series_number": _whole(number("SeriesNumber")),
        "acquisition": _whole(number("AcquisitionNumber")),
        "instance": _whole(number("InstanceNumber")),
        "description": text("SeriesDescription"),
        "protocol": text("ProtocolName"),
        "syntax": syntax,
        "technical": _technical(elements),
    }


def _patient(elements: Elements) -> str:
    plain = elements.text("PatientID")
    if plain.isascii():
        return plain
    from pydicom import charset

    names = charset.convert_encodings(elements.texts("SpecificCharacterSet") or [""])
    return charset.decode_bytes(elements.blob("PatientID"), names, set()).strip("\0 ")


def _technical(elements: Elements) -> dict[str, Any]:
    """Technical facts; the files of a series share them, so they are looked at once for the same bytes."""
    key = tuple(map(elements.raw, _TECHNICAL_TAGS))
    found = _seen_technical.get(key)
    if found is None:
        if len(_seen_technical) > _REMEMBERED:
            _seen_technical.clear()
        found = _seen_technical[key] = _plain_technical(elements)
    found = found | _enhanced_technical(elements)
    if (elements.number("philips_epi_factor") or 0) > 1:
        found["echo_planar"] = True
    return found


def _plain_technical(elements: Elements) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _TECHNICAL:
        if value := elements.text(name):
            found[name] = value
    for name in _TECHNICAL_LISTS:
        if values := elements.texts(name):
            found[name] = list(values)
    for name in _TECHNICAL_NUMBERS:
        number = elements.number(name)
        if number is not None:
            found[name] = number
    if elements.text("EchoPlanarPulseSequence") == "YES":
        found["echo_planar"] = True
    return found


def _enhanced_technical(elements: Elements) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not elements.has("SharedFunctionalGroupsSequence") and not elements.has("PerFrameFunctionalGroupsSequence"):
        return found
    frame = elements.item("PerFrameFunctionalGroupsSequence")
    shared = elements.item("SharedFunctionalGroupsSequence")
    wanted = (
        ("MRTimingAndRelatedParametersSequence", "RepetitionTime", "RepetitionTime"),
        ("MRTimingAndRelatedParametersSequence", "FlipAngle", "FlipAngle"),
        ("MRTimingAndRelatedParametersSequence", "EchoTrainLength", "EchoTrainLength"),
        ("MREchoSequence", "EffectiveEchoTime", "EchoTime"),
        ("MRImagingModifierSequence", "PixelBandwidth", "PixelBandwidth"),
        ("PixelMeasuresSequence", "SliceThickness", "SliceThickness"),
        ("PixelMeasuresSequence", "SpacingBetweenSlices", "SpacingBetweenSlices"),
    )
    for sequence, name, called in wanted:
        item = slices.group(sequence, frame, shared)
        value = item.number(name) if item is not None else None
        if value is not None:
            found[called] = value
    return found


def _pixel_format(elements: Elements, pixels: int | None, start: int | None) -> dict[str, Any]:
    number = elements.number
    return {
        "rows": _whole(number("Rows")) or 0,
        "columns": _whole(number("Columns")) or 0,
        "n_frames": max(_whole(number("NumberOfFrames")) or 1, 1),
        "samples": _whole(number("SamplesPerPixel")) or 1,
        "bits": _whole(number("BitsAllocated")) or 0,
        "signed": bool(number("PixelRepresentation")),
        "start": start if pixels is not None and pixels >= 0 else None,
        "length": pixels,
    }


def _unusable_pixels(head: dict[str, Any], pixels: int | None, start: int | None, size: int) -> str:
    expected = head["rows"] * head["columns"] * head["n_frames"] * head["samples"] * head["bits"] // 8
    if pixels is None:
        return Reason.TRUNCATED
    if pixels >= 0 and (pixels < expected or (start is not None and start + pixels > size)):
        return Reason.TRUNCATED
    if not expected:
        return Reason.UNDECODABLE
    return ""


def _safe_frames(elements: Elements, head: dict[str, Any]) -> list[Frame]:
    try:
        return slices.of_file(elements, head)
    except fast_reader.Unknown:
        return []


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and math.isfinite(number) else None
