"""Diffusion weighting of one image: b value and direction, from whichever element its vendor writes."""

import re
from typing import NamedTuple

import numpy as np
from adcohort.dicom import siemens
from adcohort.dicom.elements import Elements

_GE_BIAS = 1_000_000_000
_HIGHEST_B = 1_000_000.0  # above it a number is no b value
_CANON = re.compile(r"b=\s*(\d+(?:\.\d+)?)\s*\(\s*([-\d.]+)\s*,\s*([-\d.]+)\s*,\s*([-\d.]+)\s*\)", re.IGNORECASE)
_VENDORS = (
    ("siemens", "Siemens"),
    ("ge medical", "GE"),
    ("ge healthcare", "GE"),
    ("philips", "Philips"),
    ("uih", "UIH"),
    ("united imaging", "UIH"),
    ("united-imaging", "UIH"),
    ("canon", "Canon"),
    ("toshiba", "Canon"),
    ("bruker", "Bruker"),
    ("hitachi", "Hitachi"),
    ("fujifilm", "Fujifilm"),
)
# signs of the logical axes in sagittal, coronal and axial slices
_LOGICAL_SIGNS = ((-1, -1, -1), (1, -1, 1), (1, 1, 1))


Orientation = tuple[float, ...] | None


class Weighting(NamedTuple):
    """b value (s/mm2; None: in no known element), direction in patient coordinates (LPS), and whether it is a trace."""

    b: float | None
    direction: tuple[float, float, float] | None
    isotropic: bool


NONE = Weighting(None, None, False)


def vendor(manufacturer: str) -> str:
    """A manufacturer in one spelling; unknown ones as they stand."""
    lower = manufacturer.lower()
    if lower in ("ge", "gems"):
        return "GE"
    return next((name for start, name in _VENDORS if lower.startswith(start)), manufacturer.strip() or "unknown")


def of_dataset(elements: Elements, maker: str, orientation: Orientation) -> Weighting:
    """Weighting of a classic image, or of one frame's functional groups joined with it.

    Parameters
    ----------
    elements
        The image's dataset.
    maker
        As `vendor` spells it.
    orientation
        ImageOrientationPatient, for vendors that state directions along the image's axes.
    """
    standard = _standard(elements)
    own = _OWN.get(maker, _no_own)(elements, orientation)
    if standard.b is None:
        return own
    if standard.direction is None and not standard.isotropic:
        return standard._replace(direction=own.direction, isotropic=own.isotropic)
    return standard


def of_groups(frame: Elements, shared: Elements | None) -> Weighting:
    """Weighting of a frame of an enhanced image, from its functional groups."""
    for groups in (frame, shared):
        item = groups.item("MRDiffusionSequence") if groups is not None else None
        if item is None:
            continue
        b = _plausible(item.number("DiffusionBValue"))
        kind = item.text("DiffusionDirectionality")
        if b is None and kind == "NONE":
            b = 0.0
        vectors = item.item("DiffusionGradientDirectionSequence")
        direction = _unit((vectors or item).numbers("DiffusionGradientOrientation"))
        return Weighting(b, direction if b else None, kind == "ISOTROPIC")
    philips = frame.item("philips_frame")
    return _philips(philips, None) if philips is not None else NONE


def _standard(elements: Elements) -> Weighting:
    b = _plausible(elements.number("DiffusionBValue"))
    kind = elements.text("DiffusionDirectionality")
    if b is None and elements.has("MRDiffusionSequence"):
        return of_groups(elements, None)
    if b is None and kind == "NONE":
        b = 0.0
    direction = _unit(elements.numbers("DiffusionGradientOrientation"))
    return Weighting(b, direction if b else None, kind == "ISOTROPIC")


def _no_own(elements: Elements, orientation: Orientation) -> Weighting:
    return NONE


