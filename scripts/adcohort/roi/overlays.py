"""What stands on a participant's pictures: regions of every visit on b0 and ADC, and each lesion over the visits."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from adcohort import nifti
from adcohort.roi import pictures
from adcohort.roi.lesions import changes, identify
from adcohort.roi.pictures import ADC_RANGE, GAP, PANEL, PLANES, READERS, Outline, Sheet, Volume
from adcohort.roi.regions import Array


@dataclass
class Seen:
    """One visit: its images, and for each lesion the outline of each reader."""

    visit: str
    day: int | None
    adc: Volume | None = None
    b0: Volume | None = None
    reader: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    outlines: dict[str, dict[str, Array]] = field(default_factory=dict)


def read_visit(measured: Path, masks: Path, converted: Path, adc: Path, reader: str | None) -> Seen:
    """One visit from its stages' folders; the pictures show the run that the label maps were made for.

    `reader` is the primary one: values are that reader's, and the outline is drawn over the others.
    """
    content = json.loads(measured.read_text(encoding="utf-8"))
    seen = Seen(content["visit"], content["day"], reader=reader or "")
    run = next((mask["stem"] for mask in content["masks"]), None)
    if run is None:
        stems = sorted(
            path.name.removesuffix("_ADC.nii.gz")
            for path in adc.glob("*_run-*_ADC.nii.gz")
            if "_desc-" not in path.name
        )
        run = stems[0] if stems else None
    if run is None:
        return seen
    map_, affine, _ = nifti.read(adc / f"{run}_ADC.nii.gz")
    seen.adc = pictures.upright(map_ * np.float32(1000), affine)
    seen.b0 = _b0(converted, run)
    numbers = {(f"acq-{row['acquisition']}_run-{row['run']:02d}") for row in content["rows"]}
    here = next((number for number in numbers if run.endswith(number)), "")
    seen.rows = [
        row | {"visit": seen.visit}
        for row in content["rows"]
        if f"acq-{row['acquisition']}_run-{row['run']:02d}" == here
    ]
    files: dict[str, Array] = {}
    for mask in content["masks"]:
        if mask["stem"] != run:
            continue
        if mask["file"] not in files:
            labels, where, _ = nifti.read(masks / mask["file"])
            files[mask["file"]] = pictures.upright(labels, where).values
        who = f"{mask['reader']} {mask['session']}".strip()
        seen.outlines.setdefault(mask["lesion"], {})[who] = files[mask["file"]] == mask["value"]
    return seen


def _b0(converted: Path, run: str) -> Volume | None:
    found = next(
        (path for path in (converted / f"{run}_dwi.nii.gz", converted / f"{run}_dwi.nii") if path.is_file()), None
    )
    if found is None:
        return None
    signal, affine, _ = nifti.read(found)
    bs = np.array((converted / f"{run}_dwi.bval").read_text().split(), dtype=float)
    low = signal[..., bs <= bs.min() + 10] if signal.ndim == 4 else signal[..., None]
    return pictures.upright(low.mean(axis=3, dtype=np.float32), affine)


def rename(visits: Sequence[Seen], order: Sequence[str], mapped: Iterable[str]) -> list[str]:
    """Give the lesions of all visits the names that they keep; the names in their order."""
    every = [row for seen in visits for row in seen.rows]
    before = [(row["visit"], row["lesion"]) for row in every]
    lesions = identify(every, order, mapped)
    for (visit, old), row in zip(before, every, strict=True):
        seen = next(seen for seen in visits if seen.visit == visit)
        if old != row["lesion"] and old in seen.outlines:
            seen.outlines[row["lesion"]] = seen.outlines.pop(old)
    return [lesion.name for lesion in lesions]


def draw_visit(seen: Seen, participant: str, title: str, path: Path) -> None:
    """b0 and ADC in three planes through each lesion, outlines in each reader's colour."""
    sheet = Sheet(6 * (PANEL + GAP) + GAP, f"{participant}, {seen.visit}, day {seen.day}", title)
    colours = _colours([seen])
    if seen.adc is None:
        sheet.text("no accepted scan")
    elif not seen.outlines:
        sheet.text("no region drawn")
        centre = (np.array(seen.adc.values.shape) - 1) / 2
        _planes(sheet, seen, centre, float((np.array(seen.adc.values.shape) * seen.adc.sizes).max()), [])
    for lesion in sorted(seen.outlines):
        assert seen.adc is not None
        marks = _marks(seen, lesion, colours)
        sheet.text(f"lesion {lesion}: ADC {_words(seen, lesion)}", 14, bold=True)
        _planes(sheet, seen, *pictures.window([mark.mask for mark in marks], seen.adc.sizes), marks)
    _legend(sheet, colours, "ADC, 1e-3 mm\u00b2/s (b0: 0 to its 99.5th percentile)")
    sheet.save(path)


