"""Series of a tree: what each is (diffusion, map, image, object) and what speaks against its use, from headers alone."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from adcohort import bvalues
from adcohort.dicom import drawings
from adcohort.dicom.instances import Instance
from adcohort.dicom.slices import Frame
from adcohort.reasons import Reason

ROLES = ("diffusion", "map", "image", "object")
_DIFFUSION_WORDS = re.compile(r"dwi|diff|dti(?!v)|trace|ivim|dki|\*?(ep|re)_b\d", re.IGNORECASE)
ABSENT_IS_ZERO = ("Canon", "GE", "Hitachi", "Fujifilm")  # makers that write no b value at b = 0
_LOCALISER_PLANES = 3


@dataclass
class File:
    """A file of the tree: its path relative to the study's data folder, its content hash and what it says."""

    path: str
    hash: str
    instance: Instance


@dataclass
class Series:
    """All files of one series and patient. `frames` are its measured (not computed) frames with the file of each."""

    uid: str
    patient: str
    files: list[File]
    role: str = "image"
    reason: str = ""
    detail: str = ""
    frames: list[tuple[int, Frame]] = field(default_factory=list)
    words: bool = False
    number: int = 0

    @property
    def head(self) -> dict[str, Any]:
        """Header facts of the first file."""
        return self.files[0].instance.head

    @property
    def date(self) -> str:
        """Earliest date of its files (YYYYMMDD, empty if none has one)."""
        return min((d for f in self.files if (d := f.instance.head.get("date", ""))), default="")

    @property
    def b_values(self) -> list[float]:
        """Distinct stated b values of its frames."""
        return sorted({frame.b for _, frame in self.frames if frame.b is not None})


def gather(found: Iterable[File]) -> tuple[list[Series], list[tuple[File, str, str]]]:
    """Files as series, each judged, and the files that belong to none, each with its reason and detail.

    A SOP instance that stands twice counts once: the second copy goes to the latter as a duplicate.
    """
    members: dict[tuple[str, str], list[File]] = defaultdict(list)
    outside: list[tuple[File, str, str]] = []
    seen: dict[str, str] = {}
    for file in sorted(found, key=lambda one: one.path):
        head = file.instance.head
        if not head or not head.get("series"):
            outside.append((file, file.instance.reason or Reason.NOT_DICOM, file.instance.detail))
            continue
        sop = head["sop"]
        if sop and sop in seen:
            same = "the same bytes" if seen[sop] == file.hash else "other bytes under one SOP instance UID"
            outside.append((file, Reason.DUPLICATE, same))
            continue
        seen[sop] = file.hash
        members[head["series"], head["patient"]].append(file)
    every = [judge(Series(uid, patient, files)) for (uid, patient), files in sorted(members.items())]
    return every, outside


def judge(series: Series) -> Series:
    """Fill in role, reason, detail and frames of a series."""
    heads = [file.instance.head for file in series.files]
    images = [n for n, file in enumerate(series.files) if file.instance.reason != Reason.NON_IMAGE_OBJECT]
    if not images:
        kinds = sorted({drawings.KINDS.get(head["sop_class"], "") for head in heads} - {""})
        return _set(series, "object", Reason.NON_IMAGE_OBJECT, ", ".join(kinds))
    every = [(n, frame) for n in images for frame in series.files[n].instance.frames]
    series.frames = _drop_computed_traces([(n, frame) for n, frame in every if not frame.is_map])
    series.words = any(_speaks_of_diffusion(heads[n]) for n in images)
    weighted = any(frame.b is not None and frame.b > 0 for _, frame in series.frames)
    maps = len({n for n, frame in every if frame.is_map})
    if every and not series.frames:
        return _set(series, "map", Reason.VENDOR_MAP, "")
    if maps:
        series.detail = f"{maps} of {len(images)} files are maps and were left out"
    bad = Counter(series.files[n].instance.reason for n in images if series.files[n].instance.reason)
    if not weighted and not (series.words and (bad or series.b_values or _no_localiser(series))):
        reason = next(iter(bad)) if bad and not series.frames else Reason.NOT_DIFFUSION
        return _set(series, "image", reason, series.detail)
    series.role = "diffusion"
    _judge_frames(series)
    if bad:
        reason = min(bad)
        return _set(series, "diffusion", reason, f"{bad[reason]} of {len(images)} files")
    return series


def _judge_frames(series: Series) -> Series:
    without_b = sum(frame.b is None for _, frame in series.frames)
    if without_b and (without_b == len(series.frames) or series.head["vendor"] not in ABSENT_IS_ZERO):
        return _set(series, "diffusion", Reason.NO_B_VALUE, f"{without_b} of {len(series.frames)} images have none")
    if without_b:
        series.frames = [(n, frame if frame.b is not None else frame._replace(b=0.0)) for n, frame in series.frames]
    if any(frame.position is None or frame.orientation is None or frame.spacing is None for _, frame in series.frames):
        return _set(series, "diffusion", Reason.MIXED_GEOMETRY, "images without position, orientation or spacing")
    kinds = {_plane(series, n, frame) for n, frame in series.frames}
    if len(kinds) > 1:
        return _set(series, "diffusion", Reason.MIXED_GEOMETRY, f"{len(kinds)} sizes, spacings or orientations")
    return series


def plane(series: Series) -> tuple[Any, ...]:
    """Size, orientation and spacing of a series' images, rounded."""
    return _plane(series, *series.frames[0])


def _plane(series: Series, n: int, frame: Frame) -> tuple[Any, ...]:
    head = series.files[n].instance.head
    orientation = tuple(round(v, 3) + 0.0 for v in frame.orientation or ())
    return head["rows"], head["columns"], orientation, tuple(round(v, 3) for v in frame.spacing or ())


def _drop_computed_traces(frames: list[tuple[int, Frame]]) -> list[tuple[int, Frame]]:
    """Without isotropic images at a b value at which the series holds directions: those were computed from them.

    A series of traces alone keeps them: they are what was stored of the measurement.
    """
    names = bvalues.named(frame.b for _, frame in frames if frame.b is not None)
    directional = {names[frame.b] for _, frame in frames if frame.b and frame.direction is not None}
    return [(n, f) for n, f in frames if not (f.isotropic and f.b and names[f.b] in directional)]


def _speaks_of_diffusion(head: dict[str, Any]) -> bool:
    technical = head["technical"]
    if "DIFFUSION" in technical.get("ImageType", ()):
        return True
    texts = (head["description"], head["protocol"], technical.get("SequenceName", ""))
    return any(_DIFFUSION_WORDS.search(text) for text in texts)


def _no_localiser(series: Series) -> bool:
    """Whether a series without any b value is more than a few single slices."""
    normals = {tuple(np.round(frame.orientation, 1)) for _, frame in series.frames if frame.orientation}
    return len(normals) < _LOCALISER_PLANES


def _set(series: Series, role: str, reason: str, detail: str) -> Series:
    series.role, series.reason, series.detail = role, str(reason), detail
    return series
