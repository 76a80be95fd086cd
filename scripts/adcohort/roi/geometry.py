"""From a region to voxels of the ADC map. The map is never resampled; a region on another grid is, and says so."""

import itertools
from dataclasses import dataclass

import numpy as np
from adcohort.roi.regions import Array, Shape, Voxels, apply

SAME_GRID_VOXELS = 0.02  # two grids agree where their voxel centres do to this share of a voxel
SUBSAMPLES = 5  # points an axis and voxel for the coverage


@dataclass
class Placed:
    """A region on a grid.

    Attributes
    ----------
    mask
        [x, y, z] of `box`, True inside the region.
    box
        Slices of the grid that hold the region; empty where nothing of it is there.
    geometry
        "same grid", "nearest", "coverage" or "contours".
    outside
        Voxels of the region, on the grid continued beyond the image, that lie outside the image.
    """

    mask: Array
    box: tuple[slice, slice, slice]
    geometry: str
    outside: int

    @property
    def count(self) -> int:
        """Voxels of the region inside the image."""
        return int(np.count_nonzero(self.mask))

    def whole(self, shape: tuple[int, ...]) -> Array:
        """The mask on the whole grid."""
        out = np.zeros(shape, dtype=bool)
        out[self.box] = self.mask
        return out


def place(shape: Shape, grid_shape: tuple[int, ...], affine: Array, resample: str = "nearest") -> Placed:
    """Voxels of a grid that belong to a region.

    Parameters
    ----------
    shape
        The region, not empty.
    grid_shape, affine
        The image's first three sizes and its affine.
    resample
        For a region on another grid: "nearest" (voxel centres) or "coverage" (at least half of the voxel is covered).
        A fraction counts from one half.
    """
    same = isinstance(shape, Voxels) and same_lattice(shape.affine, affine, grid_shape)
    method = "same grid" if same else "coverage" if resample == "coverage" else "nearest"
    ends = apply(np.linalg.inv(affine), shape.corners(affine))
    low = np.floor(ends.min(axis=0)).astype(int) - 1
    high = np.ceil(ends.max(axis=0)).astype(int) + 2
    ranges = [np.arange(first, last) for first, last in zip(low, high, strict=True)]
    if method == "coverage":
        share = np.zeros(tuple(len(axis) for axis in ranges), dtype=np.float32)
        steps = (np.arange(SUBSAMPLES) + 0.5) / SUBSAMPLES - 0.5
        for shift in itertools.product(steps, repeat=3):
            share += shape.holds(_points(affine, ranges, shift), affine)
        share /= SUBSAMPLES**3
    else:
        share = shape.holds(_points(affine, ranges, (0, 0, 0)), affine)
    held = share >= 0.5
    within = [(axis >= 0) & (axis < size) for axis, size in zip(ranges, grid_shape, strict=False)]
    mask = held[np.ix_(*within)]
    box = tuple(
        slice(int(axis[keep][0]), int(axis[keep][-1]) + 1) if keep.any() else slice(0, 0)
        for axis, keep in zip(ranges, within, strict=True)
    )
    if not isinstance(shape, Voxels) and method == "nearest":
        method = "contours"
    outside = int(np.count_nonzero(held)) - int(np.count_nonzero(mask))
    return Placed(mask, (box[0], box[1], box[2]), method, outside)


def same_lattice(one: Array, other: Array, shape: tuple[int, ...]) -> bool:
    """Whether two grids have the same voxel centres, whatever their first voxel and the order of their axes."""
    between = np.linalg.inv(one) @ other
    turn = np.round(between[:3, :3])
    if not (
        np.array_equal(np.abs(turn).sum(axis=0), [1, 1, 1]) and np.array_equal(np.abs(turn).sum(axis=1), [1, 1, 1])
    ):
        return False
    ends = np.array(list(itertools.product(*((0, size - 1) for size in shape[:3]))))
    there = apply(between, ends)
    return bool(np.abs(there - np.round(there)).max() < SAME_GRID_VOXELS)


def erode(mask: Array, times: int) -> Array:
    """Take the border off within each slice (four neighbours); what lies at the edge of the box counts as border."""
    for _ in range(times):
        padded = np.pad(mask, ((1, 1), (1, 1), (0, 0)))
        mask = mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask


def shifted_means(adc: Array, placed: Placed) -> tuple[float, float] | None:
    """Smallest and largest mean of finite values when the region moves by one voxel along either direction of each axis."""
    where = np.argwhere(placed.mask) + [part.start for part in placed.box]
    means = []
    for axis, step in itertools.product(range(3), (-1, 1)):
        moved = where.copy()
        moved[:, axis] += step
        moved = moved[((moved >= 0) & (moved < adc.shape)).all(axis=1)]
        sample = adc[tuple(moved.T)]
        sample = sample[np.isfinite(sample)]
        if sample.size:
            means.append(float(sample.mean(dtype=np.float64)))
    return (min(means), max(means)) if means else None


def dice(one: Array, other: Array) -> float | None:
    """Overlap of two masks of one grid: twice the common voxels by the sum of both."""
    total = int(np.count_nonzero(one)) + int(np.count_nonzero(other))
    return 2 * int(np.count_nonzero(one & other)) / total if total else None


def _points(affine: Array, ranges: list[Array], shift: tuple[float, ...]) -> Array:
    """Patient coordinates [x, y, z, 3] of the grid's points at index ranges, moved by a share of a voxel."""
    x, y, z = (
        (axis + step)[:, None] * affine[:3, column]
        for column, (axis, step) in enumerate(zip(ranges, shift, strict=True))
    )
    return x[:, None, None] + y[None, :, None] + z[None, None, :] + affine[:3, 3]
