"""Models beside the ADC, for runs with enough b values: perfusion (IVIM, segmented) and kurtosis. Opt-in.

IVIM, segmented: D is the ADC of b values of at least 200, where perfusion has decayed; its line, extended to b = 0, meets the
tissue's signal there, and what b = 0 shows above it is blood: f = 1 - S0_tissue / S(0). The pseudo-diffusion coefficient is not
estimated: clinical b values do not determine it.

Kurtosis: ln S = ln S0 - b D + b^2 D^2 K / 6, reweighted like the ADC. It needs signal above the noise floor at high b: samples
below it bend the curve as kurtosis does, so voxels with fewer than three b values above the floor are NaN.
"""

from collections.abc import Collection, Iterator

import numpy as np
from adcohort import bvalues
from adcohort.diffusion import guard
from adcohort.diffusion.fit import fit
from adcohort.diffusion.samples import Samples, logarithms, samples

MODELS = ("ivim", "kurtosis")
_KURTOSIS_B = 1000  # s/mm2: below it the curve is too straight
_BLOCK = 16384
_REWEIGHTS = 2
_FARTHEST = 30.0


def needs(model: str, levels: Collection[int]) -> str:
    """What a model lacks for nominal b values, in words; empty if it can be fitted."""
    high = [b for b in levels if b >= bvalues.PERFUSION_FREE]
    if model == "ivim":
        if min(levels) > 10 or len(high) < 2:
            return "ivim needs b = 0 and two b values of at least 200"
    elif len(levels) < 3 or max(levels) < _KURTOSIS_B:
        return f"kurtosis needs three b values, one of at least {_KURTOSIS_B}"
    return ""


def ivim(
    signals: np.ndarray, b: np.ndarray, nominal: np.ndarray, *, estimator: str, directions: str, noise: float | None
) -> dict[str, np.ndarray]:
    """`d` (mm2/s) and `f` (share, may be negative by noise) of every voxel; all volumes that are given are used."""
    tissue = samples(b, nominal, np.flatnonzero(nominal >= bvalues.PERFUSION_FREE), directions)
    maps = fit(signals, tissue, estimator, noise, ("adc", "s0"))
    lowest = samples(b, nominal, np.flatnonzero(nominal == nominal.min()), "geometric_mean")
    whole = np.empty(signals.shape[1], np.float32)
    for part, logs, usable in _blocks(signals, lowest):
        whole[part] = np.exp(logs[0]) if usable is None else np.where(usable[0], np.exp(logs[0]), np.nan)
    assert maps.s0 is not None
    with np.errstate(all="ignore"):
        return {"d": maps.adc, "f": 1 - maps.s0 / whole}


def kurtosis(
    signals: np.ndarray, b: np.ndarray, nominal: np.ndarray, *, directions: str, noise: float | None
) -> dict[str, np.ndarray]:
    """`d` (mm2/s) and `k` (no unit) of every voxel; all volumes that are given are used."""
    design = samples(b, nominal, np.arange(len(b)), directions)
    d, k = (np.full(signals.shape[1], np.nan, np.float32) for _ in range(2))
    x = design.x.astype(np.float64)
    powers = np.stack([np.ones_like(x), x, x * x])
    for part, logs, usable in _blocks(signals, design):
        keep = np.ones(logs.shape, bool) if usable is None else usable
        if noise is not None:
            keep = keep & guard.above_floor(logs, keep, design, noise)
        enough = np.flatnonzero(((design.member @ keep.astype(np.float32)) > 0).sum(axis=0) >= 3)
        if enough.size:
            curve = _curve(logs[:, enough].astype(np.float64), keep[:, enough].astype(np.float64), powers)
            with np.errstate(all="ignore"):
                d[part][enough] = -curve[1] / 1000
                k[part][enough] = 6 * curve[2] / curve[1] ** 2
    return {"d": d, "k": k}


def _curve(logs: np.ndarray, base: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Coefficients (3, voxels) of the parabola through ln S, fitted anew with weights S_predicted squared."""
    products = powers[:, None, :] * powers[None, :, :]
    weights = base
    for again in range(_REWEIGHTS + 1):
        matrix = np.einsum("ijn,nv->vij", products, weights)
        right = np.einsum("in,nv->vi", powers, weights * logs)
        matrix += 1e-9 * np.eye(3) * np.trace(matrix, axis1=1, axis2=2)[:, None, None] / 3  # never singular
        curve = np.linalg.solve(matrix, right[..., None])[..., 0].T
        if again < _REWEIGHTS:
            predicted = powers.T @ curve
            weights = base * np.exp(np.clip(2 * (predicted - predicted[0]), -_FARTHEST, _FARTHEST))
    return curve


def _blocks(signals: np.ndarray, design: Samples) -> Iterator[tuple[slice, np.ndarray, np.ndarray | None]]:
    work = np.empty((len(design.volumes), _BLOCK), np.float32)
    for first in range(0, signals.shape[1], _BLOCK):
        part = slice(first, min(first + _BLOCK, signals.shape[1]))
        yield part, *logarithms(signals, design, part, work)
