"""Numerical derivatives: central differences, extrapolated once (Richardson)."""

from collections.abc import Callable
from typing import Any

import numpy as np


def slope(function: Callable[[np.ndarray], Any], where: np.ndarray, k: int) -> np.ndarray:
    """Derivative by one entry: central differences, extrapolated once."""

    def central(step: float) -> np.ndarray:
        move = np.zeros_like(where)
        move[k] = step
        return (np.asarray(function(where + move)) - np.asarray(function(where - move))) / (2 * step)

    step = 1e-3 * max(abs(where[k]), 0.1)
    return (4 * central(step / 2) - central(step)) / 3


def hessian(function: Callable[[np.ndarray], float], where: np.ndarray) -> np.ndarray:
    """Second derivatives by central differences, extrapolated once."""
    steps = 1e-2 * np.maximum(np.abs(where), 0.1)

    def second(scale: float) -> np.ndarray:
        size = len(where)
        out = np.empty((size, size))
        centre = function(where)
        moves = np.diag(steps * scale)
        for i in range(size):
            ahead, behind = function(where + moves[i]), function(where - moves[i])
            out[i, i] = (ahead - 2 * centre + behind) / moves[i, i] ** 2
            for j in range(i):
                signs = [function(where + a * moves[i] + b * moves[j]) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
                out[i, j] = out[j, i] = (signs[0] - signs[1] - signs[2] + signs[3]) / (4 * moves[i, i] * moves[j, j])
        return out

    return (4 * second(0.5) - second(1.0)) / 3
