"""Where slices are: one stack from the planes of its slices, in the voxel order of common converters (LPS to RAS+)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SAME_PLACE_MM = 0.02
_UNEVEN = 0.02  # relative difference of two slice distances that rounding can make
_SKEWED_MM = 0.5
_SKEWED_COSINE = 0.02


class Stack(NamedTuple):
    """A stack of slices: voxel indices to RAS+ millimetres, and each distinct position along its normal, ascending."""

    affine: np.ndarray
    distances: np.ndarray
    axes: np.ndarray  # rows: directions of the voxel axes in patient coordinates (LPS), of length one


class NotOneStack(ValueError):
    """The slices are no evenly spaced stack; the message says what is missing or uneven."""


def normal(orientation: Sequence[float]) -> np.ndarray:
    """Unit normal of a plane from ImageOrientationPatient."""
    return np.cross(orientation[:3], orientation[3:])


def stack(
    positions: np.ndarray,
    orientation: Sequence[float],
    spacing: tuple[float, float],
    rows: int,
    single_slice_mm: float,
) -> Stack:
    """The stack that slices make.

    Parameters
    ----------
    positions
        (n, 3), ImagePositionPatient of the slices (repeated ones count once).
    orientation
        ImageOrientationPatient, the same for all.
    spacing
        PixelSpacing: between rows, between columns (mm).
    rows
        Rows of a slice: they are stored from the last to the first, as common converters do.
    single_slice_mm
        Slice distance where there is one slice only.

    Raises
    ------
    NotOneStack
        If slices are unevenly spaced, or are not shifted along one line.
    """
    row, column = np.asarray(orientation[:3], float), np.asarray(orientation[3:], float)
    across = np.cross(row, column)
    distances, first = distinct(positions @ across)
    places = positions[first]
    step = across * single_slice_mm
    if len(distances) > 1:
        gaps = np.diff(distances)
        usual = float(np.median(gaps))
        if np.any(np.abs(gaps - usual) > max(_UNEVEN * usual, SAME_PLACE_MM)):
            raise NotOneStack(f"{len(distances)} slices, {usual:.2f} mm apart, with gaps of up to {gaps.max():.2f} mm")
        step = (places[-1] - places[0]) / (len(distances) - 1)
        _check_line(places, step, across)
    origin = places[0] + column * spacing[0] * (rows - 1)
    lps = np.eye(4)
    lps[:3, :4] = np.column_stack([row * spacing[1], -column * spacing[0], step, origin])
    return Stack(np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps + 0.0, distances, np.array([row, -column, across]))


def _check_line(places: np.ndarray, step: np.ndarray, across: np.ndarray) -> None:
    expected = places[0] + np.arange(len(places))[:, None] * step
    if np.abs(places - expected).max() > _SKEWED_MM or step @ across < (1 - _SKEWED_COSINE) * np.linalg.norm(step):
        raise NotOneStack("the slices are not shifted along the stack's normal")


def distinct(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values, ascending, and where each is found first."""
    order = np.argsort(distances, kind="stable")
    ordered = distances[order]
    new = np.concatenate(([True], np.diff(ordered) > SAME_PLACE_MM))
    return ordered[new], order[new]


def in_image(direction: Sequence[float] | None, stack_axes: np.ndarray) -> list[float]:
    """A direction in patient coordinates along the voxel axes, as .bvec holds it (the voxel axes are left-handed: no flip)."""
    if direction is None:
        return [0.0, 0.0, 0.0]
    return [float(v) + 0.0 for v in stack_axes @ np.asarray(direction)]
