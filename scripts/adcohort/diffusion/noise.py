"""The noise level of a diffusion run (standard deviation of one channel of the complex image), where it can be trusted.

From the air: voxels whose magnitudes at all b values are together what pure Rician noise gives (after Koay et al. 2009, PIESNO:
the sum of squares of k magnitudes over 2 sigma squared is gamma distributed). The level is that of the lowest b value there;
higher ones are often means over directions, whose noise is narrower. It is refused, in words, where the background was set to
zero, does not follow the Rayleigh distribution (several coils combined by sum of squares, averages, filters), decays with b,
or differs between the parts of the image.

From the highest b value: fine detail (diagonal Haar coefficients) of the foreground, whose median is robust against edges.
Interpolated images give too little.
"""

from collections.abc import Sequence

import numpy as np

_SAMPLE = 30_000  # voxels that are looked at
_MOST_VOLUMES = 8
_LEAST_VOXELS = 200
_LEAST_SHARE = 0.01
_TAIL = 2.576  # normal deviate: 99 % of noise voxels lie between
_RAYLEIGH = np.pi / 4  # mean squared over mean square
_RAYLEIGH_TOLERANCE = 0.03
_STAYS = (
    0.8,
    1.1,
)  # mean magnitude at the highest over the lowest b value: 0.85 for a geometric mean of many directions
_NO_AIR = "no air in the image"
_UNIFORM = 1.5  # highest over lowest noise level of the image's quarters


def from_background(
    signals: np.ndarray, volumes: Sequence[int], shape: tuple[int, int, int]
) -> tuple[float | None, str]:
    """Noise level and an empty string; or None, and in words why there is no trustworthy one.

    Parameters
    ----------
    signals
        (n, voxels), x fastest.
    volumes
        Rows to use, lowest b value first, of different b values.
    shape
        Voxels along x, y, z.
    """
    rows = list(volumes)[:: max(1, len(volumes) // _MOST_VOLUMES)][:_MOST_VOLUMES]
    lines = np.arange(
        0, signals.shape[1] // shape[0], max(1, signals.shape[1] // _SAMPLE)
    )  # along x: neighbours in memory
    voxels = (lines[:, None] * shape[0] + np.arange(shape[0])).ravel()
    values = np.stack([signals[row, voxels] for row in rows]).astype(np.float64)
    usable = ((values > 0) & (values < np.inf)).all(axis=0)
    values, voxels, total = values[:, usable], voxels[usable], voxels.size
    zeroed = total - voxels.size
    least = max(_LEAST_VOXELS, _LEAST_SHARE * total)
    power = (values * values).mean(axis=0) / 2
    problems = []
    for chosen in _clusters(power, len(rows), least):
        problem = _objection(values[:, chosen], voxels[chosen], shape)
        if not problem:
            return float(np.sqrt((values[0, chosen] ** 2).mean() / 2)), ""
        problems.append(problem)
    if zeroed >= least:
        return None, "the background was set to zero"
    return None, next((problem for problem in problems if problem != _NO_AIR), _NO_AIR)


def _clusters(power: np.ndarray, k: int, least: float) -> list[np.ndarray]:
    """Voxels (as masks) of the noise levels that explain themselves, the largest group first.

    A level selects the voxels whose mean square fits it; their median gives the level anew, until it stays.
    """
    if power.size < least:
        return []
    ordered = np.sort(power)
    low, middle, high = ((1 - 1 / (9 * k) + z / (3 * np.sqrt(k))) ** 3 for z in (-_TAIL, 0.0, _TAIL))
    found: dict[float, np.ndarray] = {}
    for start in ordered[(np.linspace(0.02, 0.9, 12) * (ordered.size - 1)).astype(int)] / middle:
        variance, first, last = start, 0, 0
        for _ in range(30):
            first, last = np.searchsorted(ordered, (max(low, 0) * variance, high * variance))
            if last - first < least:
                break
            new = ordered[(first + last) // 2] / middle
            if abs(new - variance) <= 1e-6 * variance:
                break
            variance = new
        if last - first >= least:
            chosen = (power >= max(low, 0) * variance) & (power <= high * variance)
            found[round(float(np.log(variance)), 3)] = chosen
    return sorted(found.values(), key=lambda chosen: -int(chosen.sum()))


def _objection(values: np.ndarray, voxels: np.ndarray, shape: tuple[int, int, int]) -> str:
    """Why the magnitudes are not those of pure, uniform noise; empty if they are."""
    mean = values.mean(axis=1)
    if not _STAYS[0] <= mean[-1] / mean[0] <= _STAYS[1]:
        return _NO_AIR
    form = mean**2 / (values**2).mean(axis=1)
    if abs(form[0] - _RAYLEIGH) > _RAYLEIGH_TOLERANCE or form.min() < _RAYLEIGH - _RAYLEIGH_TOLERANCE:
        return "the background does not follow the Rayleigh distribution"
    x, y = voxels % shape[0], voxels // shape[0] % shape[1]
    quarter = 2 * (x >= shape[0] / 2) + (y >= shape[1] / 2)
    levels = [np.sqrt((values[:, quarter == q] ** 2).mean()) for q in range(4) if (quarter == q).sum() >= _LEAST_VOXELS]
    if levels and max(levels) > _UNIFORM * min(levels):
        return "the noise differs between the parts of the image"
    return ""


def from_detail(signal: np.ndarray, foreground: np.ndarray, shape: tuple[int, int, int]) -> tuple[float | None, str]:
    """Noise level from the diagonal Haar coefficients of one volume within the foreground; or None, and why.

    Parameters
    ----------
    signal, foreground
        (voxels,), x fastest.
    """
    nx, ny = shape[0] // 2 * 2, shape[1] // 2 * 2
    image = signal.reshape(shape, order="F")[:nx, :ny].astype(np.float64)
    inside = foreground.reshape(shape, order="F")[:nx, :ny]
    corners = [(slice(i, None, 2), slice(j, None, 2)) for i in (0, 1) for j in (0, 1)]
    whole = np.logical_and.reduce([inside[corner] for corner in corners])
    if whole.sum() < _LEAST_VOXELS:
        return None, "too few voxels in the foreground"
    a, b, c, d = (image[corner][whole] for corner in corners)
    level = float(np.median(np.abs(a - b - c + d)) / 2 / 0.6745)
    return (level, "") if level > 0 else (None, "the highest b value holds no noise")
