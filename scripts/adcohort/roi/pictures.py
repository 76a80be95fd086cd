"""Pictures of regions: a slice with outlines, a visit's planes, a participant's lesions over visits. Pillow alone.

Left of the picture is the patient's right. Voxels are shown as they are, outlines follow their borders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from adcohort.resources import RESOURCES
from adcohort.roi.regions import Array
from PIL import Image, ImageDraw, ImageFont

PANEL = 210  # pixels of a square panel
GAP = 8
INK, PAPER, DIM = "#1a1a1a", "#ffffff", "#6b6b6b"
READERS = ("#ff4d00", "#00c2ff", "#ffd400", "#7cff6b")  # outline colours on grey, in the readers' order
ADC_RANGE = (0.0, 2.5)  # 1e-3 mm2/s, the same for all pictures
# plane, axes across and down (of left, back, head), whether down runs from head to feet, words at the edges
PLANES = (
    ("axial", 0, 1, False, "RLAP"),
    ("coronal", 0, 2, True, "RLSI"),
    ("sagittal", 1, 2, True, "APSI"),
)


@dataclass
class Volume:
    """An image [left, back, head] with voxel sizes in mm."""

    values: Array
    sizes: Array


@dataclass
class Outline:
    """A reader's region on the volume's grid and its colour."""

    mask: Array
    colour: str


def upright(array: Array, affine: Array) -> Volume:
    """An image with its axes turned and flipped so that they run most nearly to the left, the back and the head."""
    lps = np.diag([-1.0, -1.0, 1.0]) @ affine[:3, :3]
    sizes = np.linalg.norm(lps, axis=0)
    share = np.abs(lps / sizes)
    order = [0, 0, 0]
    for _ in range(3):
        row, column = np.unravel_index(int(np.argmax(share)), share.shape)
        order[int(row)] = int(column)
        share[row, :] = share[:, column] = -1
    turned = array.transpose(order)
    flips = tuple(slice(None, None, -1) if lps[axis, order[axis]] < 0 else slice(None) for axis in range(3))
    return Volume(turned[flips], sizes[order])


def window(masks: Sequence[Array], sizes: Array, least_mm: float = 60.0, around: float = 2.5) -> tuple[Array, float]:
    """Centre (voxels) and width (mm) of a square view of regions: two and a half times their size, at least 60 mm."""
    where = np.argwhere(np.logical_or.reduce(list(masks)))
    low, high = where.min(axis=0), where.max(axis=0) + 1
    return (low + high - 1) / 2, max(least_mm, around * float(((high - low) * sizes).max()))


def panel(
    volume: Volume,
    plane: int,
    *,
    centre: Array,
    width_mm: float,
    scale: tuple[float, float],
    outlines: Sequence[Outline] = (),
) -> Image.Image:
    """A square view of one plane through a point, `width_mm` wide, grey from scale[0] to scale[1], with outlines."""
    _, across, down, feet_down, _ = PLANES[plane]
    through = next(axis for axis in range(3) if axis not in (across, down))
    index = round(float(centre[through]))
    pixels = PANEL / width_mm
    left, top = (float(centre[axis]) + 0.5 - width_mm / 2 / volume.sizes[axis] for axis in (across, down))
    # voxel of each pixel; outside the image it is black
    grid = []
    for axis, start in ((across, left), (down, top)):
        voxel = np.floor(start + (np.arange(PANEL) + 0.5) / pixels / volume.sizes[axis]).astype(int)
        grid.append(
            (np.clip(voxel, 0, volume.values.shape[axis] - 1), (voxel >= 0) & (voxel < volume.values.shape[axis]))
        )
    (columns, in_columns), (rows, in_rows) = grid
    if feet_down:
        rows, in_rows = rows[::-1], in_rows[::-1]
    cut = np.take(volume.values, index, axis=through).T  # [down, across]
    grey = (np.nan_to_num(cut, nan=scale[0]) - scale[0]) / (scale[1] - scale[0])
    shown = (np.clip(grey, 0, 1) * 255).astype(np.uint8)[np.ix_(rows, columns)]
    shown[~np.outer(in_rows, in_columns)] = 0
    rgb = np.repeat(shown[:, :, None], 3, axis=2)
    for outline in outlines:
        inside = np.take(outline.mask, index, axis=through).T[np.ix_(rows, columns)] & np.outer(in_rows, in_columns)
        rgb[_edge(inside)] = tuple(int(outline.colour[i : i + 2], 16) for i in (1, 3, 5))
    return Image.fromarray(rgb)


def _edge(inside: Array) -> Array:
    """Pixels of a two-pixel line along the inner border of a mask."""
    core = inside
    for _ in range(2):
        padded = np.pad(core, 1)
        core = core & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside & ~core


def font(size: int, bold: bool = False) -> Any:
    """The house's font."""
    name = "LiberationSans-Bold.ttf" if bold else "LiberationSans-Regular.ttf"
    path = RESOURCES / "figures" / "fonts" / name
    return ImageFont.truetype(str(path), size) if path.is_file() else ImageFont.load_default(size)


