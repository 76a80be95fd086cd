"""Names and contents of found files, as manifests hold them."""

import hashlib
import os
import zlib
from pathlib import Path

_BYTES = "bytes:"


class Digest:
    """Hash of a file, piece by piece: SHA-256 of its start (where headers and identifiers are), and the CRC-32 of all bytes.

    It tells whether a file is still the one that was indexed, and costs a fraction of reading it.
    """

    def __init__(self, start: bytes) -> None:
        self._start = hashlib.sha256(start).hexdigest()[:24]
        self._all = zlib.crc32(start)

    def update(self, content: bytes | memoryview) -> None:
        """Go on with more bytes."""
        self._all = zlib.crc32(content, self._all)

    def text(self) -> str:
        """The hash, hexadecimal."""
        return f"{self._start}{self._all:08x}"


def same_content(content: bytes | memoryview, hashed: str) -> bool:
    """Whether bytes are still those of a hash, by the CRC-32 of all of them."""
    return hashed.endswith(f"{zlib.crc32(content):08x}")


def portable(path: str) -> str:
    """A path as text that JSON can hold: names that are no UTF-8 stand as their bytes, hexadecimal."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return _BYTES + os.fsencode(path).hex()
    return path


def place(data: Path, portable_path: str) -> Path:
    """The file that `portable` named, under the study's data folder."""
    if portable_path.startswith(_BYTES):
        return data / os.fsdecode(bytes.fromhex(portable_path.removeprefix(_BYTES)))
    return data / portable_path


def size_of(data: Path, portable_path: str) -> int:
    """Size of a found file in bytes; 0 if it is gone."""
    try:
        return place(data, portable_path).stat().st_size
    except OSError:
        return 0
