"""Files that are whole or absent, and private where they must be."""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` (same suffixes) that becomes `path` when the block ends well, and goes if not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove_parts(*folders: Path) -> None:
    """Remove the temporary files that killed programs have left; only when nothing runs."""
    for folder in folders:
        for part in folder.rglob(".part-*"):
            part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all."""
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """Write JSON with a stable layout; NaN is not JSON and raises ValueError."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter (mode 0700): what links pseudonyms to patients lives there."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def content_hash(path: Path) -> str:
    """Content hash of a file (BLAKE2b, 128 bits, hexadecimal)."""
    import hashlib  # here, because the jobs of a visit start often and hash nothing

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def tree_digest(paths: Iterable[Path]) -> str:
    """State of files and of everything under folders: a digest over sorted path, size and mtime; nothing is opened.

    A path that is not there counts as absent; paths under a folder are taken relative to it, so that a move changes nothing.
    """
    import hashlib

    digest = hashlib.blake2b(digest_size=16)
    for top in paths:
        if top.is_file():
            entries = [("", top.stat())]
        else:
            entries = sorted(_walk(str(top), len(str(top)) + 1))
        digest.update(f"{top.name}\0{len(entries)}\0".encode())
        for name, stat in entries:
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _walk(
    folder: str, skip: int, above: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[tuple[str, os.stat_result]]:
    """Files under a folder; links are followed, a link to a folder above it is not (it would never end)."""
    try:
        here = Path(folder).stat()
        inside = above | {(here.st_dev, here.st_ino)}
        if len(inside) == len(above):
            return
        with os.scandir(folder) as found:
            for entry in found:
                if entry.is_dir():
                    yield from _walk(entry.path, skip, inside)
                else:
                    with contextlib.suppress(FileNotFoundError):
                        yield entry.path[skip:], entry.stat()
    except FileNotFoundError:
        return


def keep_only(folder: Path, pattern: str, keep: Iterable[Path]) -> None:
    """Remove what matches `pattern` under `folder` and is not to be kept: a visit that is gone takes its files along."""
    import shutil

    kept = set(keep)
    for path in folder.glob(pattern):
        if path not in kept:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
