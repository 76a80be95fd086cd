"""NIfTI files in and out with numpy alone: the jobs of a visit start too often to import a reader of every format.

Arrays are indexed [x, y, z] or [x, y, z, t]; affines take voxel indices to RAS+ millimetres.
"""

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from adcohort import files
from isal import isal_zlib

_CODES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_GZIP = 31  # zlib's window bits for a gzip stream; its header then holds neither a time nor a file name
_CHUNK = 1 << 20  # values
_LEVEL = 1  # as small as zlib's level 1, at four times the speed
_LONGEST_AXIS = 32767
_MILLIMETRES = 2
_DAMAGED: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub calls the class an instance
_POPULATE = getattr(mmap, "MAP_POPULATE", 0)  # one call instead of a fault a page


class NotReadable(ValueError):
    """The file is no NIfTI image that can be used here; the message says why and names no file."""


@dataclass(frozen=True)
class Header:
    """What a NIfTI header says about the values as they are stored.

    `dtype` is the stored type; stored values times `slope` plus `intercept` are the image's values.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    affine: np.ndarray
    offset: int
    slope: float
    intercept: float
    description: str

    @property
    def scaled(self) -> bool:
        """Whether stored values differ from the image's values."""
        return (self.slope, self.intercept) != (1.0, 0.0)


def read(path: Path) -> tuple[np.ndarray, np.ndarray, Header]:
    """Image [x, y, z(, t)], affine and header. The stored type is kept, unless a scale makes it float32 (float64: float64).

    Raises
    ------
    NotReadable
        For a file that is no single-file NIfTI-1 or -2 image of numbers, or ends before its values do.
    """
    stored, header = read_stored(path)
    array = stored.reshape(header.shape, order="F")
    if header.scaled:
        kind = np.float64 if header.dtype == np.float64 else np.float32
        array = array * kind(header.slope) + kind(header.intercept)
    return array, header.affine, header


def read_stored(path: Path) -> tuple[np.ndarray, Header]:
    """The values as stored, one-dimensional in the file's order (x fastest, then y, z, t), unscaled; and the header."""
    with path.open("rb") as stream:
        content: bytes | mmap.mmap = b""
        if os.fstat(stream.fileno()).st_size:
            content = mmap.mmap(stream.fileno(), 0, mmap.MAP_SHARED | _POPULATE, mmap.PROT_READ)
    if content[:2] == b"\x1f\x8b":
        content = _gunzip(content[:])
    header = _parse(content)
    count = int(np.prod(header.shape))
    if len(content) < header.offset + count * header.dtype.itemsize:
        raise NotReadable("the file ends before its values do")
    stored = np.frombuffer(content, dtype=header.dtype, count=count, offset=header.offset)
    return stored if header.dtype.isnative else stored.astype(header.dtype.newbyteorder("=")), header


def read_header(path: Path) -> Header:
    """The header alone: shape, type and affine without the values."""
    with path.open("rb") as stream:
        start = stream.read(1 << 14)
    if start[:2] == b"\x1f\x8b":
        try:
            start = isal_zlib.decompressobj(_GZIP).decompress(start, 1 << 12)
        except _DAMAGED as problem:
            raise NotReadable("the compressed file is damaged") from problem
    return _parse(start)


def write(path: Path, array: np.ndarray, affine: np.ndarray, *, description: str = "") -> None:
    """Write an image whole or not at all; the same image gives the same bytes.

    Parameters
    ----------
    path
        Ends in .nii, or in .nii.gz to be compressed.
    array
        [x, y, z] or [x, y, z, t], of a NIfTI number type, which is kept (bool: uint8). Fortran order saves a copy.
    affine
        (4, 4), voxel indices to RAS+ millimetres.
    description
        At most 79 ASCII characters.
    """
    if array.dtype == np.bool_:
        array = array.view(np.uint8)
    if len(array.shape) not in (3, 4) or max(array.shape) > _LONGEST_AXIS or min(array.shape) < 1:
        raise ValueError(f"a NIfTI image has 3 or 4 axes of 1 to {_LONGEST_AXIS} voxels, not {array.shape}")
    start = _header(array.shape, array.dtype, np.asarray(affine, dtype=float), description)
    values = array.astype(array.dtype.newbyteorder("<"), copy=False).ravel(order="F")
    with files.atomic(path) as part, part.open("wb") as stream:
        if path.suffix == ".gz":
            packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
            stream.write(packer.compress(start))
            for first in range(0, values.size, _CHUNK):
                stream.write(packer.compress(values[first : first + _CHUNK].data))
            stream.write(packer.flush())
        else:
            stream.write(start)
            stream.write(values.data)


