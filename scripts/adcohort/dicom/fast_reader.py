"""A minimal reader of explicit VR little endian datasets: positions of the elements, nothing converted.

What it does not know for sure raises `Unknown`, and pydicom reads the file instead.
"""

import struct

from adcohort.dicom.elements import Elements

EXPLICIT_LITTLE = frozenset(
    f"1.2.840.10008.1.2.{syntax}"
    for syntax in ("1", "5", "4.50", "4.51", "4.57", "4.70", "4.80", "4.81", "4.90", "4.91", "4.201", "4.202", "4.203")
)
PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_PIXEL_DATA = 0x7FE00010
_SHORTEST = 144  # preamble, magic word and the length of the meta header
_LONG = frozenset((b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV"))
_SHORT = frozenset(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS")
) | frozenset((b"ST", b"TM", b"UI", b"UL", b"US"))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_head = struct.Struct("<HH2sH").unpack_from
_long = struct.Struct("<I").unpack_from
_tag = struct.Struct("<HHI").unpack_from


class Unknown(Exception):
    """Something that this reader does not know for sure."""


class FastElements(Elements):
    """Elements by position in the file's bytes."""

    __slots__ = ("buffer", "found", "pixels")

    def __init__(self, buffer: bytes, found: dict[int, tuple[bytes, int, int]]) -> None:
        self.buffer = buffer
        self.found = found
        self.pixels: tuple[int, int] | None = None  # start and length as stated (-1: encapsulated)

    def raw(self, tag: int) -> tuple[str, bytes] | None:
        """Value representation and bytes."""
        place = self.found.get(tag)
        if place is None:
            return None
        vr, start, length = place
        if length == _UNDEFINED:
            return vr.decode(), b"\0"
        return vr.decode(), self.buffer[start : start + length]

    def items_at(self, tag: int) -> list[Elements]:
        """Items of a sequence."""
        place = self.found.get(tag)
        if place is None:
            return []
        vr, start, length = place
        if vr != b"SQ":
            if length == 0:
                return []
            raise Unknown
        return list(_items(self.buffer, start, length)[0])


def read(buffer: bytes) -> tuple[FastElements, str]:
    """The dataset of a file, and its transfer syntax. The start of the file is enough if its pixel data begin in it.

    Raises
    ------
    Unknown
        If pydicom has to look.
    """
    if buffer[128:132] != b"DICM" or len(buffer) < _SHORTEST:
        raise Unknown
    start, syntax = _meta(buffer)
    if syntax not in EXPLICIT_LITTLE:
        raise Unknown
    found, _ = _scan(buffer, start, len(buffer), top=True)
    elements = FastElements(buffer, found)
    pixels = found.get(_PIXEL_DATA)
    if pixels is not None:
        elements.pixels = (pixels[1], -1 if pixels[2] == _UNDEFINED else pixels[2])
    elif not found.keys().isdisjoint(PIXELS):
        raise Unknown
    return elements, syntax


def _meta(buffer: bytes) -> tuple[int, str]:
    group, element, vr, length = _head(buffer, 132)
    if (group, element, vr, length) != (2, 0, b"UL", 4):
        raise Unknown
    end = 144 + _long(buffer, 140)[0]
    found, reached = _scan(buffer, 144, end)
    if reached != end or 0x00020010 not in found:
        raise Unknown
    _, start, length = found[0x00020010]
    return end, buffer[start : start + length].rstrip(b"\0 ").decode("ascii", "replace")


def _scan(buffer: bytes, start: int, end: int, top: bool = False) -> tuple[dict[int, tuple[bytes, int, int]], int]:
    """Elements between two positions; of an undefined-length item (end = -1) up to its delimiter."""
    found: dict[int, tuple[bytes, int, int]] = {}
    position, last = start, -1
    stop = len(buffer) if end < 0 else end
    try:
        while position < stop:
            group, element, vr, length = _head(buffer, position)
            tag = group << 16 | element
            if tag <= last:
                raise Unknown
            last = tag
            if vr in _SHORT:
                position += 8
            elif vr in _LONG:
                length = _long(buffer, position + 8)[0]
                position += 12
            elif end < 0 and tag == _ITEM_END:
                return found, position + 8
            else:
                raise Unknown
            found[tag] = (vr, position, length)
            if top and tag in PIXELS:
                return found, position
            if length == _UNDEFINED:
                if vr != b"SQ":
                    raise Unknown
                position = _items(buffer, position, length)[1]
            else:
                position += length
    except struct.error:
        raise Unknown from None
    if position != stop or end < 0:
        raise Unknown
    return found, position


def _items(buffer: bytes, start: int, length: int) -> tuple[list[FastElements], int]:
    """Items of a sequence, and where it ends."""
    items: list[FastElements] = []
    position = start
    stop = len(buffer) if length == _UNDEFINED else start + length
    try:
        while position < stop:
            group, element, size = _tag(buffer, position)
            tag = group << 16 | element
            position += 8
            if tag == _SEQUENCE_END and length == _UNDEFINED:
                return items, position
            if tag != _ITEM:
                raise Unknown
            found, position = _scan(buffer, position, -1 if size == _UNDEFINED else position + size)
            items.append(FastElements(buffer, found))
    except struct.error:
        raise Unknown from None
    if position != stop or length == _UNDEFINED:
        raise Unknown
    return items, position
