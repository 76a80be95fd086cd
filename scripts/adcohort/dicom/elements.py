"""Elements of one DICOM dataset by name, decoded the same way whichever reader found them."""

import math
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache

from adcohort.dicom.tags import PRIVATE, TAG, VR_OF, Private

_BINARY = {"FD": "d", "FL": "f", "US": "H", "SS": "h", "UL": "I", "SL": "i", "OF": "f", "OD": "d", "SV": "q", "UV": "Q"}
_UNSTATED = ("UN", "", "OB")


class Elements(ABC):
    """A dataset, or an item of a sequence."""

    little = True

    @abstractmethod
    def raw(self, tag: int) -> tuple[str, bytes] | None:
        """Value representation as stated ("" if the file does not) and the value's bytes; None if it is not there."""

    @abstractmethod
    def items_at(self, tag: int) -> list["Elements"]:
        """Items of a sequence; empty if it is not there."""

    def texts(self, name: str) -> list[str]:
        """Values of a text element, without padding."""
        found = self.raw(self.tag(name))
        return _texts(found[1]) if found else []

    def text(self, name: str) -> str:
        """First value of a text element, or an empty text."""
        values = self.texts(name)
        return values[0] if values else ""

    def numbers(self, name: str) -> list[float]:
        """Values of a number element, whatever its representation; empty if it is not there or holds no numbers."""
        tag = self.tag(name)
        found = self.raw(tag)
        if found is None:
            return []
        vr = found[0]
        if vr in _UNSTATED:
            vr = PRIVATE[name].vr if name in PRIVATE else VR_OF[tag]
        return list(_numbers(vr, found[1], self.little))

    def number(self, name: str) -> float | None:
        """First value of a number element, or None."""
        values = self.numbers(name)
        return values[0] if values else None

    def blob(self, name: str) -> bytes:
        """The bytes of a value; empty if it is not there."""
        found = self.raw(self.tag(name))
        return found[1] if found else b""

    def items(self, name: str) -> list["Elements"]:
        """Items of a sequence; empty if it is not there."""
        return self.items_at(self.tag(name))

    def item(self, name: str) -> "Elements | None":
        """First item of a sequence, or None."""
        found = self.items(name)
        return found[0] if found else None

    def has(self, name: str) -> bool:
        """Whether the element is there with a value."""
        found = self.raw(self.tag(name))
        return found is not None and len(found[1]) > 0

    def tag(self, name: str) -> int:
        """Tag of a named element; a private one's block is found by its creator in this dataset."""
        public = TAG.get(name)
        return public if public is not None else self._private_tag(PRIVATE[name])

    def _private_tag(self, private: Private) -> int:
        usual = private.group << 16 | private.block
        found = self.raw(usual)
        if found is not None and _texts(found[1])[:1] in ([], *([creator] for creator in private.creators)):
            return private.group << 16 | private.block << 8 | private.element
        for block in range(0x10, 0x40):
            found = self.raw(private.group << 16 | block)
            if found is not None and _texts(found[1])[:1] in [[creator] for creator in private.creators]:
                return private.group << 16 | block << 8 | private.element
        if self.raw(usual) is None:  # creators that an anonymiser took away
            return private.group << 16 | private.block << 8 | private.element
        return 0  # the block belongs to someone else


Items = Callable[[], list[Elements]]


@lru_cache(maxsize=4096)
def _texts(value: bytes) -> list[str]:
    text = value.decode("latin-1").rstrip("\0 ")
    return [part.strip("\0 ") for part in text.split("\\")] if text else []


@lru_cache(maxsize=4096)
def _numbers(vr: str, value: bytes, little: bool) -> tuple[float, ...]:
    kind = _BINARY.get(vr)
    try:
        if kind is None:
            values = tuple(float(part) for part in _texts(value) if part)
        else:
            count = len(value) // struct.calcsize(kind)
            stored = struct.unpack(f"{'<' if little else '>'}{count}{kind}", value[: count * struct.calcsize(kind)])
            values = tuple(map(float, stored))
    except ValueError:
        return ()
    return values if all(map(math.isfinite, values)) else ()