def _gunzip(content: bytes) -> bytes:
    parts = []
    while content[:2] == b"\x1f\x8b":  # a gzip file may be several streams in a row
        unpacker = isal_zlib.decompressobj(_GZIP)
        try:
            parts.append(unpacker.decompress(content))
        except _DAMAGED as problem:
            raise NotReadable("the compressed file is damaged") from problem
        if not unpacker.eof:
            raise NotReadable("the compressed file ends too early")
        content = unpacker.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _parse(content: bytes | mmap.mmap) -> Header:
    for order in "<>":
        size = struct.unpack_from(order + "i", content)[0] if len(content) >= 348 else 0
        if size == 348:
            return _parse_1(content, order)
        if size == 540 and len(content) >= 540:
            return _parse_2(content, order)
    raise NotReadable("the file is not NIfTI")


def _parse_1(content: bytes | mmap.mmap, order: str) -> Header:
    if content[344:347] != b"n+1":
        raise NotReadable("the file is not a single-file NIfTI image (.nii or .nii.gz)")
    dim = struct.unpack_from(order + "8h", content, 40)
    code = struct.unpack_from(order + "h", content, 70)[0]
    pixdim = struct.unpack_from(order + "8f", content, 76)
    offset, slope, intercept = struct.unpack_from(order + "3f", content, 108)
    codes = struct.unpack_from(order + "2h", content, 252)
    quaternion = struct.unpack_from(order + "6f", content, 256)
    rows = struct.unpack_from(order + "12f", content, 280)
    affine = _affine(codes, pixdim, quaternion, rows)
    return _checked(
        _dtype(code, order), dim, affine, code=code, offset=int(offset), scale=(slope, intercept), text=content[148:228]
    )


def _parse_2(content: bytes | mmap.mmap, order: str) -> Header:
    if content[4:7] != b"n+2":
        raise NotReadable("the file is not a single-file NIfTI image (.nii or .nii.gz)")
    code = struct.unpack_from(order + "h", content, 12)[0]
    dim = struct.unpack_from(order + "8q", content, 16)
    pixdim = struct.unpack_from(order + "8d", content, 104)
    offset = struct.unpack_from(order + "q", content, 168)[0]
    slope, intercept = struct.unpack_from(order + "2d", content, 176)
    codes = struct.unpack_from(order + "2i", content, 344)
    quaternion = struct.unpack_from(order + "6d", content, 352)
    rows = struct.unpack_from(order + "12d", content, 400)
    affine = _affine(codes, pixdim, quaternion, rows)
    return _checked(
        _dtype(code, order), dim, affine, code=code, offset=offset, scale=(slope, intercept), text=content[240:320]
    )


def _dtype(code: int, order: str) -> np.dtype | None:
    return np.dtype(order + _CODES[code]) if code in _CODES else None


