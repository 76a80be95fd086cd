"""Nominal b values: the ones that the protocol means, from the ones that images state."""

from collections.abc import Iterable

_APART_ABSOLUTE = 5.0  # s/mm2; b values that are nearer are one nominal b value
_APART_RELATIVE = 0.02
_ZERO = 5.0  # below it a b value is a b0 (pseudo-b0, imaging gradients)


def nominal(stated: Iterable[float]) -> dict[float, int]:
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
