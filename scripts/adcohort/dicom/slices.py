"""Slices of one file: where each is, how it is weighted, and how its stored numbers become signal."""

import math
from typing import Any, NamedTuple

import numpy as np
from adcohort.dicom import siemens, weighting
from adcohort.dicom.elements import Elements

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


def group(name: str, frame: Elements | None, shared: Elements | None) -> Elements | None:
    """A functional group of a frame: its own, or the shared one."""
    for groups in (frame, shared):
        item = groups.item(name) if groups is not None else None
        if item is not None:
            return item
    return None


def of_file(elements: Elements, head: dict[str, Any]) -> list[Frame]:
    """All frames of a file; tiles of a mosaic count as frames, and `head` then holds the size of a tile."""
    if elements.has("PerFrameFunctionalGroupsSequence"):
        return _enhanced_frames(elements, head)
    orientation, position, spacing = _plane(elements, elements, elements)
    slope, intercept = _scale(elements, head["vendor"], elements)
    weight = weighting.of_dataset(elements, head["vendor"], orientation)
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
            group("PlaneOrientationSequence", groups, shared),
            group("PlanePositionSequence", groups, shared),
            group("PixelMeasuresSequence", groups, shared),
        )
        slope, intercept = _scale(group("PixelValueTransformationSequence", groups, shared), head["vendor"], groups)
        weight = weighting.of_groups(groups, shared)
        if weight.b is None:
            weight = weighting.of_dataset(elements, head["vendor"], orientation)
        kind = group("MRImageFrameTypeSequence", groups, shared)
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
