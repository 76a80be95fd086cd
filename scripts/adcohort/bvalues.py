"""Nominal b values: what a protocol meant, from what its images say."""

from collections.abc import Iterable

import numpy as np

PERFUSION_FREE = 200.0  # s/mm2: from here on perfusion has decayed and diffusion is left
_APART_ABSOLUTE = 5.0  # s/mm2; b values that are nearer are one nominal b value
_APART_RELATIVE = 0.02
_ZERO = 5.0  # below it a b value is a b0 (pseudo-b0, imaging gradients)


def named(stated: Iterable[float]) -> dict[float, int]:
    """Stated to nominal b value: neighbours closer than 5 s/mm2 or 2 % are one, called by the round number next to them."""
    clusters: list[list[float]] = []
    for b in sorted(set(stated)):
        if clusters and _same(clusters[-1][-1], b):
            clusters[-1].append(b)
        else:
            clusters.append([b])
    return {b: _name(cluster) for cluster in clusters for b in cluster}


def _same(lower: float, upper: float) -> bool:
    if lower < _ZERO <= upper:
        return False
    return upper - lower < max(_APART_ABSOLUTE, _APART_RELATIVE * upper)


def _name(cluster: list[float]) -> int:
    middle = cluster[len(cluster) // 2]
    if middle < _ZERO:
        return 0
    for step, tolerance in ((100, 0.01), (50, 0.01), (10, 0.01), (5, 0.01)):
        rounded = round(middle / step) * step
        if rounded and abs(rounded - middle) <= tolerance * middle:
            return rounded
    return round(middle)


def nominal(actual: np.ndarray) -> np.ndarray:
    """The nominal b value (integers, s/mm2) of each actual one."""
    values = np.asarray(actual, dtype=np.float64).tolist()
    names = named(values)
    return np.array([names[b] for b in values], dtype=np.int64)


def nearest(actual: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Of known nominal b values the one nearest to each actual one."""
    known = np.asarray(names)
    return known[np.abs(np.asarray(actual, dtype=np.float64)[:, None] - known).argmin(axis=1)]


def levels(names: np.ndarray) -> np.ndarray:
    """The nominal b values that occur, ascending. (np.unique would import numpy.ma, which costs more than a small fit.)"""
    return np.array(sorted(set(names.tolist())))
