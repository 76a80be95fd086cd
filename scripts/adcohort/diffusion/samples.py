"""From volumes to the samples of a fit: which volumes count, and how those of one b value are combined."""

from dataclasses import dataclass, field

import numpy as np
from adcohort import bvalues

DIRECTIONS = ("geometric_mean", "fitted_together")


@dataclass(frozen=True)
class Samples:
    """The samples of a fit, in ascending order of nominal b value.

    `volumes` (n_volumes,) are row numbers of the signals, `group` (n_volumes,) the rank of each one's nominal b value;
    `x` (n,) are the samples' actual b values in 1000 s/mm2 (beside ADC in 1e-3 mm2/s, sums stay near 1 where float32 is
    exact), `level` (n,) the rank of each one's nominal b value; `combine` (n, n_volumes) is the mean over a b value's
    volumes, or None where every volume is a sample.
    """

    volumes: np.ndarray
    group: np.ndarray
    x: np.ndarray
    level: np.ndarray
    combine: np.ndarray | None
    basis: np.ndarray = field(init=False)
    member: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        shift = self.x - self.x[0]
        object.__setattr__(self, "basis", np.stack([np.ones_like(shift), shift, shift * shift]))
        ranks = np.arange(self.level[-1] + 1)
        object.__setattr__(self, "member", (self.level == ranks[:, None]).astype(np.float32))

    @property
    def shift(self) -> np.ndarray:
        """b values less the lowest, (n,): a line is fitted through ln S against these."""
        return self.basis[1]


def samples(b: np.ndarray, nominal: np.ndarray, use: np.ndarray, directions: str) -> Samples:
    """The samples of the volumes in `use` (row numbers), one a nominal b value (`geometric_mean`) or one a volume.

    Parameters
    ----------
    b, nominal
        (n,) actual and nominal b values of all volumes, s/mm2.
    directions
        One of `DIRECTIONS`; see the module `fit`.
    """
    if directions not in DIRECTIONS:
        raise ValueError(f"no way {directions!r} to combine directions; there are {', '.join(DIRECTIONS)}")
    volumes = use[np.argsort(nominal[use], kind="stable")]
    levels = bvalues.levels(nominal[volumes])
    group = np.searchsorted(levels, nominal[volumes])
    actual = np.asarray(b, dtype=np.float64)[volumes] / 1000.0
    if directions == "fitted_together" or len(levels) == len(volumes):
        return Samples(volumes, group, actual.astype(np.float32), group, None)
    member = (group == np.arange(len(levels))[:, None]).astype(np.float64)
    mean = member / member.sum(axis=1, keepdims=True)
    return Samples(volumes, group, (mean @ actual).astype(np.float32), np.arange(len(levels)), mean.astype(np.float32))


def logarithms(
    signals: np.ndarray, design: Samples, part: slice, work: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """ln S of the samples in the voxels of `part`, (n, voxels), 0 where not usable; and which are usable (None: all).

    A volume's signal is usable if it is finite and above zero; a sample, if one of its volumes is.
    """
    logs = work[: len(design.volumes), : part.stop - part.start]
    for row, volume in enumerate(design.volumes):
        logs[row] = signals[volume, part]
    usable = None
    if not (logs.min() > 0 and logs.max() < np.inf):  # NaN is caught too
        usable = positive(logs)
        logs[~usable] = 1.0
    np.log(logs, out=logs)
    if design.combine is None:
        return logs, usable
    if usable is None:
        return design.combine @ logs, None
    member = (design.combine > 0).astype(np.float32)
    count = member @ usable.astype(np.float32)
    return (member @ logs) / np.maximum(count, 1.0), count > 0


def positive(signals: np.ndarray) -> np.ndarray:
    """Which signals are usable: finite and above zero."""
    return (signals > 0) & (signals < np.inf)


def volumes_used(signals: np.ndarray, design: Samples, kept: np.ndarray, voxels: np.ndarray) -> np.ndarray:
    """Number of volumes behind the samples that are kept, (voxels,); `kept` is (n, voxels)."""
    row = np.arange(len(design.volumes)) if design.combine is None else design.group
    count = np.zeros(len(voxels), np.uint16)
    for volume, sample in zip(design.volumes, row, strict=True):
        count += kept[sample] & positive(signals[volume, voxels])
    return count
