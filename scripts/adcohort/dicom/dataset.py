"""The BIDS dataset of the accepted runs."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adcohort import bids, files

BIDS_VERSION = "1.10.0"
_README = """# {title}

Diffusion-weighted images of the study, converted from the scanners' files by adcohort. Participants are named by their
pseudonyms and visits by their names in the study; nothing here leads back to a person.

sub-*/ses-*/dwi/ holds one image per run: acq- names the pulse sequence and the nominal b values (s/mm2), run- counts the
repeats of one protocol on one day. The .bval file holds the b values as the scanner states them, .bvec the directions along
the image's axes (0 0 0 where there is none: b = 0 and trace-weighted images).
"""


def write(folder: Path, converted: Path, visits: Iterable[Mapping[str, Any]], title: str) -> None:
    """Write the dataset: accepted volumes are linked (or copied), what is not accepted any more is removed.

    Parameters
    ----------
    folder
        The dataset's folder.
    converted
        Holds a folder of converted files for each visit, by its name.
    visits
        Accepted visits with their runs.
    title
        The study's title.
    """
    kept: set[Path] = set()
    for visit in visits:
        where = folder / bids.dwi_folder(visit["participant_id"], visit["visit"])
        where.mkdir(parents=True, exist_ok=True)
        source = converted / bids.visit_name(visit["participant_id"], visit["visit"])
        for run in visit["runs"]:
            for file in sorted(source.glob(f"{run['stem']}_dwi.*")):
                kept.add(where / file.name)
                _link(file, where / file.name)
    files.keep_only(folder, "sub-*/ses-*/dwi/*", kept)
    for depth in ("sub-*/ses-*/dwi", "sub-*/ses-*", "sub-*"):
        files.keep_only(folder, depth, [path for path in folder.glob(depth) if any(path.iterdir())])
    description = {
        "Name": title,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "adcohort", "Description": "DICOM to NIfTI"}],
    }
    files.write_json(folder / "dataset_description.json", description)
    files.write_text(folder / "README.md", _README.format(title=title))


def write_participants(folder: Path, rows: Sequence[Mapping[str, str | None]], columns: Sequence[str]) -> None:
    """participants.tsv (participant_id and the columns that may leave the sheet) and its data dictionary."""
    from adcohort import tables

    names = ["participant_id", *columns]
    lines = ["\t".join(names)]
    lines += ["\t".join(tables.harmless(str(row[name])) if row[name] else "n/a" for name in names) for row in rows]
    dictionary = {name: {"Description": f"{name}, as in the participants' sheet"} for name in columns}
    files.write_json(folder / "participants.json", {"participant_id": {"Description": "Pseudonym"}, **dictionary})
    files.write_text(folder / "participants.tsv", "\n".join(lines) + "\n")


def _link(source: Path, target: Path) -> None:
    """Hard link where the file system can, else a copy; the target is whole at every moment."""
    if target.exists() and source.samefile(target):
        return
    with files.atomic(target) as part:
        try:
            os.link(source, part)
        except OSError:
            part.write_bytes(source.read_bytes())
