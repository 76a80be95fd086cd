"""One diffusion run as a fit takes it: signals, b values, geometry; and what is refused, with its reason."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from adcohort import bvalues, nifti
from adcohort.diffusion.samples import positive
from adcohort.reasons import Reason

_SAMPLE = 5_000  # voxels that are looked at first


class Refused(Exception):
    """The run cannot be fitted: a reason of the closed list, and the evidence in words (no file names)."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True)
class Run:
    """Signals (n, voxels) in the file's order (x fastest), actual and nominal b values (n,) in s/mm2, and the grid.

    `unregistered`: the signals before they were registered, if they were.
    """

    signals: np.ndarray
    b: np.ndarray
    nominal: np.ndarray
    shape: tuple[int, int, int]
    affine: np.ndarray
    unregistered: np.ndarray | None = None

    @property
    def levels(self) -> list[int]:
        """The nominal b values, ascending."""
        return [int(b) for b in bvalues.levels(self.nominal)]

    def image(self, values: np.ndarray) -> np.ndarray:
        """Values (voxels,) as an array [x, y, z]."""
        return values.reshape(self.shape, order="F")


def read(image: Path, bval: Path, known: list[int] | None = None) -> Run:
    """Read a 4-D image and its b values (FSL's text of numbers in one row or column).

    Parameters
    ----------
    known
        The nominal b values, if somebody found them already.

    Raises
    ------
    Refused
        For b values that are none or do not match the volumes, for a single b value, for an image that cannot be read.
    """
    try:
        b = np.array(bval.read_text(encoding="utf-8").replace(",", " ").split(), dtype=np.float64)
    except ValueError as problem:
        raise Refused(Reason.NO_B_VALUE, "the b values are not numbers") from problem
    try:
        stored, header = nifti.read_stored(image)
    except nifti.NotReadable as problem:
        raise Refused(Reason.UNDECODABLE, str(problem)) from problem
    count = header.shape[3] if len(header.shape) == 4 else 1
    if len(b) != count:
        raise Refused(Reason.B_VALUES_MISMATCH, f"{len(b)} b values for {count} volumes")
    if not (np.isfinite(b).all() and (b >= 0).all()):
        raise Refused(Reason.NO_B_VALUE, "a b value is negative or not a number")
    signals = stored.reshape(count, -1)
    if header.scaled:
        signals = signals * np.float32(header.slope) + np.float32(header.intercept)
    names = bvalues.nearest(b, np.array(known)) if known else bvalues.nominal(b)
    x, y, z = header.shape[:3]
    return Run(signals, b, names, (x, y, z), header.affine)


def chosen(run: Run, b_min: float | None, b_max: float | None) -> np.ndarray:
    """Row numbers of the volumes whose nominal b values lie between b_min and b_max, both included.

    Raises
    ------
    Refused
        For fewer than two b values, or for signals of which no voxel is usable at two.
    """
    low, high = b_min or 0.0, np.inf if b_max is None else b_max
    inside = (run.nominal >= low) & (run.nominal <= high)
    levels = bvalues.levels(run.nominal[inside])
    if len(levels) < 2:
        had = " ".join(map(str, run.levels))
        limits = "" if len(run.levels) < 2 else f", of which b_min and b_max leave {len(levels)}"
        raise Refused(Reason.ONE_B_VALUE, f"b values {had}{limits}; an ADC needs two")
    rows = np.flatnonzero(inside)
    middle = slice(run.signals.shape[1] // 2, run.signals.shape[1] // 2 + _SAMPLE)
    if _somewhere_usable(run, rows, middle) or _somewhere_usable(run, rows, slice(None)):
        return rows
    raise Refused(Reason.NO_SIGNAL, "no voxel has a signal above zero at two b values")


def _somewhere_usable(run: Run, rows: np.ndarray, voxels: slice) -> bool:
    usable = np.zeros(run.signals[0, voxels].shape, np.uint8)
    for level in bvalues.levels(run.nominal[rows]):
        usable += np.logical_or.reduce([positive(run.signals[row, voxels]) for row in rows[run.nominal[rows] == level]])
        if usable.max() == 2:
            return True
    return False
