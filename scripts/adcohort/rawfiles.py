"""Which values of the config are paths of raw files, and where its patterns look."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

# keys whose values are paths of raw files under `data`
PATHS = frozenset(
    {"participants", "dicom", "masks", "file", "files", "path", "lesions", "responses", "dictionary", "exposure"}
)


def folders(patterns: Sequence[str]) -> list[str]:
    """The folders under which patterns of files look: their parts before the first placeholder."""
    tops = set()
    for pattern in patterns:
        parts = PurePosixPath(pattern).parts[:-1]
        fixed = next((number for number, part in enumerate(parts) if re.search(r"[{*?]", part)), len(parts))
        tops.add(str(PurePosixPath(*parts[:fixed])))
    return sorted(tops)


def raw_files(config: Mapping[str, Any]) -> dict[str, str]:
    """The raw sheets that the config names, by their key (``labs.files.1``); folders, patterns and the example's part not."""
    found: dict[str, str] = {}

    def walk(value: Any, key: str, where: str) -> None:
        if isinstance(value, Mapping):
            for name, part in value.items():
                walk(part, str(name), f"{where}.{name}" if where else str(name))
        elif isinstance(value, list):
            for place, part in enumerate(value, start=1):
                walk(part, key, f"{where}.{place}")
        elif isinstance(value, str) and key in PATHS - {"dicom", "masks"} and "*" not in value:
            found[where.removesuffix(".path").removesuffix(".file")] = value

    walk({key: part for key, part in config.items() if key != "example"}, "", "")
    return found
