"""Outputs that a killed run of Snakemake left unfinished, by its markers (file names of .snakemake/incomplete)."""

import base64
import binascii
from pathlib import Path


def outputs(markers: Path) -> set[str]:
    """Paths of outputs as their rules name them. Snakemake splits a long name over folders whose names begin with @."""
    found = set()
    for marker in markers.rglob("*"):
        if marker.is_file():
            text = "".join(part.removeprefix("@") for part in marker.relative_to(markers).parts)
            try:
                found.add(base64.urlsafe_b64decode(text).decode())
            except (binascii.Error, UnicodeDecodeError):
                continue  # no marker of an output
    return found
