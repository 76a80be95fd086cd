"""The regions of one imaging visit, measured on the ADC map of each of its runs. Starts light: numpy alone for NIfTI masks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from adcohort import files, nifti
from adcohort.errors import StudyError
from adcohort.reasons import Reason
from adcohort.roi import geometry, labelmaps, objects, values
from adcohort.roi.geometry import Placed
from adcohort.roi.regions import Array, NotUsable, Region, code_of

PER_MM2_S = 1000.0  # mm2/s to the tables' 1e-3 mm2/s
_PLAIN_READER = re.compile(r"[a-zA-Z]{0,3}|[a-zA-Z]*\d+[a-zA-Z]?")  # R1, reader2, AB: no person's name
_DEPENDS = {"adc": Reason.DRAWN_ON_MAP, "anatomical": Reason.DRAWN_ON_ANATOMY}


@dataclass
class Drawn:
    """A region with who drew it and on what it may be measured."""

    region: Region
    lesion: str
    reader: str
    session: str
    drawn_on: str
    other_frame: bool


@dataclass
class Image:
    """The ADC map of one run, 1e-3 mm2/s; what is not finite, or 0, is no valid ADC."""

    acquisition: str
    run: int
    stem: str
    scanner: str
    b_values: str
    adc: Array
    affine: Array


def read_images(status: dict[str, Any], folder: Path) -> list[Image]:
    """ADC maps of a visit's accepted runs."""
    images = []
    for run in status["runs"]:
        path = folder / f"{run['stem']}_ADC.nii.gz"
        if run["status"] != "accepted" or not path.is_file():
            continue
        stored, affine, _ = nifti.read(path)
        adc = np.where(stored == 0, np.nan, stored) * np.float32(PER_MM2_S)
        bs = " ".join(f"{b:g}" for b in run.get("b_values") or [])
        images.append(
            Image(run["acquisition"], int(run["run"]), run["stem"], run.get("scanner") or "", bs, adc, affine)
        )
    return images


def read_regions(
    data: Path, entries: Sequence[dict[str, Any]], participant_id: str, options: dict[str, Any]
) -> tuple[list[Drawn], list[dict[str, Any]]]:
    """Regions of a visit's files, and the files that cannot be used (record, reason, detail).

    Raises
    ------
    StudyError
        For a file that is not what the index saw.
    """
    drawn: list[Drawn] = []
    problems: list[dict[str, Any]] = []
    for entry in entries:
        for part in (entry, entry.get("names")):
            if part and (
                not (data / part["path"]).is_file() or files.content_hash(data / part["path"]) != part["hash"]
            ):
                raise StudyError(
                    f"{participant_id}: {entry['record']} changed after the image files were indexed. Run the workflow again."
                )
        try:
            regions = _read(data, entry)
        except NotUsable as problem:
            problems.append({"record": entry["record"], "reason": str(problem.reason), "detail": str(problem)})
            continue
        reader = reader_label(entry["reader"], options["readers"])
        session = entry["session"] if _PLAIN_READER.fullmatch(entry["session"]) else code_of(entry["session"])
        for region in regions:
            region.label = shown(region.label, entry.get("hide", []))
            lesion = lesion_name(region.label, participant_id, options["lesion_names"])
            drawn_on = entry["drawn_on"] or options["drawn_on"]
            drawn.append(Drawn(region, lesion, reader, session, drawn_on, entry["frame"] == "other"))
    return drawn, problems


def _read(data: Path, entry: dict[str, Any]) -> list[Region]:
    path = data / entry["path"]
    if entry["format"] == "seg":
        return objects.read_segmentation(path)
    if entry["format"] == "rtstruct":
        return objects.read_structures(path)
    named = labelmaps.names(data / entry["names"]["path"]) if entry.get("names") else {}
    read = labelmaps.read_nifti if entry["format"] == "nifti" else labelmaps.read_itk
    return read(path, entry["label"], named)


