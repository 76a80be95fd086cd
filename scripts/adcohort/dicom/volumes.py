"""From frames to volumes: which frame is which slice of which volume of a run."""

from collections import defaultdict
from typing import Any

import numpy as np
from adcohort.dicom import geometry
from adcohort.dicom.series import Series

_Key = tuple[int, float, tuple[float, ...] | None, bool]


def plan(members: list[Series], nominal: dict[float, int]) -> dict[str, Any]:
    """How a run's frames make a four-dimensional image.

    Parameters
    ----------
    members
        The run's series, all frames of one plane.
    nominal
        Nominal b value of each stated one.

    Returns
    -------
    plan
        shape [x, y, z, t]; affine (voxels to RAS+ mm); volumes: stated and nominal b, direction along the voxel axes;
        files: path, hash, format (number in formats) and frames [number in the file, slice, volume, slope, intercept];
        formats: how the pixels of a file are stored.

    Raises
    ------
    NotOneStack
        For slices that are missing, uneven or askew.
    """
    ordered = sorted(
        members, key=lambda one: (min(nominal[b] for b in one.b_values), one.head["series_number"] or 0, one.uid)
    )
    frames = [(s, n, frame) for s, one in enumerate(ordered) for n, frame in one.frames]
    head = ordered[0].head
    technical = head["technical"]
    stack = geometry.stack(
        np.array([frame.position for _, _, frame in frames], dtype=float),
        frames[0][2].orientation or (),
        frames[0][2].spacing or (1.0, 1.0),
        head["rows"],
        technical.get("SpacingBetweenSlices") or technical.get("SliceThickness") or 1.0,
    )
    slices = _slice_numbers(frames, stack)
    places = _assign(ordered, frames, slices, len(stack.distances), nominal)
    volumes = [
        {"b": key[1], "nominal": nominal[key[1]], "direction": geometry.in_image(key[2], stack.axes)}
        for key in places.keys
    ]
    return {
        "shape": [head["columns"], head["rows"], len(stack.distances), len(volumes)],
        "affine": [[float(v) for v in line] for line in stack.affine],
        "volumes": volumes,
        **_files(ordered, frames, slices, places.volume),
    }


class _Places:
    """The volume of each frame, and what each volume is."""

    def __init__(self, volume: list[int], keys: list[_Key]) -> None:
        self.volume = volume
        self.keys = keys


def _slice_numbers(frames: list[Any], stack: geometry.Stack) -> list[int]:
    across = stack.axes[2]
    along = np.array([frame.position for _, _, frame in frames]) @ across
    edges = (stack.distances[1:] + stack.distances[:-1]) / 2
    return [int(v) for v in np.searchsorted(edges, along)]


def _assign(
    ordered: list[Series], frames: list[Any], slices: list[int], n_slices: int, nominal: dict[float, int]
) -> _Places:
    """Frames of one weighting and slice are repetitions, in their order of acquisition; each makes a volume."""
    piles: dict[_Key, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    moment = [_moment(ordered[s], n, frame) for s, n, frame in frames]
    for place, (s, _, frame) in enumerate(frames):
        direction = tuple(round(v, 3) + 0.0 for v in frame.direction) if frame.direction else None
        piles[s, frame.b, direction, frame.isotropic][slices[place]].append(place)
    found: list[tuple[tuple[Any, ...], _Key, list[int]]] = []
    for key, pile in piles.items():
        counts = {len(pile.get(z, ())) for z in range(n_slices)}
        if len(counts) > 1 or 0 in counts:
            most = max(counts)
            missing = sum(most - len(pile.get(z, ())) for z in range(n_slices))
            raise geometry.NotOneStack(f"{missing} of {most * n_slices} slices at b = {nominal[key[1]]} s/mm2")
        for column in pile.values():
            column.sort(key=lambda place: moment[place])
        for repetition in range(counts.pop()):
            members = [pile[z][repetition] for z in range(n_slices)]
            found.append(((key[0], min(moment[place] for place in members)), key, members))
    found.sort(key=lambda one: one[0])
    volume = [0] * len(frames)
    keys = []
    for number, (_, key, members) in enumerate(found):
        exact = frames[members[0]][2].direction
        keys.append((key[0], key[1], exact, key[3]))
        for place in members:
            volume[place] = number
    return _Places(volume, keys)


def _moment(one: Series, n: int, frame: Any) -> tuple[int, int, int]:
    head = one.files[n].instance.head
    return head["instance"] or 0, frame.order, n


def _files(ordered: list[Series], frames: list[Any], slices: list[int], volume: list[int]) -> dict[str, Any]:
    formats: list[dict[str, Any]] = []
    files: dict[tuple[int, int], dict[str, Any]] = {}
    for place, (s, n, frame) in enumerate(frames):
        if (s, n) not in files:
            file = ordered[s].files[n]
            stored = _format(file.instance.head)
            if stored not in formats:
                formats.append(stored)
            files[s, n] = {
                "path": file.path,
                "hash": file.hash,
                "start": file.instance.head["start"],
                "format": formats.index(stored),
                "frames": [],
            }
        files[s, n]["frames"].append([frame.number, slices[place], volume[place], frame.slope, frame.intercept])
    return {"formats": formats, "files": list(files.values())}


def _format(head: dict[str, Any]) -> dict[str, Any]:
    names = ("syntax", "rows", "columns", "n_frames", "samples", "bits", "signed", "tiles", "mosaic_size")
    return {name: head[name] for name in names if name in head}
