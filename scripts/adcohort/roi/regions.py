"""What a drawn region is, whatever tool it came from: a name, who drew it, and which points of the patient it holds.

Points and affines are in RAS+ millimetres, as everywhere behind the readers of DICOM.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Array = np.ndarray
BOUNDARY_MM = 0.01  # a voxel centre so near to a contour lies on it, and belongs to the region


class NotUsable(ValueError):
    """A region file or a region in it that cannot be used; `reason` is a name of adcohort.reasons, the text is for the person."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


class Shape(Protocol):
    """Where a region is."""

    def corners(self, grid: Array) -> Array:
        """Eight points (8, 3) around the region; `grid` is the affine of the image that it will be used on."""

    def holds(self, points: Array, grid: Array) -> Array:
        """For points (..., 3): the share of the region's own voxel there (0 to 1; contours: 0 or 1)."""

    def empty(self) -> bool:
        """Whether nothing was drawn: a region that is named and empty says that the lesion is gone."""


@dataclass
class Region:
    """One region of one reader. `tracking` is a code of the DICOM tracking identifier, which stays the same over visits."""

    label: str
    shape: Shape
    format: str
    tracking: str = ""
    drawn_on: str = ""


@dataclass
class Voxels:
    """A mask or fractions [i, j, k] with its own affine, cropped to what was drawn."""

    values: Array
    affine: Array

    @classmethod
    def cropped(cls, values: Array, affine: Array) -> "Voxels":
        """Keep the box that holds all non-zero voxels."""
        box = []
        for axis in range(3):
            along = np.flatnonzero(values.any(axis=tuple(other for other in range(3) if other != axis)))
            box.append(slice(int(along[0]), int(along[-1]) + 1) if along.size else slice(0, 0))
        moved = np.array(affine, dtype=float)
        moved[:3, 3] += moved[:3, :3] @ [part.start for part in box]
        return cls(values[tuple(box)], moved)

    def empty(self) -> bool:
        """Whether no voxel was drawn."""
        return self.values.size == 0

    def corners(self, grid: Array) -> Array:
        """Corners of the box of voxels, borders included."""
        ends = [(-0.5, size - 0.5) for size in self.values.shape]
        return apply(self.affine, np.array([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]]))

    def holds(self, points: Array, grid: Array) -> Array:
        """Value of the voxel whose centre is nearest."""
        index = np.floor(apply(np.linalg.inv(self.affine), points) + 0.5).astype(np.int64)
        inside = ((index >= 0) & (index < self.values.shape)).all(axis=-1)
        out = np.zeros(points.shape[:-1], dtype=np.float32)
        i, j, k = index[inside].T
        out[inside] = self.values[i, j, k]
        return out


