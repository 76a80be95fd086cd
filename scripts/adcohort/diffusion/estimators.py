"""The estimators on a block of voxels: straight lines through ln S, reweighted or not, and least squares in S."""

import numpy as np
from adcohort.diffusion.samples import Samples

REWEIGHTS = 2
_FARTHEST = 15.0  # weights follow the prediction over so many logarithms of the signal, then stay: none underflows
_RISE = 3.0  # the same for signals that rise with b, which no diffusion explains
_STEPS = 60
_CLOSE = 1e-7  # 1e-3 mm2/s: Gauss-Newton ends


def room(samples: int, voxels: int, kind: type = np.float32) -> np.ndarray:
    """Room for `line`: temporary arrays above 128 KiB would be mapped and faulted anew at every step."""
    return np.empty((3, max(samples, 5), voxels), kind)


def line(
    logs: np.ndarray, design: Samples, reweights: int, base: np.ndarray | None, work: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Intercept, slope (voxels,) and the final weights (n, voxels; None: all 1) of the line through `logs`.

    Parameters
    ----------
    logs
        (n, voxels) ln S; differences to the first sample keep the most digits.
    reweights
        How often to fit anew with weights S_predicted squared.
    base
        (n, voxels) 1 for a sample that counts, 0 for one that does not; None: all count. With it, float64 is needed: the sums
        lose digits where the first sample does not count.
    work
        Of `room`, to compute in; the weights that are returned lie in it.
    """
    weights, weighted, sums = work[0, : len(logs)], work[1, : len(logs)], work[2, :5]
    if base is None:
        shift = design.shift
        slope = straight_slope(logs, design)
        intercept = np.full(len(shift), 1 / len(shift), np.float32) @ logs - shift.mean() * slope
        current = None
    else:
        weights[:] = base
        intercept, slope = _weighted_line(logs, design, 0, weights, weighted, sums)
        current = weights
    limit = _FARTHEST / design.shift[-1]
    # the first sample has weight 1; where it counts everywhere, and is 0 in `logs`, it adds to one sum alone
    first = int(base is None and design.shift[1] > 0 and not logs[0].any())
    for _ in range(reweights):
        np.multiply(
            2 * design.shift[first:, None], np.clip(slope, -limit, _RISE / design.shift[-1]), out=weights[first:]
        )
        np.exp(weights[first:], out=weights[first:])
        weights[:first] = 1.0
        if base is not None:
            weights *= base
        intercept, slope = _weighted_line(logs, design, first, weights, weighted, sums)
        current = weights
    return intercept, slope, current


def straight_slope(logs: np.ndarray, design: Samples) -> np.ndarray:
    """Slope (voxels,) of the line through `logs` with equal weights, all samples counting."""
    centred = design.shift - design.shift.mean()
    return (centred / (centred @ centred)) @ logs


def _weighted_line(
    logs: np.ndarray, design: Samples, first: int, weights: np.ndarray, *more: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    weighted, sums = more
    basis = design.basis if weights.dtype == np.float32 else design.basis.astype(weights.dtype)
    n, x, xx = np.dot(basis[:, first:], weights[first:], out=sums[:3])
    n += first
    np.multiply(weights[first:], logs[first:], out=weighted[first:])
    y, xy = np.dot(basis[:2, first:], weighted[first:], out=sums[3:])
    slope = n * xy
    slope -= x * y
    xx *= n
    xx -= x * x
    slope /= xx
    intercept = y - slope * x
    intercept /= n
    return intercept, slope


def line_statistics(
    logs: np.ndarray,
    design: Samples,
    fitted: tuple[np.ndarray, np.ndarray, np.ndarray | None],
    base: np.ndarray | None,
    work: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """R squared and standard error of the slope, both with the weights of the fit; NaN where only two samples count.

    `work` is that of `line`. `logs` holds the residuals afterwards.
    """
    intercept, slope, weights = fitted
    square, ones = work[1, : len(logs)], np.ones(len(logs), logs.dtype)
    if weights is None:
        weights = work[0, : len(logs)]
        weights[:] = 1.0
    count = np.float32(len(logs)) if base is None else base.sum(axis=0)
    n, x, xx = design.basis @ weights
    mean = ones @ np.multiply(weights, logs, out=square)
    mean /= n
    logs -= mean
    np.multiply(logs, logs, out=square)
    square *= weights
    total = ones @ square
    mean -= intercept
    logs += mean
    logs -= np.multiply(design.shift[:, None], slope, out=square)
    np.multiply(logs, logs, out=square)
    square *= weights
    rest = ones @ square
    enough = count > 2
    r2 = np.where(enough & (total > 0), 1 - rest / total, np.nan)
    stderr = np.where(enough, np.sqrt(rest / (count - 2) * n / (n * xx - x * x)), np.nan)
    return r2, stderr


def nonlinear(
    logs: np.ndarray, design: Samples, start: np.ndarray, base: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Least squares in S by Gauss-Newton with S0 projected out: ln S0, slope, R squared, standard error of the slope.

    A step that makes the fit worse is halved. All in float64; `start` is the slope to begin with.
    """
    shift = design.shift.astype(np.float64)[:, None]
    counts = np.ones(logs.shape) if base is None else base.astype(np.float64)
    signal = np.exp(logs.astype(np.float64)) * counts
    limit = _FARTHEST / shift[-1, 0]
    slope = np.clip(np.nan_to_num(start.astype(np.float64)), -limit, limit)
    step = np.zeros_like(slope)
    best = np.full(slope.shape, np.inf)
    s0, scale = np.ones_like(slope), np.ones_like(slope)
    active = np.arange(len(slope))
    for _ in range(_STEPS):
        trial = np.clip(slope[active] + step[active], -limit, limit)
        decay = np.exp(shift * trial) * counts[:, active]
        square = (decay * decay).sum(axis=0)
        height = (decay * signal[:, active]).sum(axis=0) / square
        residual = signal[:, active] - height * decay
        rest = (residual * residual).sum(axis=0)
        better = rest <= best[active]
        ahead, worse = active[better], active[~better]
        tangent = (shift - (shift * decay * decay).sum(axis=0) / square) * height * decay
        slope[ahead], s0[ahead], best[ahead] = trial[better], height[better], rest[better]
        scale[ahead] = (tangent * tangent).sum(axis=0)[better]
        step[ahead] = ((tangent * residual).sum(axis=0)[better]) / np.maximum(scale[ahead], 1e-300)
        step[worse] /= 2
        active = active[np.abs(step[active]) > _CLOSE]
        if not active.size:
            break
    count = counts.sum(axis=0)
    mean = signal.sum(axis=0) / count
    total = (counts * (signal - mean) ** 2).sum(axis=0)
    enough = count > 2
    r2 = np.where(enough & (total > 0), 1 - best / total, np.nan)
    stderr = np.where(enough, np.sqrt(best / np.maximum(count - 2, 1) / scale), np.nan)
    return np.log(s0), slope, r2, stderr
