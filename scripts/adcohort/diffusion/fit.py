"""The apparent diffusion coefficient (ADC) of every voxel, from the model S(b) = S0 exp(-b ADC).

Estimators, all on the samples of a voxel that are usable (finite and above zero):

``ols``
    straight line through ln S, every sample with weight 1 (what MRtrix3's dwi2adc computes).
``wls``
    the same line, then fitted twice more with weights S_predicted(b) squared: the noise of ln S is that of S divided by S,
    and weights from the prediction do not follow the noise of a sample as weights from the signal itself would.
``nlls``
    least squares in S (not in ln S), by Gauss-Newton with S0 projected out, from the wls solution.

With two samples all three agree. Several volumes of one nominal b value (directions, repeats) are combined in one of two ways:

``geometric_mean``
    exp(mean of ln S) over the usable volumes of a b value is one sample, at the mean of their actual b values; each b value
    counts once. ln(S0 / geometric mean) / b is what scanners compute; an arithmetic mean of S would read the ADC of
    anisotropic tissue too low.
``fitted_together``
    every volume is a sample of its own at its actual b value, and counts once.

A signal in the noise floor is left out by the guard, see the module `guard`. Perfusion raises the signal below b = 200 s/mm2:
an ADC from all b values holds some of it, one from b values of at least 200 is free of it (fit the samples of those).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from adcohort.diffusion import guard
from adcohort.diffusion.estimators import REWEIGHTS, line, line_statistics, nonlinear, room, straight_slope
from adcohort.diffusion.samples import Samples, logarithms, volumes_used

ESTIMATORS = ("wls", "ols", "nlls")
ALL_MAPS = ("adc", "s0", "r2", "stderr", "n_used", "guarded")
_BLOCK = 131_072  # samples: a block's work stays in the processor's cache, and is long enough to make calls cheap
_MODEL_MAPS = {"s0", "r2", "stderr"}


@dataclass(frozen=True)
class Maps:
    """What a fit gives, one value a voxel; `adc` and `stderr` in mm2/s. With fewer than two usable b values: NaN, `n_used` 0.

    `r2` and `stderr` are NaN where two samples were fitted: a line always goes through them. `n_used` counts volumes;
    `guarded` says where the noise-floor guard left out samples.
    """

    adc: np.ndarray
    s0: np.ndarray | None = None
    r2: np.ndarray | None = None
    stderr: np.ndarray | None = None
    n_used: np.ndarray | None = None
    guarded: np.ndarray | None = None


class _Special(NamedTuple):
    """Voxels with samples that may not count: their numbers, and their samples' logarithms and usability, (n, voxels)."""

    voxels: np.ndarray
    logs: np.ndarray
    usable: np.ndarray