def reader_label(name: str, labels: dict[str, str]) -> str:
    """How a reader stands in the results: the config's label, a plain one as it is, else a code in place of a name."""
    if name in labels:
        return labels[name]
    return name if _PLAIN_READER.fullmatch(name) else f"reader-{code_of(name)[:4]}"


def shown(label: str, hide: Sequence[str]) -> str:
    """A region's name without the patient's identifiers."""
    for identifier in hide:
        label = label.replace(identifier, "patient")
    return label


def lesion_name(label: str, participant_id: str, names: dict[str, Any]) -> str:
    """The lesion that a region's name stands for: the participant's own names first, then those of all."""
    own = names.get(participant_id)
    for known in (own if isinstance(own, dict) else {}, names):
        if isinstance(known.get(label), str):
            return known[label]
    return " ".join(label.split())


def measure(drawn: Sequence[Drawn], images: Sequence[Image], options: dict[str, Any]) -> dict[str, Any]:
    """Values of every region on every run.

    Returns
    -------
    dict
        ``rows``: one for each region and run, the values' columns of roi.tsv. ``overlaps``: Dice of each pair of readers or
        sessions and lesion on the first run. ``masks``: for each image (by its number) and region (by its number) the placed
        mask.
    """
    rows: list[dict[str, Any]] = []
    masks: dict[tuple[int, int], Placed] = {}
    for which, image in enumerate(images):
        twin = next((n for n in range(which) if _same_grid(images[n], image)), None)
        for number, one in enumerate(drawn):
            if not one.region.shape.empty():
                if twin is not None:
                    masks[which, number] = masks[twin, number]
                else:
                    placed = geometry.place(one.region.shape, image.adc.shape, image.affine, options["resample"])
                    placed.mask = geometry.erode(placed.mask, options["erode"])
                    masks[which, number] = placed
            rows.append(_row(one, image, masks.get((which, number)), options))
    return {"rows": rows, "overlaps": _overlaps(drawn, masks, images), "masks": masks}


def _row(one: Drawn, image: Image, placed: Placed | None, options: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "acquisition": image.acquisition,
        "run": image.run,
        "reader": one.reader,
        "session": one.session,
        "lesion": one.lesion,
        "label": one.region.label,
        "tracking": one.region.tracking,
        "status": "measured",
        "reason": "",
        "flags": [],
        "format": one.region.format,
        "drawn_on": one.drawn_on,
        "scanner": image.scanner,
        "b_values": image.b_values,
    }
    if placed is None:
        return row | {"status": "resolved", "reason": str(Reason.LESION_RESOLVED), "n_voxels": 0}
    voxel_ml = abs(float(np.linalg.det(image.affine[:3, :3]))) / 1000
    sample = image.adc[placed.box][placed.mask]
    sample = sample[np.isfinite(sample)].astype(np.float64)
    count = placed.count
    usable = sample.size / (count + placed.outside) if count + placed.outside else 0.0
    row |= {
        "geometry": placed.geometry,
        "n_voxels": count,
        "n_usable": int(sample.size),
        "usable_fraction": usable,
        "volume_ml": count * voxel_ml,
        "flags": _flags(one, placed, sample.size),
    }
    if (reason := _unmeasurable(one, placed, usable, options)) is not None:
        return row | {"status": "not measurable", "reason": str(reason)}
    if sample.size < options["min_voxels"]:
        return row | {"status": "too small", "reason": str(Reason.TOO_SMALL)}
    row |= {f"adc_{name}": value for name, value in values.first_order(sample, options["entropy_bin"]).items()}
    if one.drawn_on == "anatomical" and (ends := geometry.shifted_means(image.adc, placed)):
        row |= {"adc_shift_low": ends[0], "adc_shift_high": ends[1]}
    return row


def _unmeasurable(one: Drawn, placed: Placed, usable: float, options: dict[str, Any]) -> Reason | None:
    if one.other_frame:
        return Reason.OTHER_FRAME
    if placed.count == 0:
        return Reason.OUTSIDE_IMAGE if placed.outside else Reason.EMPTY_AFTER_RESAMPLING
    return Reason.TOO_FEW_USABLE if usable < options["min_usable"] else None


