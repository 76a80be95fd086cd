"""Pictures of the images (quality of the fit, regions on the ADC map), scaled so that the report stays small."""

import base64
import functools
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

WIDTHS = (1400, 1000, 900, 800, 700, 600, 500, 400, 300)
COLOURS = 96  # a palette keeps letters sharp and is smaller than JPEG or WebP for these pictures
NAME = re.compile(r"(sub-[a-zA-Z0-9]+)(?:_ses-([a-zA-Z0-9]+))?(?:_(.+))?")


@dataclass(frozen=True)
class Picture:
    """One picture ready to be shown: `uri` holds the scaled picture itself."""

    participant: str
    visit: str
    kind: str
    detail: str
    uri: str
    width: int
    height: int

    @property
    def alt(self) -> str:
        """What it shows, for who cannot see it."""
        at = f", {self.visit}" if self.visit else ""
        return f"{self.kind} of {self.participant}{at}{f' ({self.detail})' if self.detail else ''}"


def found(folders: Mapping[str, Path | None], visits: Sequence[str] = ()) -> dict[str, list[tuple[str, Path]]]:
    """Pictures by participant, visit after visit: what each shows, and its file.

    Parameters
    ----------
    folders
        What the pictures of a folder show, and the folder: ``sub-01.png`` for the whole participant, and
        ``sub-01/sub-01_ses-baseline*.png`` for visits.
    visits
        Visits in their order.
    """
    people: dict[str, list[tuple[str, Path]]] = {}
    for kind, folder in folders.items():
        for path in [*sorted(folder.glob("sub-*.png")), *sorted(folder.glob("sub-*/*.png"))] if folder else ():
            people.setdefault(named(path)[0], []).append((kind, path))
    order = {visit: place for place, visit in enumerate(visits)}
    for paths in people.values():
        paths.sort(key=lambda given: order.get(named(given[1])[1], -1))
    return {name: people[name] for name in sorted(people)}


def named(path: Path) -> tuple[str, str, str]:
    """Participant, visit and what else a picture's file name says."""
    parts = NAME.fullmatch(path.stem)
    return parts.groups("") if parts else (path.stem, "", "")  # type: ignore[return-value]


def by_participant(people: Mapping[str, Sequence[tuple[str, Path]]], budget: int) -> list[dict[str, Any]]:
    """Every participant's pictures, together within `budget` bytes."""
    loaded = iter(load([path for paths in people.values() for path in paths], budget))
    return [{"name": name, "pictures": [next(loaded) for _ in paths]} for name, paths in people.items()]


def load(paths: Sequence[tuple[str, Path]], budget: int) -> list[Picture]:
    """Pictures as PNG with a palette, within `budget` bytes together: the kind that takes most is made smaller first."""
    kinds: dict[str, list[Path]] = {}
    for kind, path in paths:
        kinds.setdefault(kind, []).append(path)
    steps = dict.fromkeys(kinds, 0)
    sizes = {kind: _size(own, WIDTHS[0]) for kind, own in kinds.items()}
    while sum(sizes.values()) > 0.95 * budget and any(step < len(WIDTHS) - 1 for step in steps.values()):
        largest = max((kind for kind in kinds if steps[kind] < len(WIDTHS) - 1), key=sizes.__getitem__)
        steps[largest] += 1
        sizes[largest] = _size(kinds[largest], WIDTHS[steps[largest]])
    return [_picture(kind, path, WIDTHS[steps[kind]]) for kind, path in paths]


def _size(paths: Sequence[Path], width: int) -> float:
    """What pictures take at a width, guessed from some of them."""
    sample = paths[:: max(1, len(paths) // 8)][:8]
    return len(paths) * sum(len(_encoded(path, width)[0]) for path in sample) / len(sample)


def _picture(kind: str, path: Path, width: int) -> Picture:
    participant, visit, detail = named(path)
    uri, size = _encoded(path, width)
    return Picture(participant, visit, kind, detail.replace("_", " "), uri, *size)


@functools.lru_cache(maxsize=64)  # a participant's few pictures are first all measured, then shown
def _encoded(path: Path, width: int) -> tuple[str, tuple[int, int]]:
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    if small.width > width:
        small = small.resize((width, round(small.height * width / small.width)), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii"), small.size
