"""The noise-floor guard: which samples of a voxel stand above the noise.

The magnitude of pure noise is not zero but about 1.25 noise levels, so a signal that has decayed into the noise seems to decay
no further and the ADC comes out low. Samples below `FLOOR` noise levels are therefore left out. What decides is not the sample
itself, which would keep the upward noise and drop the downward, but the prediction of a first fit:

1. first fit: reweighted, of the b values up to the first whose sample lies below the floor;
2. a b value is kept if the first fit predicts its signal above the floor;
3. the two lowest usable b values are always kept: an ADC that the floor pulls down is a value, a gap is none;
4. voxels whose lowest b value is itself in the noise are left alone: there is no signal to protect.
"""

import numpy as np
from adcohort.diffusion.estimators import REWEIGHTS, line, room
from adcohort.diffusion.samples import Samples

FLOOR = 1.5  # noise levels: lower lets the floor in, higher costs precision (benchmarks/results/accuracy.md)
_SURELY_ABOVE = 5.0  # noise levels: a sample so high is not one at the floor by chance
_SIGNAL = 3.0  # noise levels: a lowest b value below is not told from noise (1 % of pure noise lies above)
_LEAST = 2  # b values


def near_floor(logs: np.ndarray, noise: float) -> np.ndarray:
    """Voxels that the guard must look at: signal at the lowest b value, and one sample near the floor."""
    return (logs.min(axis=0) < np.log(_SURELY_ABOVE * noise)) & (logs[0] > np.log(_SIGNAL * noise))


def above_floor(logs: np.ndarray, usable: np.ndarray, design: Samples, noise: float) -> np.ndarray:
    """Samples to keep, (n, voxels), a part of `usable`."""
    floor = np.float32(np.log(FLOOR * noise))
    count = design.member @ usable.astype(np.float32)
    present = count > 0
    mean = (design.member @ (logs * usable)) / np.maximum(count, 1)
    lowest = present & (np.cumsum(present, axis=0) <= _LEAST)
    first = np.logical_and.accumulate((mean > floor) | ~present | lowest, axis=0)
    base = (usable & first[design.level]).astype(np.float64)
    intercept, slope, _ = line(
        logs.astype(np.float64), design, REWEIGHTS, base, room(len(logs), logs.shape[1], np.float64)
    )
    predicted = intercept + np.minimum(slope, 0) * design.shift[:, None]
    return usable & ((predicted > floor) | lowest[design.level])
