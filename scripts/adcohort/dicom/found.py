"""Names and contents of found files, as manifests hold them."""

import hashlib
import os
from pathlib import Path

_BYTES = "bytes:"


def content_hash(content: bytes) -> str:
    """Hash of a file's bytes (SHA-256, 128 bits of it, hexadecimal)."""
    return hashlib.sha256(content).hexdigest()[:32]


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