@dataclass
class Contours:
    """Closed planar contours on parallel planes: rings inside rings are holes, keyholes too (even-odd over a plane)."""

    rings: list[Array]

    def __post_init__(self) -> None:
        self.rings = [ring for ring in self.rings if len(ring) >= 3]
        if not self.rings:
            return
        normals = [_newell(ring) for ring in self.rings]
        lengths = [float(np.linalg.norm(normal)) for normal in normals]
        largest = int(np.argmax(lengths))
        if lengths[largest] == 0:
            self.rings = []
            return
        normal = normals[largest] / lengths[largest]
        side = np.eye(3)[int(np.argmin(np.abs(normal)))]
        u = np.cross(normal, side)
        u /= np.linalg.norm(u)
        self._turn = np.array([u, np.cross(normal, u), normal])
        self._flat = [ring @ self._turn.T for ring in self.rings]
        heights = np.array([flat[:, 2].mean() for flat in self._flat])
        self._planes: list[tuple[float, list[Array]]] = []
        for number in np.argsort(heights, kind="stable"):
            if not self._planes or heights[number] - self._planes[-1][0] > 0.05:
                self._planes.append((float(heights[number]), []))
            self._planes[-1][1].append(self._flat[number][:, :2])

    def empty(self) -> bool:
        """Whether there is no contour that encloses an area."""
        return not self.rings

    def half_thickness(self, grid: Array) -> float:
        """Half of what a plane stands for: the distance of neighbouring planes, or the image's slices if they are closer."""
        steps = np.abs(self._turn[2] @ grid[:3, :3])  # how far each image axis goes along the contours' normal
        along = float(steps.max())
        gaps = np.diff([height for height, _ in self._planes])
        if not gaps.size:
            return along / 2
        sizes = np.linalg.norm(grid[:3, :3], axis=0)
        parallel = along > 0.999 * sizes[int(np.argmax(steps))]
        return float(min(gaps.min(), along) if parallel else gaps.min()) / 2

    def corners(self, grid: Array) -> Array:
        """Corners of the box around all contours, half a plane thicker."""
        half = self.half_thickness(grid)
        every = np.concatenate(self._flat)
        rim = np.array([0.0, 0.0, half])
        low, high = every.min(axis=0) - rim, every.max(axis=0) + rim
        ends = list(zip(low, high, strict=True))
        return np.array([[x, y, z] for x in ends[0] for y in ends[1] for z in ends[2]]) @ self._turn

    def holds(self, points: Array, grid: Array) -> Array:
        """1 for points inside or on the contours of the nearest plane."""
        flat = points.reshape(-1, 3) @ self._turn.T
        heights = np.array([height for height, _ in self._planes])
        away = np.abs(flat[:, 2:3] - heights)
        nearest = away.argmin(axis=1)
        close = away[np.arange(len(flat)), nearest] <= self.half_thickness(grid) * (1 + 1e-3)
        out = np.zeros(len(flat), dtype=np.float32)
        for number, (_, rings) in enumerate(self._planes):
            here = np.flatnonzero(close & (nearest == number))
            if here.size:
                out[here] = inside(flat[here, :2], rings)
        return out.reshape(points.shape[:-1])


def inside(points: Array, rings: list[Array]) -> Array:
    """Whether points (n, 2) lie inside closed rings by the even-odd rule, or on one of them."""
    out = np.zeros(len(points), dtype=bool)
    edge = np.zeros(len(points), dtype=bool)
    px, py = points[:, 0], points[:, 1]
    for ring in rings:
        for start in range(0, len(ring), 512):  # blocks, so that a long contour needs no more memory
            ends = np.arange(start, min(start + 512, len(ring)))
            x0, y0 = ring[ends].T[:, :, None]
            x1, y1 = ring[(ends + 1) % len(ring)].T[:, :, None]
            dx, dy = x1 - x0, y1 - y0
            crossing = (y0 > py) != (y1 > py)
            with np.errstate(divide="ignore", invalid="ignore"):
                left = px < x0 + dx * (py - y0) / dy
            out ^= (np.count_nonzero(crossing & left, axis=0) & 1).astype(bool)
            length = dx * dx + dy * dy
            with np.errstate(divide="ignore", invalid="ignore"):
                along = np.where(length > 0, np.clip(((px - x0) * dx + (py - y0) * dy) / length, 0, 1), 0)
            edge |= ((px - x0 - along * dx) ** 2 + (py - y0 - along * dy) ** 2 <= BOUNDARY_MM**2).any(axis=0)
    return out | edge


def apply(affine: Array, points: Array) -> Array:
    """Points (..., 3) through an affine."""
    return points @ affine[:3, :3].T + affine[:3, 3]


def ras(affine_lps: Array) -> Array:
    """An affine of DICOM's or ITK's patient coordinates (LPS) in RAS."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(affine_lps, dtype=float)


def code_of(text: str) -> str:
    """A short code in place of an identifier or a person's name that must not leave the private folder."""
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest() if text else ""


def _newell(ring: Array) -> Array:
    """Normal of a closed ring, its length twice the area."""
    centred = ring - ring.mean(axis=0)
    return np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
