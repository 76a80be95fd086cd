"""Nominal b values: what a protocol meant, from what its images say."""

import numpy as np

PERFUSION_FREE = 200.0  # s/mm2: from here on perfusion has decayed and diffusion is left
_NEAR = 1.5  # s/mm2, or
_NEAR_SHARE = 0.02  # of the b value: actual values so close to the next one mean the same


def nominal(actual: np.ndarray) -> np.ndarray:
    """The nominal b value (integers, s/mm2) of each actual one: values that lie close together are one, named by their mean.

    Values near 0 are 0 (a vendor's pseudo-b0 of 0.001 too); from 20 on a name is a multiple of 5.
    """
    actual = np.asarray(actual, dtype=np.float64)
    order = np.argsort(actual, kind="stable")
    names = np.empty(len(actual), dtype=np.int64)
    ahead = actual[order]
    apart = np.flatnonzero(np.diff(ahead) > np.maximum(_NEAR, _NEAR_SHARE * ahead[1:])) + 1
    for cluster in np.split(order, apart):
        mean = float(actual[cluster].mean())
        if mean < _NEAR:
            name = 0
        elif mean < 20:
            name = round(mean)
        else:
            name = 5 * round(mean / 5)
        names[cluster] = name
    return names


def nearest(actual: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Of known nominal b values the one nearest to each actual one."""
    known = np.asarray(names)
    return known[np.abs(np.asarray(actual, dtype=np.float64)[:, None] - known).argmin(axis=1)]


def levels(names: np.ndarray) -> np.ndarray:
    """The nominal b values that occur, ascending. (np.unique would import numpy.ma, which costs more than a small fit.)"""
    return np.array(sorted(set(names.tolist())))
