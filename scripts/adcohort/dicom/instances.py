"""What one file says, in plain values: who, when, what kind of image, and where and how weighted each of its frames is."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
from adcohort.dicom import drawings, fast_reader, pydicom_reader, siemens, weighting
from adcohort.dicom.elements import Elements
from adcohort.reasons import Reason

MAP_WORDS = frozenset(
    (
        "ADC",
        "FA",
        "EADC",
        "EXP",
        "MD",
        "RD",
        "AD",
        "TENSOR",
        "TENSOR_B0",
        "TENSORB0",
        "COLFA",
        "COLORFA",
        "DADC",
        "TTP",
        "PARAM",
    )
) | frozenset(("DELTA", "ADC_UNSPECIFIED", "EADC_UNSPECIFIED", "DIFFUSION_ANISOTROPY", "TRA", "VR", "DT", "RA", "CFA"))
MAP_UNITS = ("mm2/s", "um2/s", "um2/ms", "mm^2/s", "10^-6 mm", "10-6mm")
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


class Frame(NamedTuple):
    """One slice: a classic image, a frame of an enhanced one, or a tile of a mosaic (lengths in mm, directions LPS)."""

    number: int
    is_map: bool
    b: float | None
    direction: tuple[float, float, float] | None
    isotropic: bool
    position: tuple[float, float, float] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None
    slope: float
    intercept: float
    order: int


@dataclass(slots=True)
class Instance:
    """One file. `reason` is empty for a readable image; `head` is empty for a file that cannot be read."""

    reason: str = ""
    detail: str = ""
    head: dict[str, Any] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"frames": [list(frame) for frame in self.frames]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Instance":
        """The instance that `as_json` made."""
        frames = [Frame._make(tuple(v) if isinstance(v, list) else v for v in row) for row in values["frames"]]
        return cls(values["reason"], values["detail"], values["head"], frames)


def read(content: bytes) -> Instance:
    """What a file's bytes say; never raises on a bad file, but says what is wrong with it."""
    if not content:
        return Instance(Reason.ZERO_BYTE)
    try:
        elements, syntax = fast_reader.read(content)
        pixels = None if elements.pixels is None else elements.pixels[1]
        start = None if elements.pixels is None else elements.pixels[0]
        return describe(elements, syntax, pixels, start, len(content))
    except fast_reader.Unknown:
        return read_with_pydicom(content)


def read_with_pydicom(content: bytes) -> Instance:
    """As `read`, by the reference reader."""
    try:
        elements, syntax, pixels = pydicom_reader.read(content)
    except pydicom_reader.NotDicom as problem:
        reason = Reason.TRUNCATED if content[128:132] == b"DICM" else Reason.NOT_DICOM
        return Instance(reason, str(problem) if reason == Reason.TRUNCATED else "")
    return describe(elements, syntax, pixels, None, len(content))


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
    return Instance("", "", head, _frames(elements, head))


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
    found: dict[str, Any] = {}
    for name in _TECHNICAL:
        if value := elements.text(name):
            found[name] = value
    for name in _TECHNICAL_LISTS:
        if values := elements.texts(name):
            found[name] = values
    for name in _TECHNICAL_NUMBERS:
        number = elements.number(name)
        if number is not None:
            found[name] = number
    found |= _enhanced_technical(elements)
    if elements.text("EchoPlanarPulseSequence") == "YES" or (elements.number("philips_epi_factor") or 0) > 1:
        found["echo_planar"] = True
    return found


def _enhanced_technical(elements: Elements) -> dict[str, Any]:
    found: dict[str, Any] = {}
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
    if frame is None and shared is None:
        return found
    for sequence, name, called in wanted:
        item = _group(sequence, frame, shared)
        value = item.number(name) if item is not None else None
        if value is not None:
            found[called] = value
    return found


def _group(name: str, frame: Elements | None, shared: Elements | None) -> Elements | None:
    """A functional group of a frame: its own, or the shared one."""
    for groups in (frame, shared):
        item = groups.item(name) if groups is not None else None
        if item is not None:
            return item
    return None


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
        return _frames(elements, head)
    except fast_reader.Unknown:
        return []


def _frames(elements: Elements, head: dict[str, Any]) -> list[Frame]:
    if elements.has("PerFrameFunctionalGroupsSequence"):
        return _enhanced_frames(elements, head)
    orientation, position, spacing = _plane(elements, elements, elements)
    slope, intercept = _scale(elements, head["vendor"], elements)
    weight = weighting.of_dataset(elements, head["vendor"], _axes(orientation))
    order = head["instance"] or 0
    first = Frame(
        0, _is_map(elements, head), weight.b, weight.direction, weight.isotropic, position, orientation, spacing,
        slope, intercept, order,
    )  # fmt: skip
    if n := _mosaic_slices(elements, head):
        return _tiles(elements, head, first, n)
    return [first._replace(number=index) for index in range(head["n_frames"])]