def _checked(
    dtype: np.dtype | None,
    dim: tuple[int, ...],
    affine: np.ndarray,
    *,
    code: int,
    offset: int,
    scale: tuple[float, float],
    text: bytes,
) -> Header:
    axes = dim[0]
    if not 1 <= axes <= 7 or min(dim[1 : axes + 1]) < 1 or any(size > 1 for size in dim[5 : axes + 1]):
        raise NotReadable(f"the image's size is not that of 3 or 4 axes: {dim[1 : max(1, min(axes, 7)) + 1]}")
    if dtype is None:
        raise NotReadable(f"values of NIfTI type {code} are not numbers that can be used here")
    shape = tuple(dim[axis] if axis <= axes else 1 for axis in range(1, 5))
    slope, intercept = scale
    if not (np.isfinite(slope) and slope != 0):  # the format's word for: no scale
        slope, intercept = 1.0, 0.0
    return Header(
        shape=shape[:3] if axes <= 3 else shape,
        dtype=dtype,
        affine=affine,
        offset=offset,
        slope=slope,
        intercept=intercept if np.isfinite(intercept) else 0.0,
        description=text.split(b"\0")[0].decode("ascii", "replace"),
    )


def _affine(
    codes: tuple[int, ...], pixdim: tuple[float, ...], quaternion: tuple[float, ...], rows: tuple[float, ...]
) -> np.ndarray:
    """The sform if there is one, else the qform, else the voxel sizes alone."""
    affine = np.eye(4)
    if codes[1] > 0:
        affine[:3] = np.reshape(rows, (3, 4))
    elif codes[0] > 0:
        b, c, d, *origin = quaternion
        a = np.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
        turn = [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
        handed = -1.0 if pixdim[0] < 0 else 1.0
        affine[:3, :3] = np.array(turn) * (pixdim[1], pixdim[2], pixdim[3] * handed)
        affine[:3, 3] = origin
    else:
        affine[[0, 1, 2], [0, 1, 2]] = [size or 1.0 for size in pixdim[1:4]]
    return affine


def _quaternion(affine: np.ndarray) -> tuple[int, float, tuple[float, float, float]]:
    """qform code (0 for a sheared affine, which no quaternion can hold), handedness, and b, c, d."""
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.all(sizes > 0):
        return 0, 1.0, (0.0, 0.0, 0.0)
    turn = affine[:3, :3] / sizes
    if not np.allclose(turn.T @ turn, np.eye(3), atol=1e-4):
        return 0, 1.0, (0.0, 0.0, 0.0)
    handed = 1.0 if np.linalg.det(turn) > 0 else -1.0
    turn = turn * (1.0, 1.0, handed)
    # the quaternion is the eigenvector of the largest eigenvalue (1) of Bar-Itzhack's symmetric matrix: stable for every turn
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = turn
    matrix = np.array(
        [
            [xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, xx - yy - zz, xy + yx, xz + zx],
            [xz - zx, xy + yx, yy - xx - zz, yz + zy],
            [yx - xy, xz + zx, yz + zy, zz - xx - yy],
        ]
    )
    whole = np.linalg.eigh(matrix)[1][:, -1]
    if whole[0] < 0 or (whole[0] == 0 and whole[np.flatnonzero(whole)[0]] < 0):
        whole = -whole
    return 1, handed, (float(whole[1]), float(whole[2]), float(whole[3]))


def _header(shape: tuple[int, ...], dtype: np.dtype, affine: np.ndarray, description: str) -> bytes:
    code = next((code for code, kind in _CODES.items() if np.dtype(kind) == dtype), None)
    if code is None:
        raise ValueError(f"NIfTI has no number type {dtype}")
    qform, handed, quaternion = _quaternion(affine)
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, len(shape), *shape, *(1,) * (7 - len(shape)))
    struct.pack_into("<2h", header, 70, code, dtype.itemsize * 8)
    struct.pack_into("<8f", header, 76, handed, *sizes, 1.0, 1.0, 1.0, 1.0)
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    header[123] = _MILLIMETRES
    header[148:228] = description.encode("ascii", "replace")[:79].ljust(80, b"\0")
    struct.pack_into("<2h", header, 252, qform, 1)
    struct.pack_into("<6f", header, 256, *quaternion, *affine[:3, 3])
    struct.pack_into("<12f", header, 280, *affine[:3].ravel())
    header[344:348] = b"n+1\0"
    return bytes(header)
