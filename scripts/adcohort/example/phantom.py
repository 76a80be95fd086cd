"""A neck in diffusion MRI: tissues and lesions on a scanner's grid, and their signal with Rician noise.

Coordinates are DICOM's patient coordinates in mm (x to the left, y to the back, z to the head), 0 in the middle of the neck.
Volumes are indexed [slice, row, column].
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from adcohort.example.cohort import Lesion, Person

Array = np.ndarray
MAX_HALF_HEIGHT_MM = 20.0


@dataclass(frozen=True)
class Grid:
    """Where the voxels of a scan are: square pixels, parallel slices, tilted about the left-right axis."""

    size: int
    pixel_mm: float
    slices: int
    spacing_mm: float
    tilt_degrees: float = 0.0

    @property
    def row(self) -> Array:
        """Direction along a row (increasing column)."""
        return np.array([1.0, 0.0, 0.0])

    @property
    def column(self) -> Array:
        """Direction along a column (increasing row)."""
        angle = np.deg2rad(self.tilt_degrees)
        return np.round([0.0, np.cos(angle), np.sin(angle)], 9)

    @property
    def normal(self) -> Array:
        """Direction from slice to slice."""
        return np.cross(self.row, self.column)

    def position(self, index: int) -> Array:
        """Centre of the first voxel of a slice (ImagePositionPatient)."""
        half = (self.size - 1) / 2 * self.pixel_mm
        height = (index - (self.slices - 1) / 2) * self.spacing_mm
        return np.round(-half * self.row - half * self.column + height * self.normal, 6)

    def centres(self) -> Array:
        """Patient coordinates of all voxel centres, [slice, row, column, 3]."""
        steps = np.arange(self.size) * self.pixel_mm
        plane = steps[:, None, None] * self.column + steps[None, :, None] * self.row
        return np.stack([self.position(index) + plane for index in range(self.slices)])


@dataclass(frozen=True)
class Body:
    """A lesion as an ellipsoid with a slightly irregular outline: centre and half axes in mm."""

    lesion_id: str
    centre: tuple[float, float, float]
    half_mm: tuple[float, float, float]
    waves: tuple[float, float]

    def distance(self, centres: Array, half_mm: tuple[float, float, float] | None = None) -> Array:
        """Distance of points from the centre, 1 on the surface."""
        x, y, z = ((centres[..., i] - self.centre[i]) / half for i, half in enumerate(half_mm or self.half_mm))
        return np.sqrt((x**2 + y**2) / self.outline(np.arctan2(y, x)) ** 2 + z**2)

    def outline(self, angle: Array) -> Array:
        """Radius of the outline in a slice, relative to the ellipse."""
        return 1 + self.waves[0] * np.cos(2 * angle + 6 * self.waves[1]) + self.waves[1] * np.sin(3 * angle)


def bodies(person: Person, day: int) -> list[Body]:
    """The lesions that the neck scan sees on a day; one of size 0 is gone."""
    rng = person.rng("lesion places")
    largest = max(person.scale(seen) for seen in (0, *person.imaging_days.values()))
    taken: set[tuple[bool, int]] = set()
    found = []
    for number, lesion in enumerate(lesion for lesion in person.lesions if lesion.dwi):
        side = 1 if (number + person.seed) % 2 else -1
        if (lesion.node, side) in taken:
            side = -side
        taken.add((lesion.node, side))
        height, first, second = (float(v) for v in rng.uniform(-1, 1, 3))
        scale = person.scale(day)
        if scale <= 0:
            continue
        found.append(
            Body(
                lesion_id=lesion.lesion_id,
                centre=_place(lesion, side, largest, 4 * height),
                half_mm=_half_axes(lesion, scale),
                waves=(0.05 * first, 0.03 * second),
            )
        )
    return found


def _half_axes(lesion: Lesion, scale: float) -> tuple[float, float, float]:
    """A node's diameter is its short axis, any other lesion's its longest, both in the slice."""
    half = lesion.diameter_mm * scale / 2
    if lesion.node:
        return half, 1.2 * half, min(1.3 * half, MAX_HALF_HEIGHT_MM)
    return 0.8 * half, half, min(0.9 * half, MAX_HALF_HEIGHT_MM)


def _place(lesion: Lesion, side: int, largest: float, height: float) -> tuple[float, float, float]:
    half, *_ = _half_axes(lesion, max(1.0, largest))
    if lesion.node:
        return side * min(36.0, 58.0 - half), 10.0, height
    return side * (13.0 + half), -22.0, height


def tissue_maps(grid: Grid, tissues: dict[str, Any]) -> tuple[Array, Array, Array]:
    """S0, D (1e-3 mm2/s) and perfusion fraction of a neck without lesions; air has S0 0."""
    places = grid.centres()
    x, y, z = places[..., 0], places[..., 1], places[..., 2]
    wide = 1 + 0.003 * z  # the neck widens towards the head
    shapes = {
        "skin": _inside(x, y, (0, 5), (63 * wide, 59 * wide)),
        "fat": _inside(x, y, (0, 5), (60.5 * wide, 56.5 * wide)),
        "muscle": _inside(x, y, (0, 7), (54 * wide, 49 * wide)),
    }
    shapes["fat "] = _inside(np.abs(x), y, (27, 2), (9, 15)) | _inside(x, y, (0, 54), (3, 14))
    shapes["muscle "] = _inside(np.abs(x), y, (42 - 0.15 * z, -6), (9, 15)) | _inside(np.abs(x), y, (17, 30), (13, 15))
    shapes["gland"] = _inside(np.abs(x), y, (15, -24), (8, 12)) & (np.abs(z) < 17)
    shapes["vessel"] = _inside(np.abs(x), y, (26, -3), (4, 4)) | _inside(np.abs(x), y, (33, -1), (5, 4))
    shapes["marrow"] = _inside(x, y, (0, 13), (13, 11))
    shapes["liquor"] = _inside(x, y, (0, 31), (9, 7.5))
    shapes["cord"] = _inside(x, y, (0, 31), (5.5, 4.5))
    shapes["node"] = _inside(np.abs(x), y, (46, 18), (3, 3.5)) & (np.abs(z - 8) < 7)
    maps = np.zeros((3, *x.shape))
    for name, where in shapes.items():
        tissue = tissues[name.strip()]
        maps[:, where] = np.array([tissue["s0"], tissue["d"], tissue["f"]])[:, None]
    maps[:, _inside(x, y, (0, -24), (8.5, 8.5))] = 0.0
    return maps[0], maps[1], maps[2]


def _inside(x: Array, y: Array, centre: tuple[Any, Any], half: tuple[Any, Any]) -> Array:
    return ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 <= 1


def diffusion_coefficient(adc: float, b_values: list[float], f: float, pseudo: float) -> float:
    """D of tissue with perfusion whose line fit of log signals, weighted by squared signals, is `adc` (all in 1e-3 mm2/s)."""
    b = np.array(b_values) / 1000.0

    def fitted(d: float) -> float:
        signal = ivim(b, d, f, pseudo)
        return float(-np.polyfit(b, np.log(signal), 1, w=signal)[0])

    d = adc
    for _ in range(20):
        d += adc - fitted(d)
    return d


def ivim(b: Any, d: Any, f: Any, pseudo: float) -> Any:
    """Relative signal at b (1000 s/mm2) of tissue with diffusion d and a perfused fraction f."""
    return (1 - f) * np.exp(-b * d) + f * np.exp(-b * pseudo)


def directional_signals(
    maps: tuple[Array, Array, Array],
    b_values: dict[int, float],
    facts: dict[str, Any],
    rng: np.random.Generator,
    zeroed: bool,
) -> dict[int, list[Array]]:
    """Noisy magnitude images of each b value (nominal to played out): one at b 0, three orthogonal directions at each other.

    Muscle-like anisotropy is small and keeps the mean of the three directions at D. A zeroed background is what many
    scanners store.
    """
    s0, d, f = maps
    sigma = facts["noise_sigma"]
    shading = _shading(s0.shape)
    images: dict[int, list[Array]] = {}
    for b, played in b_values.items():
        spread = (0.0,) if b == 0 else (-0.06, 0.0, 0.06)
        images[b] = []
        for tilt in spread:
            clean = s0 * shading * ivim(played / 1000.0, d * (1 + tilt), f, facts["pseudo_diffusion"])
            noise = rng.standard_normal((2, *clean.shape)) * sigma
            noisy = np.hypot(clean + noise[0], noise[1])
            images[b].append(np.where(s0 > 0, noisy, 0.0) if zeroed else noisy)
    return images


def _shading(shape: tuple[int, ...]) -> Array:
    """Smooth coil sensitivity, the same at every b value."""
    y, x = np.linspace(-1, 1, shape[1])[:, None], np.linspace(-1, 1, shape[2])[None, :]
    return (1.05 - 0.15 * x**2 - 0.10 * (y + 0.2) ** 2)[None, :, :]


def with_lesions(
    maps: tuple[Array, Array, Array],
    grid: Grid,
    found: list[Body],
    coefficients: dict[str, float],
    *,
    facts: dict[str, Any],
    rng: np.random.Generator,
) -> tuple[Array, Array, Array]:
    """The maps with lesions: whole inside the outline, mixed with the surroundings within a voxel outside of it."""
    places = grid.centres()
    s0, d, f = (one.copy() for one in maps)
    rim = grid.pixel_mm
    for body in found:
        wide, deep, high = body.half_mm
        inside, around = body.distance(places), body.distance(places, (wide + rim, deep + rim, high + rim))
        weight = np.where(inside <= 1.02, 1.0, np.where(around <= 1, 0.5, 0.0))
        texture = facts["texture_percent"] / 100 * rng.standard_normal(s0.shape)
        texture -= texture[inside <= 1].mean() if (inside <= 1).any() else 0.0
        own = coefficients[body.lesion_id] * (1 + texture)
        s0 += weight * (facts["s0"] - s0)
        d += weight * (own - d)
        f += weight * (facts["perfusion"] - f)
    return s0, d, f


def apparent_diffusion(images: dict[int, list[Array]]) -> Array:
    """The scanner's own ADC map in 1e-6 mm2/s: log-linear fit of the trace-weighted images, 0 where there is no signal."""
    b = np.array(list(images)) / 1000.0
    logs = np.stack([np.mean([np.log(np.maximum(one, 1.0)) for one in images[value]], axis=0) for value in images])
    slope = -np.tensordot((b - b.mean()) / np.sum((b - b.mean()) ** 2), logs, axes=1)
    return np.where(images[0][0] > 60, np.clip(slope * 1000, 0, 4000), 0.0)


def anatomy(grid: Grid, found: list[Body], tissues: dict[str, Any], rng: np.random.Generator) -> Array:
    """A T2-weighted picture of the same neck, fat bright."""
    s0, _, _ = tissue_maps(
        grid, tissues | {"fat": tissues["fat"] | {"s0": 620}, "marrow": tissues["marrow"] | {"s0": 420}}
    )
    for body in found:
        s0 = np.where(body.distance(grid.centres()) <= 1, 480.0, s0)
    noise = rng.standard_normal((2, *s0.shape)) * 6
    return np.hypot(s0 + noise[0], noise[1])