def _flags(one: Drawn, placed: Placed, usable: int) -> list[str]:
    flags = [str(_DEPENDS[one.drawn_on])] if one.drawn_on in _DEPENDS else []
    if placed.geometry in ("nearest", "coverage"):
        flags.append(str(Reason.RESAMPLED))
    if placed.outside and placed.count:
        flags.append(str(Reason.PARTLY_OUTSIDE))
    if usable < placed.count:
        flags.append(str(Reason.TOUCHES_INVALID))
    return flags


def _overlaps(
    drawn: Sequence[Drawn], masks: dict[tuple[int, int], Placed], images: Sequence[Image]
) -> list[dict[str, Any]]:
    """Dice of two readers, or of two sessions of one, for the regions of one lesion on the first run."""
    out = []
    for (a, one), (b, two) in combinations(enumerate(drawn), 2):
        if not same_lesion(one, two) or (one.reader, one.session) == (two.reader, two.session):
            continue
        if (0, a) in masks and (0, b) in masks:
            if (one.reader, one.session) > (two.reader, two.session):
                a, b, one, two = b, a, two, one  # noqa: PLW2901 (the pair in the order of its names)
            whole = [masks[0, number].whole(images[0].adc.shape) for number in (a, b)]
            names = {"lesion": one.lesion, "reader_a": one.reader, "session_a": one.session}
            names |= {"reader_b": two.reader, "session_b": two.session}
            out.append(names | {"dice": geometry.dice(*whole)})
    return out


def same_lesion(one: Drawn, two: Drawn) -> bool:
    """Whether two regions of a visit are of one lesion: by tracking identifier, else by name."""
    if one.region.tracking and one.region.tracking == two.region.tracking:
        return True
    return one.lesion.casefold() == two.lesion.casefold()


def _same_grid(one: Image, two: Image) -> bool:
    return one.adc.shape == two.adc.shape and np.allclose(one.affine, two.affine, atol=1e-4)


def write_masks(
    drawn: Sequence[Drawn], images: Sequence[Image], masks: dict[tuple[int, int], Placed], folder: Path
) -> list[dict[str, Any]]:
    """Write the placed regions as label maps, one for each grid, reader and session; overlapping regions take further files.

    Returns
    -------
    list
        file, value, stem, lesion, reader and session of each region.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[dict[str, Any]] = []
    for which, image in enumerate(images):
        if any(_same_grid(images[n], image) for n in range(which)):
            continue
        for who in sorted({(one.reader, one.session) for one in drawn}):
            layers: list[Array] = []
            for number, one in enumerate(drawn):
                placed = masks.get((which, number))
                if (one.reader, one.session) != who or placed is None or placed.count == 0:
                    continue
                layer = next(
                    (n for n, map_ in enumerate(layers) if not map_[placed.box][placed.mask].any()), len(layers)
                )
                if layer == len(layers):
                    layers.append(
                        np.zeros(image.adc.shape, dtype=np.uint16 if len(drawn) > 255 else np.uint8, order="F")
                    )
                layers[layer][placed.box][placed.mask] = number + 1
                name = "".join(part for part in (*who, f"layer{layer + 1}" if layer else "") if part)
                name = re.sub(r"[^a-zA-Z0-9]", "", name) or "region"
                written.append(
                    {
                        "file": f"{image.stem}_desc-{name}_dseg.nii.gz",
                        "layer": layer,
                        "value": number + 1,
                        "stem": image.stem,
                        "lesion": one.lesion,
                        "tracking": one.region.tracking,
                        "reader": one.reader,
                        "session": one.session,
                    }
                )
            names = [item for item in written if (item["reader"], item["session"], item["stem"]) == (*who, image.stem)]
            for layer, labels in enumerate(layers):
                file = next(item["file"] for item in names if item["layer"] == layer)
                nifti.write(folder / file, labels, image.affine, description="regions")
    return written
