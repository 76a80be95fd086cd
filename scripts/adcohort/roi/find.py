"""Which region files belong to which imaging visit; decided once, when the image files are indexed.

Mask files are found by the config's patterns and tied by who and when their names say. DICOM segmentations and structure
sets were found in the image tree; they are tied by the series that they refer to, else by frame of reference, else by
patient and study date. What the embedded example writes (NIfTI label maps <patient_id>_<date>_<reader>.nii.gz with a JSON
of label names beside each; SEG and RTSTRUCT in the image tree) is read like any other study's files.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from adcohort import files, rawfiles
from adcohort.errors import StudyError
from adcohort.reasons import Reason
from adcohort.roi import labelmaps

PLACEHOLDERS = {
    "participant_id": r"sub-[a-zA-Z0-9]+",
    "patient_id": r"[^/]+?",
    "date": r"\d{4}[-_.]?\d{2}[-_.]?\d{2}",
    "visit": r"[a-zA-Z0-9]+",
    "reader": r"[^/_]+?",
    "session": r"[^/_]+?",
    "label": r"[^/]+?",
}
MASK = "mask file"
# role of the images that a region refers to, and what that means for the region
DRAWN_ON = {"diffusion": "dwi", "map": "adc", "image": "anatomical"}


@dataclass
class Scan:
    """One imaging visit of the index, as the regions need it.

    Attributes
    ----------
    name
        Name of the visit (sub-01_ses-baseline).
    day, date
        Day since treatment start of the images, and their calendar day (YYYYMMDD).
    series
        SeriesInstanceUID of every image series of that examination, and its role: diffusion, map or image.
    frames
        FrameOfReferenceUID of the diffusion series.
    """

    name: str
    participant_id: str
    visit: str
    day: int | None
    date: str
    series: dict[str, str] = field(default_factory=dict)
    frames: set[str] = field(default_factory=set)


@dataclass
class Found:
    """A region file with what its name or header says, and its number among the study's files of its kind."""

    path: str
    format: str
    number: int
    participant_id: str = ""
    visit: str = ""
    day: int | None = None
    date: str = ""
    reader: str = ""
    session: str = ""
    label: str = ""
    series: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What a record of it is called; with a number, it stands for the file's name, which may hold a patient's data."""
        return MASK if self.format in ("nifti", "nrrd") else "DICOM region object"


def scans_of(manifests: Mapping[str, Mapping[str, Any]], examinations: Mapping[str, Mapping[str, Any]]) -> list[Scan]:
    """The imaging visits from the index: manifests, and for each the date, series and frames of its examination."""
    return [
        Scan(
            name,
            manifest["participant_id"],
            manifest["visit"],
            manifest["day"],
            examinations[name]["date"],
            dict(examinations[name]["series"]),
            set(examinations[name]["frames_of_reference"]),
        )
        for name, manifest in sorted(manifests.items())
    ]


def find(
    data: Path,
    masks: Sequence[str],
    objects: Iterable[Mapping[str, Any]],
    scans: Sequence[Scan],
    pseudonyms: Mapping[str, str],
) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """Tie every region file to its imaging visit.

    Parameters
    ----------
    data
        Folder of the raw files; paths in the result are relative to it.
    masks
        Patterns of mask files under it.
    objects
        DICOM segmentations and structure sets of the index: participant_id, day, kind, path, series, frames_of_reference,
        reader, session.
    scans
        The imaging visits.
    pseudonyms
        patient_id to participant_id.

    Returns
    -------
    regions
        For each scan's name its region files: path, hash, format, reader, session, label, names (path and hash of the file
        that names the labels), tied_by, frame (same, other or unknown), drawn_on (empty where the config says it) and hide
        (identifiers that no label may show).
    unused
        Files that belong to no scan: participant_id, visit, record (named without a patient's data), reason, detail.

    Raises
    ------
    StudyError
        For placeholders that mean nothing.
    """
    if unknown := unknown_placeholders(masks):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise StudyError(f"roi.masks: unknown placeholder {', '.join(unknown)}. There are {known} and *.")
    regions: dict[str, list[dict[str, Any]]] = {scan.name: [] for scan in scans}
    unused: list[dict[str, Any]] = []
    counted: Counter[tuple[str, str]] = Counter()
    for region in [*find_masks(data, masks, pseudonyms, unused), *found_objects(objects)]:
        scan, tied_by = tie(region, scans)
        if scan is None:
            reason = Reason.NO_IMAGES if region.participant_id else Reason.UNKNOWN_PARTICIPANT
            unused.append(_unused(region, reason, "no diffusion scan of the study on its day or under its references"))
            continue
        hide = sorted(patient for patient, who in pseudonyms.items() if who == scan.participant_id != patient)
        # counted within the visit: a file that comes or goes must not change what is known of another visit
        counted[scan.name, region.kind] += 1
        record = f"{region.kind} {counted[scan.name, region.kind]}"
        regions[scan.name].append(_entry(data, region, scan, tied_by) | {"record": record, "hide": hide})
    return regions, unused


def find_masks(
    data: Path, masks: Sequence[str], pseudonyms: Mapping[str, str], unused: list[dict[str, Any]]
) -> list[Found]:
    """Mask files under the patterns' folders; those that fit no pattern go to `unused`."""
    patterns = [_compiled(pattern) for pattern in masks]
    tops = rawfiles.folders(masks)
    paths = sorted(
        {path for top in tops for path in _walk(data / top) if path.name.lower().endswith(labelmaps.SUFFIXES)}
    )
    found: list[Found] = []
    for number, path in enumerate(paths, start=1):
        relative = path.relative_to(data).as_posix()
        match = next((match for pattern in patterns if (match := pattern.fullmatch(relative))), None)
        if match is None:
            if "." not in tops:  # the patterns look into folders of their own: another mask there is a misnamed one
                unused.append(
                    _row(
                        f"{MASK} {number}",
                        Reason.FILE_NAME,
                        "a mask file under the patterns' folder that none of them fits",
                    )
                )
            continue
        said = match.groupdict()
        who = said.get("participant_id") or pseudonyms.get(said.get("patient_id", ""), "")
        found.append(
            Found(
                path=relative,
                format="nifti" if relative.lower().endswith(labelmaps.NIFTI_SUFFIXES) else "nrrd",
                number=number,
                participant_id=who if who in pseudonyms.values() else "",
                visit=said.get("visit", ""),
                date=_date(said.get("date", "")),
                reader=said.get("reader", ""),
                session=said.get("session", ""),
                label=said.get("label", ""),
            )
        )
    names = [path.relative_to(data).as_posix() for path in paths]
    if unfit := [text for text, pattern in zip(masks, patterns, strict=True) if not any(map(pattern.fullmatch, names))]:
        raise StudyError(
            f"config: roi.masks: {text!r} fits no file below the data folder. Correct the pattern, or take it out."
            for text in unfit
        )
    if len(set(pseudonyms.values())) == 1 and not any(re.search(r"\{(participant|patient)_id\}", p) for p in masks):
        for region in found:  # a study of one participant needs no name in its files
            region.participant_id = next(iter(pseudonyms.values()))
    return found


def found_objects(objects: Iterable[Mapping[str, Any]]) -> Iterator[Found]:
    """DICOM segmentations and structure sets as the index saw them."""
    for number, one in enumerate(sorted(objects, key=lambda one: one["path"]), start=1):
        yield Found(
            path=one["path"],
            format={"SEG": "seg", "RTSTRUCT": "rtstruct"}[one["kind"]],
            number=number,
            participant_id=one["participant_id"] or "",
            day=one["day"],
            reader=one.get("reader", ""),
            session=one.get("session", ""),
            series=list(one["series"]),
            frames=list(one["frames_of_reference"]),
        )


def tie(region: Found, scans: Sequence[Scan]) -> tuple[Scan | None, str]:
    """The scan of a region, and what tells so: series, frame, visit, date or participant."""
    for tied_by, fits in (
        ("series", lambda scan: any(uid in scan.series for uid in region.series)),
        ("frame", lambda scan: bool(scan.frames.intersection(region.frames))),
    ):
        if (scan := next((scan for scan in scans if fits(scan)), None)) is not None:
            return scan, tied_by
    own = [scan for scan in scans if region.participant_id and scan.participant_id == region.participant_id]
    if region.date:
        own = [scan for scan in own if scan.date == region.date]
    if region.day is not None:
        own = [scan for scan in own if scan.day == region.day]
    if region.visit:
        own = [scan for scan in own if scan.visit == region.visit]
    dated = bool(region.date) or region.day is not None
    if len(own) == 1 or (own and (dated or region.visit)):
        return own[0], "visit" if region.visit else "date" if dated else "participant"
    return None, ""


def _entry(data: Path, region: Found, scan: Scan, tied_by: str) -> dict[str, Any]:
    names = labelmaps.name_file(data / region.path) if region.format in ("nifti", "nrrd") else None
    roles = {scan.series[uid] for uid in region.series if uid in scan.series}
    drawn_on = next((DRAWN_ON[role] for role in ("diffusion", "map", "image") if role in roles), "")
    frame = (
        "unknown" if not (region.frames and scan.frames) else "same" if scan.frames & set(region.frames) else "other"
    )
    return {
        "path": region.path,
        "hash": files.content_hash(data / region.path),
        "format": region.format,
        "reader": region.reader,
        "session": region.session,
        "label": region.label,
        "names": names and {"path": names.relative_to(data).as_posix(), "hash": files.content_hash(names)},
        "tied_by": tied_by,
        "frame": frame,
        "drawn_on": drawn_on,
    }


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression; a placeholder that stands twice must read the same."""
    out, seen = "", set()
    for part in re.split(r"(\{\w+\}|\*\*/|\*|\?)", PurePosixPath(pattern).as_posix()):
        if part.startswith("{") and (name := part[1:-1]) in PLACEHOLDERS:
            out += f"(?P={name})" if name in seen else f"(?P<{name}>{PLACEHOLDERS[name]})"
            seen.add(name)
        else:
            out += {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
    return re.compile(out)


def unknown_placeholders(masks: Sequence[str]) -> list[str]:
    """Placeholders that mean nothing here."""
    return sorted({name for pattern in masks for name in re.findall(r"\{(.*?)\}", pattern)} - PLACEHOLDERS.keys())


def _walk(top: Path) -> Iterator[Path]:
    return (path for path in top.rglob("*") if path.is_file())


def _date(text: str) -> str:
    """YYYYMMDD, or nothing."""
    return re.sub(r"\D", "", text)


def _unused(region: Found, reason: Reason, detail: str) -> dict[str, Any]:
    return _row(f"{region.kind} {region.number}", reason, detail, region.participant_id, region.visit)


def _row(record: str, reason: Reason, detail: str, participant_id: str = "", visit: str = "") -> dict[str, Any]:
    return {"participant_id": participant_id, "visit": visit, "record": record, "reason": str(reason), "detail": detail}