def _planes(sheet: Sheet, seen: Seen, centre: Array, width: float, marks: list[Outline]) -> None:
    assert seen.adc is not None
    images: list[Any] = []
    captions, edges = [], []
    for name, volume in (("b0", seen.b0), ("ADC", seen.adc)):
        for plane, (view, *_, words) in enumerate(PLANES):
            if volume is None:
                images.append(None)
                captions.append("no b0")
                edges.append("")
                continue
            scale = ADC_RANGE if name == "ADC" else (0.0, max(1e-6, float(np.percentile(volume.values, 99.5))))
            images.append(pictures.panel(volume, plane, centre=centre, width_mm=width, scale=scale, outlines=marks))
            captions.append(f"{name}, {view}, {width:.0f} mm")
            edges.append(words)
    sheet.panels(images, captions, edges)


def draw_page(
    visits: Sequence[Seen], lesions: Sequence[str], *, baseline: str, participant: str, title: str, path: Path
) -> None:
    """Each lesion over the visits, side by side at one scale of size and of grey, with its change against baseline."""
    sheet = Sheet(
        max(3, len(visits)) * (PANEL + GAP) + GAP, f"{participant}: lesions over the visits (ADC, axial)", title
    )
    colours = _colours(visits)
    if not lesions:
        sheet.text("no region drawn at any visit")
    for lesion in lesions:
        drawn = [(seen, list(seen.outlines[lesion].values())) for seen in visits if lesion in seen.outlines]
        views = {seen.visit: pictures.window(masks, seen.adc.sizes) for seen, masks in drawn if seen.adc is not None}
        width = max((view[1] for view in views.values()), default=60.0)
        first = next((_own_row(seen, lesion) for seen in visits if seen.visit == baseline), None)
        before = first.get("adc_mean") if first else None
        images: list[Any] = []
        captions, edges = [], []
        for seen in visits:
            here = f"{seen.visit}, day {seen.day}"
            if seen.visit not in views or seen.adc is None:
                images.append(None)
                captions.append(f"{here}\n{'no scan' if seen.adc is None else _words(seen, lesion)}")
                edges.append("")
                continue
            marks = _marks(seen, lesion, colours)
            centre = _largest_slice(marks[-1].mask, views[seen.visit][0])
            images.append(pictures.panel(seen.adc, 0, centre=centre, width_mm=width, scale=ADC_RANGE, outlines=marks))
            words = _words(seen, lesion, before if seen.visit != baseline else None)
            changed = changes(_own_row(seen, lesion) or {}, first)
            captions.append("\n".join([here, words, *([f"! {', '.join(changed)}"] if changed else [])]))
            edges.append(PLANES[0][4])
        sheet.text(f"lesion {lesion}, {width:.0f} mm wide", 14, bold=True)
        sheet.panels(images, captions, edges)
    _legend(sheet, colours, "ADC, 1e-3 mm\u00b2/s")
    sheet.save(path)


def _largest_slice(mask: Array, centre: Array) -> Array:
    at = centre.copy()
    at[2] = int(np.argmax(mask.sum(axis=(0, 1))))
    return at


def _own_row(seen: Seen, lesion: str) -> dict[str, Any] | None:
    """The lesion's row at a visit: the primary reader's first, or that of a reader who is not named."""
    rows = [row for row in seen.rows if row["lesion"] == lesion]
    return min(
        rows, key=lambda row: (row["reader"] not in (seen.reader, ""), row["reader"], row["session"]), default=None
    )


def _words(seen: Seen, lesion: str, before: float | None = None) -> str:
    row = _own_row(seen, lesion)
    if row is None:
        return "no region"
    if row["status"] != "measured":
        return str(row["reason"] or row["status"])
    change = f" ({100 * (row['adc_mean'] / before - 1):+.0f} %)" if before else ""
    return f"{row['adc_mean']:.2f}{change}, {row['volume_ml']:.1f} mL"


def _primary_last(seen: Seen, who: str) -> tuple[bool, str]:
    return who.partition(" ")[0] in (seen.reader, ""), who


def _marks(seen: Seen, lesion: str, colours: dict[str, str]) -> list[Outline]:
    """Outlines of a lesion, the primary reader's last and so on top."""
    readers = sorted(seen.outlines[lesion], key=lambda who: _primary_last(seen, who))
    return [Outline(seen.outlines[lesion][who], colours[who]) for who in readers]


def _colours(visits: Sequence[Seen]) -> dict[str, str]:
    names = {name for seen in visits for readers in seen.outlines.values() for name in readers}
    who = sorted(names, key=lambda name: (not _primary_last(visits[0], name)[0], name))
    return {name: READERS[number % len(READERS)] for number, name in enumerate(who)}


def _legend(sheet: Sheet, colours: dict[str, str], words: str) -> None:
    sheet.scale(words, ADC_RANGE)
    if any(colours):
        for name, colour in colours.items():
            sheet.text(f"\u25a0 {name or 'reader not named'}", 13, colour=colour)
