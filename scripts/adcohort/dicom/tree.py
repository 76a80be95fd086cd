"""A tree of found files, read once: an index of what each file says, of which only new and changed files are read again."""

import contextlib
import hashlib
import json
import multiprocessing
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from adcohort.dicom import found, instances
from adcohort.dicom.instances import Instance
from adcohort.dicom.series import File
from adcohort.reasons import Reason

_READERS = (
    "instances",
    "slices",
    "drawings",
    "weighting",
    "siemens",
    "elements",
    "tags",
    "fast_reader",
    "pydicom_reader",
)
_FILES_A_WORKER = 500  # fewer new files are not worth a process
_CHUNK = 64
_START = 1 << 14
_LARGE = 1 << 26
_BUFFER = memoryview(bytearray(1 << 20))  # one for all files: new memory costs as much as the read


def read(data: Path, tree: Path, cache: Path, *, workers: int = 1) -> list[File]:
    """Every file under a tree with its content hash and what it says, sorted by path.

    Parameters
    ----------
    data
        The study's data folder; paths in the result are relative to it, so that a move changes nothing.
    tree
        Folder to search, with all its folders.
    cache
        What earlier calls read (SQLite, made if it is not there); it holds patients' data and belongs into a private folder.
    workers
        Processes that read new files, if there are many.
    """
    skip = len(str(tree)) + 1
    prefix = os.path.relpath(tree, data)
    here = {found.portable(os.path.join(prefix, path[skip:])): (path, stat) for path, stat in walk(tree)}  # noqa: PTH118
    with contextlib.closing(_opened(cache)) as known, known:
        rows = {row[0]: row[1:] for row in known.execute("SELECT path, size, mtime, hash, says FROM files")}
        new = [
            (name, path)
            for name, (path, stat) in here.items()
            if rows.get(name, ())[:2] != (stat.st_size, stat.st_mtime_ns)
        ]
        files = dict(_read_all(new, workers))
        known.executemany("DELETE FROM files WHERE path = ?", [(name,) for name in rows.keys() - here.keys()])
        known.executemany(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
            (
                (name, here[name][1].st_size, here[name][1].st_mtime_ns, file.hash, _dumps(file.instance.as_json()))
                for name, file in files.items()
                if file.hash
            ),
        )
    for name in here.keys() - files.keys():
        files[name] = File(name, rows[name][2], Instance.from_json(json.loads(rows[name][3])))
    return [files[name] for name in sorted(files)]


_dumps = json.JSONEncoder(separators=(",", ":")).encode


def _read_all(new: list[tuple[str, str]], workers: int) -> Iterator[tuple[str, File]]:
    """New files, read by as many processes as are allowed and worth their start."""
    workers = min(workers, os.cpu_count() or 1, 1 + len(new) // _FILES_A_WORKER)
    if workers < 2:
        yield from ((name, read_file(name, path)) for name, path in new)
        return
    chunks = [new[first : first + _CHUNK] for first in range(0, len(new), _CHUNK)]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        for files in pool.map(_read_chunk, chunks):
            yield from ((file.path, file) for file in files)


def _read_chunk(chunk: list[tuple[str, str]]) -> list[File]:
    return [read_file(name, path) for name, path in chunk]


def read_file(name: str, path: str) -> File:
    """One file; one that the system does not let us read says so."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            return _read_open(name, handle)
        finally:
            os.close(handle)
    except OSError as problem:
        return File(name, "", Instance(Reason.UNREADABLE_FILE, problem.strerror or ""))


def _read_open(name: str, handle: int) -> File:
    """Most files say all before their pixels: those are hashed through one buffer, and not kept."""
    size = os.fstat(handle).st_size
    start = os.read(handle, _START)
    instance = instances.read_start(start, size)
    digest = found.Digest(start)
    if instance is not None:
        while count := os.readv(handle, [_BUFFER]):
            digest.update(_BUFFER[:count])
        return File(name, digest.text(), instance)
    parts = [start]
    while part := os.read(handle, _LARGE):
        parts.append(part)
        digest.update(part)
    return File(name, digest.text(), instances.read(b"".join(parts)))


def walk(tree: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Path and state of every file under a folder; links are followed, a loop of links ends."""
    top = tree.stat()
    seen = {(top.st_dev, top.st_ino)}
    ahead = [str(tree)]
    while ahead:
        folder = ahead.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir():
                        place = entry.stat()
                        if (place.st_dev, place.st_ino) not in seen:
                            seen.add((place.st_dev, place.st_ino))
                            ahead.append(entry.path)
                    else:
                        yield entry.path, entry.stat()
                except OSError:  # a link that leads nowhere
                    yield entry.path, entry.stat(follow_symlinks=False)


def _opened(cache: Path) -> sqlite3.Connection:
    version = _version()
    cache.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _prepared(cache, version)
    except sqlite3.DatabaseError:  # cut off or damaged: what it held is read anew
        cache.unlink()
        return _prepared(cache, version)


def _prepared(cache: Path, version: str) -> sqlite3.Connection:
    known = sqlite3.connect(cache)
    cache.chmod(0o600)
    known.execute("PRAGMA synchronous = OFF")
    known.execute("CREATE TABLE IF NOT EXISTS about (version TEXT)")
    if known.execute("SELECT version FROM about").fetchall() != [(version,)]:
        known.executescript("DROP TABLE IF EXISTS files; DELETE FROM about")
        known.execute("INSERT INTO about VALUES (?)", (version,))
    known.execute(
        "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, hash TEXT, says TEXT)"
    )
    return known


def _version() -> str:
    """Hash of the readers' code: what another version of them said is not taken over."""
    digest = hashlib.sha256()
    for name in _READERS:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()