def fit(
    signals: np.ndarray,
    design: Samples,
    estimator: str = "wls",
    noise: float | None = None,
    want: Collection[str] = ("adc",),
) -> Maps:
    """Fit every voxel.

    Parameters
    ----------
    signals
        (n, voxels) signals as stored, of any number type; only the rows of ``design.volumes`` are read.
    estimator
        One of `ESTIMATORS`.
    noise
        Noise level (standard deviation of one channel, in units of the signal) for the guard; None: no guard.
    want
        The maps to make, of `ALL_MAPS`; the ADC is always made, and much faster alone.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f"no estimator {estimator!r}; there are {', '.join(ESTIMATORS)}")
    count = signals.shape[1]
    out: dict[str, np.ndarray] = {name: np.empty(count, kind) for name, kind in _made(want).items()}
    step, width = max(4096, _BLOCK // len(design.volumes)), 0
    waiting: list[_Special] = []
    with np.errstate(all="ignore"):
        for first in range(0, count, step):
            part = slice(first, min(first + step, count))
            if part.stop - first != width:  # the first block, and the last one if it is smaller
                width = part.stop - first
                buffers = np.empty((len(design.volumes), width), np.float32), room(len(design.volumes), width)
            special = _fit_block(signals, design, part, buffers, out, estimator=estimator, noise=noise)
            if special is not None:
                waiting.append(special)
            if waiting and (part.stop == count or sum(one.voxels.size for one in waiting) > step):
                _fit_special(signals, design, waiting, out, estimator=estimator, noise=noise)
                waiting = []
    return Maps(**out)


def _made(want: Collection[str]) -> dict[str, type]:
    """The maps that a fit makes, and their number types."""
    kinds: dict[str, type] = {"n_used": np.uint16, "guarded": np.bool_}
    return {name: kinds.get(name, np.float32) for name in ALL_MAPS if name in {"adc", *want}}


def _fit_block(
    signals: np.ndarray,
    design: Samples,
    part: slice,
    buffers: tuple[np.ndarray, np.ndarray],
    out: dict[str, np.ndarray],
    *,
    estimator: str,
    noise: float | None,
) -> _Special | None:
    """Fit the voxels of a block into `out` as if every sample counted; returns those that are to be fitted anew."""
    logs, usable = logarithms(signals, design, part, buffers[0])
    special = None if usable is None else ~usable.all(axis=0)
    if noise is not None:
        near = guard.near_floor(logs, noise)
        special = near if special is None else special | near
    chosen = np.flatnonzero(special) if special is not None and special.any() else None
    some = None if chosen is None else logs[:, chosen]
    found = _estimate(logs, design, None, buffers[1], estimator=estimator, want=out)
    for name, values in found.items():
        out[name][part] = values
    if "n_used" in out:
        out["n_used"][part] = len(design.volumes)
    if "guarded" in out:
        out["guarded"][part] = False
    if chosen is None or some is None:
        return None
    return _Special(part.start + chosen, some, np.ones(some.shape, bool) if usable is None else usable[:, chosen])


def _fit_special(
    signals: np.ndarray,
    design: Samples,
    waiting: Sequence[_Special],
    out: dict[str, np.ndarray],
    *,
    estimator: str,
    noise: float | None,
) -> None:
    """Fit anew, into `out`, voxels that have samples which do not count."""
    voxels = np.concatenate([one.voxels for one in waiting])
    logs = np.concatenate([one.logs for one in waiting], axis=1)
    kept = base = np.concatenate([one.usable for one in waiting], axis=1)
    if noise is not None:
        kept = base & (guard.above_floor(logs, base, design, noise) | ~guard.near_floor(logs, noise))
    few = ((design.member @ kept.astype(np.float32)) > 0).sum(axis=0) < 2
    place = room(len(logs), voxels.size, np.float64)
    found = _estimate(logs.astype(np.float64), design, kept.astype(np.float64), place, estimator=estimator, want=out)
    for name, values in found.items():
        values[few] = np.nan
        out[name][voxels] = values
    if "n_used" in out:
        out["n_used"][voxels] = np.where(few, 0, volumes_used(signals, design, kept, voxels))
    if "guarded" in out:
        out["guarded"][voxels] = (base & ~kept).any(axis=0)


def _estimate(
    logs: np.ndarray,
    design: Samples,
    base: np.ndarray | None,
    work: np.ndarray,
    *,
    estimator: str,
    want: Collection[str],
) -> dict[str, np.ndarray]:
    """The maps of `want` that come from the model, for samples that count where `base` is 1 (None: all). Changes `logs`."""
    plain = estimator == "ols" or len(design.x) == 2
    nlls = estimator == "nlls" and not plain
    if plain and base is None and not _MODEL_MAPS & set(want):
        return {"adc": straight_slope(logs, design) / np.float32(-1000)}
    first = logs[0].copy()
    logs -= first  # sums of differences lose fewer digits
    fitted = line(logs, design, 0 if plain else REWEIGHTS, base, work)
    intercept, slope, _ = fitted
    found: dict[str, np.ndarray] = {}
    if nlls:
        intercept, slope, found["r2"], found["stderr"] = nonlinear(logs, design, slope, base)
    elif _MODEL_MAPS & set(want):
        found["r2"], found["stderr"] = line_statistics(logs, design, fitted, base, work)
    if "stderr" in found:
        found["stderr"] /= 1000
    if "s0" in want:
        found["s0"] = np.exp(intercept - slope * design.x[0] + first)
    found["adc"] = slope / np.float32(-1000)
    return {name: values for name, values in found.items() if name in want}
