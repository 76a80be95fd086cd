"""Names and contents of found files, as manifests hold them."""

import hashlib
import os
import zlib
from pathlib import Path

_BYTES = "bytes:"


def content_hash(content: bytes) -> str:
    """Hash of a file's bytes: 96 bits of SHA-256 and, after them, the CRC-32."""
    return f"{hashlib.sha256(content).hexdigest()[:24]}{zlib.crc32(content):08x}"


def same_content(content: bytes, hashed: str) -> bool:
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
