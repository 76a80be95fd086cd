"""Names and contents of found files, as manifests hold them."""

import hashlib
import os
import zlib
from pathlib import Path

_BYTES = "bytes:"


class Digest:
    """Hash of a file's bytes, piece by piece: 96 bits of SHA-256 and, after them, the CRC-32."""

    def __init__(self, content: bytes) -> None:
        self._strong = hashlib.sha256(content)
        self._quick = zlib.crc32(content)

    def update(self, content: bytes | memoryview) -> None:
        """Go on with more bytes."""
        self._strong.update(content)
        self._quick = zlib.crc32(content, self._quick)

    def text(self) -> str:
        """The hash, hexadecimal."""
        return f"{self._strong.hexdigest()[:24]}{self._quick:08x}"


def same_content(content: bytes | memoryview, hashed: str) -> bool:
    """Whether bytes are still those of a hash, by its CRC-32: enough to notice a change, and ten times as fast."""
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