class Sheet:
    """A picture that grows downwards: lines of text and rows of panels."""

    def __init__(self, width: int, title: str, subtitle: str) -> None:
        self.width = width
        self.rows: list[tuple[str, Any, int]] = []
        self.text(title, 20, bold=True)
        self.text(subtitle, 13, colour=DIM)

    def text(self, words: str, size: int = 13, bold: bool = False, colour: str = INK) -> None:
        """A line of text."""
        self.rows.append(("text", (words, size, bold, colour), size + 8))

    def panels(self, images: Sequence[Image.Image | None], captions: Sequence[str], edges: Sequence[str] = ()) -> None:
        """A row of panels with captions; None leaves a place empty, its caption stands inside."""
        lines = max((caption.count("\n") + 1 for caption in captions), default=1)
        self.rows.append(("panels", (images, captions, edges), PANEL + 10 + 16 * lines))

    def scale(self, words: str, ends: tuple[float, float]) -> None:
        """A grey scale bar with its ends."""
        self.rows.append(("scale", (words, ends), 44))

    def save(self, path: Path) -> None:
        """Write the picture as PNG."""
        height = sum(row[2] for row in self.rows) + 2 * GAP
        sheet = Image.new("RGB", (self.width, height), PAPER)
        draw = ImageDraw.Draw(sheet)
        y = GAP
        for kind, content, tall in self.rows:
            if kind == "text":
                words, size, bold, colour = content
                draw.text((GAP, y), words, fill=colour, font=font(size, bold))
            elif kind == "scale":
                self._scale(sheet, draw, y, *content)
            else:
                self._panels(sheet, draw, y, content)
            y += tall
        sheet.save(path, optimize=False, compress_level=6)

    @staticmethod
    def _panels(sheet: Image.Image, draw: Any, y: int, content: tuple[Any, Any, Any]) -> None:
        images, captions, edges = content
        for number, image in enumerate(images):
            x = GAP + number * (PANEL + GAP)
            if image is None:
                draw.rectangle((x, y, x + PANEL - 1, y + PANEL - 1), outline="#c8c8c8")
                place = (x + PANEL // 2, y + PANEL // 2)
                draw.text(place, captions[number], fill=DIM, font=font(13), anchor="mm", align="center")
                continue
            sheet.paste(image, (x, y))
            draw.text((x, y + PANEL + 3), captions[number], fill=INK, font=font(13))
            if edges and edges[number]:
                left, right, top, _ = edges[number]
                middle = y + PANEL // 2
                draw.text((x + 3, middle), left, fill="#e8e8e8", font=font(12, True), anchor="lm")
                draw.text((x + PANEL - 3, middle), right, fill="#e8e8e8", font=font(12, True), anchor="rm")
                draw.text((x + PANEL // 2, y + 3), top, fill="#e8e8e8", font=font(12, True), anchor="ma")

    @staticmethod
    def _scale(sheet: Image.Image, draw: Any, y: int, words: str, ends: tuple[float, float]) -> None:
        ramp = np.tile(np.linspace(0, 255, 260).astype(np.uint8), (12, 1))
        sheet.paste(Image.fromarray(ramp).convert("RGB"), (GAP, y + 2))
        draw.rectangle((GAP, y + 2, GAP + 259, y + 13), outline=DIM)
        for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
            value = ends[0] + share * (ends[1] - ends[0])
            anchor = "la" if share == 0 else "ra" if share == 1 else "ma"
            draw.text((GAP + 259 * share, y + 17), f"{value:g}", fill=INK, font=font(12), anchor=anchor)
        draw.text((GAP + 275, y), words, fill=INK, font=font(13))
