"""From a run of the manifest to its volumes; what is wrong with the pixels becomes the run's reason."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from adcohort import files, nifti
from adcohort.dicom import found, pixels
from adcohort.errors import StudyError
from adcohort.reasons import Reason

_SAMPLE = 65_536  # voxels of a volume that are looked at for signal decay


class Refused(Exception):
    """The run cannot be used."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


def run(data: Path, wanted: Mapping[str, Any], folder: Path, suffix: str = "nii.gz") -> dict[str, Any]:
    """Write one run's volumes, .bval, .bvec and sidecar; returns its status (accepted, or excluded with a reason).

    Parameters
    ----------
    data
        The study's data folder, to which the manifest's paths are relative.
    wanted
        A run of a manifest.
    folder
        Where the files go.
    suffix
        nii.gz or nii.
    """
    names = ("acquisition", "run", "stem", "b_values", "vendor", "scanner", "series")
    status = {name: wanted[name] for name in names} | {"n_files": len(wanted["files"])}
    try:
        array = assemble(data, wanted)
        check_decay(array, [volume["nominal"] for volume in wanted["volumes"]])
    except Refused as problem:
        return status | {"status": "excluded", "reason": str(problem.reason), "detail": problem.detail}
    stem = folder / f"{wanted['stem']}_dwi"
    nifti.write(Path(f"{stem}.{suffix}"), array.T, np.array(wanted["affine"]))
    files.write_text(Path(f"{stem}.bval"), " ".join(f"{v['b']:.6g}" for v in wanted["volumes"]) + "\n")
    columns = [volume["direction"] for volume in wanted["volumes"]]
    lines = (" ".join(f"{column[axis]:.6g}" for column in columns) for axis in range(3))
    files.write_text(Path(f"{stem}.bvec"), "\n".join(lines) + "\n")
    files.write_json(Path(f"{stem}.json"), wanted["sidecar"])
    return status | {"status": "accepted", "reason": None, "detail": None}


def assemble(data: Path, wanted: Mapping[str, Any]) -> np.ndarray:
    """The run's image [t, z, y, x]: stored integers as they are, or float32 where slope and intercept change them.

    Raises
    ------
    Refused
        For pixel data that are cut off or cannot be decoded.
    StudyError
        If a file changed since the index was made.
    """
    x, y, z, t = wanted["shape"]
    scaled = any(frame[3:] != [1.0, 0.0] for file in wanted["files"] for frame in file["frames"])
    out: np.ndarray | None = None
    buffer = memoryview(bytearray(max((found.size_of(data, file["path"]) for file in wanted["files"]), default=0)))
    for file in wanted["files"]:
        content = _content(data, file, wanted, buffer)
        try:
            frames = pixels.stored(content, file["start"], wanted["formats"][file["format"]])
        except pixels.NotUsable as problem:
            raise Refused(Reason.TRUNCATED if problem.truncated else Reason.UNDECODABLE, str(problem)) from problem
        if out is None:
            out = np.zeros((t, z, y, x), np.float32 if scaled else frames.dtype)
        elif out.dtype != frames.dtype and not scaled:
            out = out.astype(np.result_type(out.dtype, frames.dtype))
        for number, where, volume, slope, intercept in file["frames"]:
            image = frames[number][::-1]
            out[volume, where] = image * np.float64(slope) + intercept if scaled else image
    assert out is not None
    return out


def _content(data: Path, file: Mapping[str, Any], wanted: Mapping[str, Any], buffer: memoryview) -> memoryview:
    """A file's bytes in `buffer`, one for all files: new memory for each costs as much as reading it."""
    size = 0
    with contextlib.suppress(OSError), found.place(data, file["path"]).open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer[size:]):
            size += count
    content = buffer[:size]
    if not found.same_content(content, file["hash"]):
        numbers = " ".join(map(str, wanted["series"]))
        raise StudyError(
            f"{wanted['stem']}: a file of series {numbers} changed after the image files were indexed. Run the workflow again."
        )
    return content


def check_decay(array: np.ndarray, nominal: list[int]) -> None:
    """Refuse a run whose signal is the same at every b value, or does not fall from the lowest to the highest one.

    Raises
    ------
    Refused
        With what was seen.
    """
    low, high = min(nominal), max(nominal)
    step = max(
        1, round((array[0].size / _SAMPLE) ** (1 / 2))
    )  # a sample of rows and columns tells as much as all voxels
    sample = array[:, :, ::step, ::step].astype(np.float64)
    lowest = [volume for volume, b in zip(sample, nominal, strict=True) if b == low]
    highest = [volume for volume, b in zip(sample, nominal, strict=True) if b == high]
    first = nominal.index(low)
    if not array[first].any():
        raise Refused(Reason.NO_SIGNAL_DECAY, "all voxels are zero at the lowest b value")
    if all(_same(array, sample, first, other) for other, b in enumerate(nominal) if b != low):
        raise Refused(Reason.NO_SIGNAL_DECAY, "the pixel data are the same at every b value")
    inside = lowest[0] > lowest[0].mean()
    before = float(np.mean([volume[inside].mean() for volume in lowest]))
    after = float(np.mean([volume[inside].mean() for volume in highest]))
    if after >= before:
        raise Refused(Reason.NO_SIGNAL_DECAY, f"mean signal {before:.4g} at b = {low}, {after:.4g} at b = {high}")


def _same(array: np.ndarray, sample: np.ndarray, one: int, other: int) -> bool:
    return np.array_equal(sample[one], sample[other]) and np.array_equal(array[one], array[other])