def _enhanced_frames(elements: Elements, head: dict[str, Any]) -> list[Frame]:
    shared = elements.item("SharedFunctionalGroupsSequence")
    frames = []
    for index, groups in enumerate(elements.items("PerFrameFunctionalGroupsSequence")):
        orientation, position, spacing = _plane(
            _group("PlaneOrientationSequence", groups, shared),
            _group("PlanePositionSequence", groups, shared),
            _group("PixelMeasuresSequence", groups, shared),
        )
        slope, intercept = _scale(_group("PixelValueTransformationSequence", groups, shared), head["vendor"], groups)
        weight = weighting.of_groups(groups, shared)
        if weight.b is None:
            weight = weighting.of_dataset(elements, head["vendor"], _axes(orientation))
        kind = _group("MRImageFrameTypeSequence", groups, shared)
        words = kind.texts("FrameType") if kind is not None else []
        frames.append(
            Frame(
                index, _is_map(elements, head) or bool(MAP_WORDS & set(words)) or _map_units(groups),
                weight.b, weight.direction, weight.isotropic, position, orientation, spacing, slope, intercept, index,
            )
        )  # fmt: skip
    return frames


def _plane(
    orientation: Elements | None, position: Elements | None, spacing: Elements | None
) -> tuple[tuple[float, ...] | None, tuple[float, float, float] | None, tuple[float, float] | None]:
    directions = orientation.numbers("ImageOrientationPatient") if orientation is not None else []
    where = position.numbers("ImagePositionPatient") if position is not None else []
    distance = spacing.numbers("PixelSpacing") if spacing is not None else []
    return (
        tuple(directions) if len(directions) == 6 else None,
        (where[0], where[1], where[2]) if len(where) == 3 else None,
        (distance[0], distance[1]) if len(distance) == 2 and min(distance) > 0 else None,
    )


def _axes(orientation: tuple[float, ...] | None) -> np.ndarray | None:
    if orientation is None:
        return None
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    return np.array([row, column, np.cross(row, column)])


def _scale(transformation: Elements | None, maker: str, private: Elements) -> tuple[float, float]:
    """Slope and intercept from stored to real values. Philips' private scale gives values that compare between volumes."""
    slope = transformation.number("RescaleSlope") if transformation is not None else None
    intercept = transformation.number("RescaleIntercept") if transformation is not None else None
    slope = slope if slope else 1.0
    intercept = intercept if intercept is not None else 0.0
    if maker == "Philips":
        frame = private.item("philips_frame")
        scale = private.number("philips_scale_slope") or (frame.number("philips_scale_slope") if frame else None)
        if scale and math.isfinite(scale):
            return 1.0 / scale, intercept / (slope * scale)
    return slope, intercept


def _is_map(elements: Elements, head: dict[str, Any]) -> bool:
    words = {word.upper() for word in head["technical"].get("ImageType", ())}
    if words & MAP_WORDS or any(word.startswith(("ADC", "TENSOR")) for word in words):
        return True
    if head["vendor"] == "GE" and int(elements.number("ge_image_kind") or 0) in (20, 21, 22, 23):
        return True
    rescale = elements.text("RescaleType").lower()
    return any(unit in rescale for unit in MAP_UNITS) or _map_units(elements)


def _map_units(elements: Elements) -> bool:
    for mapping in elements.items("RealWorldValueMappingSequence"):
        units = mapping.item("MeasurementUnitsCodeSequence")
        if units is not None and any(unit in units.text("CodeValue").lower() for unit in MAP_UNITS):
            return True
    return False


def _mosaic_slices(elements: Elements, head: dict[str, Any]) -> int:
    """Number of slices tiled in one image; 0 for an image that is no mosaic."""
    words = head["technical"].get("ImageType", ())
    if "VFRAME" in words:
        return int(elements.number("uih_mosaic") or 0)
    if "MOSAIC" not in words:
        return 0
    n = elements.number("siemens_mosaic")
    if not n:
        values = siemens.csa_numbers(siemens.csa(elements.blob("siemens_csa_image")).get("NumberOfImagesInMosaic", []))
        n = values[0] if values else 0
    return int(n)


def _tiles(elements: Elements, head: dict[str, Any], first: Frame, n: int) -> list[Frame]:
    across = siemens.tiles(n)
    down = across if "MOSAIC" in head["technical"]["ImageType"] else math.ceil(n / across)
    head |= {"tiles": [down, across], "mosaic_size": [head["rows"], head["columns"]]}
    rows, columns = head["rows"], head["columns"]
    head["rows"], head["columns"] = rows // down, columns // across
    items = elements.items("uih_frames")
    if len(items) >= n:
        places = [item.numbers("ImagePositionPatient") for item in items[:n]]
        if all(len(place) == 3 for place in places):
            return [first._replace(number=i, position=(p[0], p[1], p[2])) for i, p in enumerate(places)]
    if first.position is None or first.orientation is None or first.spacing is None:
        return [first._replace(number=i, position=None) for i in range(n)]
    normal = siemens.csa_numbers(siemens.csa(elements.blob("siemens_csa_image")).get("SliceNormalVector", []))
    technical = head["technical"]
    positions = siemens.tile_positions(
        np.array(first.position),
        orientation=np.array(first.orientation).reshape(2, 3),
        spacing=np.array(first.spacing),
        size=(rows, columns),
        n_slices=n,
        normal=np.array(normal) if len(normal) == 3 else None,
        slice_spacing=technical.get("SpacingBetweenSlices") or technical.get("SliceThickness") or 1.0,
    )
    return [first._replace(number=i, position=(float(p[0]), float(p[1]), float(p[2]))) for i, p in enumerate(positions)]


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and math.isfinite(number) else None
