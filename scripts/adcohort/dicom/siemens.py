"""Siemens' own parts of a header: the CSA header and the mosaic of slices."""

import math
import struct

import numpy as np

_WANTED = frozenset(
    ("B_value", "DiffusionDirectionality", "DiffusionGradientDirection", "NumberOfImagesInMosaic", "SliceNormalVector")
)


def csa(blob: bytes) -> dict[str, list[str]]:
    """Values of the elements of a CSA header that are used here; empty where the header cannot be read."""
    if blob[:4] == b"SV10":
        place = 8
    elif len(blob) > 84:
        place = 0
    else:
        return {}
    try:
        count = struct.unpack_from("<I", blob, place)[0]
        if not 0 < count <= 1024:
            return {}
        return _csa_elements(blob, place + 8, count)
    except struct.error:
        return {}


def _csa_elements(blob: bytes, place: int, count: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _ in range(count):
        name = blob[place : place + 64].split(b"\0", 1)[0].decode("latin-1")
        n_items = struct.unpack_from("<I", blob, place + 76)[0]
        if n_items > 4096:
            return found
        place += 84
        values = []
        for _ in range(n_items):
            length = struct.unpack_from("<I", blob, place + 4)[0]  # of four numbers, the second holds in both versions
            place += 16
            text = blob[place : place + length].split(b"\0", 1)[0].decode("latin-1").strip()
            if text:
                values.append(text)
            place += (length + 3) // 4 * 4
        if name in _WANTED:
            found[name] = values
    return found


def csa_numbers(values: list[str]) -> list[float]:
    """Numbers of a CSA element; empty if they are none."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return []


def tiles(n_slices: int) -> int:
    """Tiles along one side of a mosaic of n slices."""
    return math.ceil(math.sqrt(n_slices))


def tile_positions(
    position: np.ndarray,
    *,
    orientation: np.ndarray,
    spacing: np.ndarray,
    size: tuple[int, int],
    n_slices: int,
    normal: np.ndarray | None,
    slice_spacing: float,
) -> np.ndarray:
    """Positions (n, 3) of the first voxel of each slice of a mosaic.

    Parameters
    ----------
    position
        ImagePositionPatient as stated: that of an image as large as the whole mosaic around the slice's centre.
    orientation
        (2, 3), direction of a row and of a column.
    spacing
        Between rows, between columns (mm).
    size
        Rows and columns of the whole mosaic.
    normal
        Direction in which the slices follow each other; None = right-handed.
    """
    side = tiles(n_slices)
    rows, columns = size
    row, column = orientation
    corner = (
        position + row * spacing[1] * (columns - columns // side) / 2 + column * spacing[0] * (rows - rows // side) / 2
    )
    step = np.cross(row, column) if normal is None else normal
    return corner + np.arange(n_slices)[:, None] * slice_spacing * step