def _siemens(elements: Elements, orientation: Orientation) -> Weighting:
    b = _plausible(elements.number("siemens_b"))
    kind = elements.text("siemens_directionality")
    direction = _unit(elements.numbers("siemens_direction"))
    if b is None and elements.has("siemens_csa_image"):
        found = siemens.csa(elements.blob("siemens_csa_image"))
        values = siemens.csa_numbers(found.get("B_value", []))
        b = _plausible(values[0]) if values else None
        kind = (found.get("DiffusionDirectionality") or [""])[0]
        direction = _unit(siemens.csa_numbers(found.get("DiffusionGradientDirection", [])))
    return Weighting(b, direction if b else None, kind == "ISOTROPIC")


def _ge(elements: Elements, orientation: Orientation) -> Weighting:
    stated = elements.number("ge_b")
    if stated is None:
        return NONE
    b = _plausible(stated % _GE_BIAS)
    vector = [elements.number(f"ge_direction_{axis}") for axis in "xyz"]
    direction = None
    if b and orientation is not None and None not in vector:
        swapped = elements.text("InPlanePhaseEncodingDirection") == "ROW"
        direction = _from_logical_axes([float(v or 0) for v in vector], _axes(orientation), phase_in_rows=swapped)
    return Weighting(b, direction, False)


def _axes(orientation: tuple[float, ...]) -> np.ndarray:
    """Directions of row, column and slice in patient coordinates, as rows."""
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    return np.array([row, column, np.cross(row, column)])


def _from_logical_axes(
    vector: list[float], axes: np.ndarray, *, phase_in_rows: bool
) -> tuple[float, float, float] | None:
    """A direction along frequency, phase and slice of the scanner's logical axes, in patient coordinates."""
    frequency, phase, across = np.array(vector) * _LOGICAL_SIGNS[int(np.argmax(np.abs(axes[2])))]
    in_image = (-phase, frequency, across) if phase_in_rows else (-frequency, -phase, across)
    return _unit(list(np.array(in_image) @ axes))


def _philips(elements: Elements, orientation: Orientation) -> Weighting:
    b = _plausible(elements.number("philips_b"))
    kind = elements.text("philips_directionality")
    vector = [elements.number(f"philips_direction_{axis}") for axis in ("rl", "ap", "fh")]
    direction = None
    if b and None not in vector:
        direction = _unit([float(v or 0) for v in vector])
    return Weighting(b, direction, kind == "I")


def _uih(elements: Elements, orientation: Orientation) -> Weighting:
    b = _plausible(elements.number("uih_b"))
    if b is None:
        b = _plausible(elements.number("uih_b_requested"))
    vector = _unit(elements.numbers("uih_direction"))  # along the image's axes
    direction = _unit(list(np.array(vector) @ _axes(orientation))) if b and vector and orientation else None
    return Weighting(b, direction, bool(b) and vector is None)


def _canon(elements: Elements, orientation: Orientation) -> Weighting:
    found = _CANON.search(" ".join(elements.texts("ImageComments")))
    if found is None:
        return NONE
    b = float(found[1])
    direction = None
    if b and orientation is not None:
        phase, frequency, across = (float(found[i]) for i in (2, 3, 4))
        direction = _from_logical_axes([frequency, phase, across], _axes(orientation), phase_in_rows=False)
    return Weighting(b, direction, False)


_OWN = {"Siemens": _siemens, "GE": _ge, "Philips": _philips, "UIH": _uih, "Canon": _canon}


def _plausible(b: float | None) -> float | None:
    return b if b is not None and 0 <= b < _HIGHEST_B else None


def _unit(vector: list[float]) -> tuple[float, float, float] | None:
    """A vector of length one; None for a vector that is none (0 0 0 at b = 0 and in traces)."""
    if len(vector) != 3:
        return None
    length = float(np.sqrt(sum(v * v for v in vector)))
    if not 0.1 < length < 10:
        return None
    x, y, z = (float(v) / length for v in vector)
    return x, y, z
