"""How the vendors store diffusion images: one function a way, from the images of a run to its DICOM objects."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from adcohort.example import imaging_headers as headers
from adcohort.example import imaging_multiframe as multiframe
from adcohort.example.imaging import Study, played_out
from adcohort.example.phantom import Array
from pydicom.dataset import Dataset

DIRECTIONS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


class Volume(NamedTuple):
    """One diffusion-weighted volume: b value, gradient direction (None: b 0 or trace-weighted) and signal."""

    b: int
    direction: tuple[float, float, float] | None
    signal: Array


def volumes(images: dict[int, list[Array]], directions: int) -> list[Volume]:
    """The volumes that a scanner stores: trace-weighted ones, or each direction by itself."""
    out = []
    for b, each in images.items():
        if b == 0:
            out.append(Volume(0, None, each[0]))
        elif directions == 1:
            out.append(Volume(b, None, np.exp(np.mean(np.log(np.maximum(each, 0.5)), axis=0)) * (each[0] > 0)))
        else:
            out += [Volume(b, direction, one) for direction, one in zip(DIRECTIONS, each, strict=True)]
    return out


def stored(signal: Array, slope: float = 1.0) -> Array:
    """Signal as stored integers."""
    return np.clip(np.rint(signal / slope), 0, 4095).astype(np.uint16)


def _slices(
    template: Dataset, study: Study, stack: list[Volume], mark: Callable[[Dataset, int, Volume, int], None]
) -> Iterator[Dataset]:
    """One object a slice and volume; `mark` adds what the vendor adds, given the volume's number and the slice."""
    grid = study.grid
    instance = 0
    for number, volume in enumerate(stack):
        for index in range(grid.slices):
            instance += 1
            out = Dataset()
            out.update(template)
            position = [float(v) for v in grid.position(index)]
            out.ImagePositionPatient = position
            out.SliceLocation = round(float(grid.position(index) @ grid.normal), 4)
            out.InstanceNumber = instance
            out.RescaleIntercept, out.RescaleSlope = 0, 1
            headers.put(out, stored(volume.signal[index]))
            mark(out, number, volume, index)
            out.SOPInstanceUID = headers.uid(template.SeriesInstanceUID, number, index)
            yield out


def siemens_split(study: Study, header: Dataset, stack: list[Volume], run: int) -> Iterator[Dataset]:
    """XA export to classic files: each b value is a series of its own; (0019,100C) holds b."""
    series_number = 3000 * run
    for number, volume in enumerate(stack):
        template = headers.series(
            header,
            study,
            series_number + number + 1,
            f"ep2d_diff_neck_{series_number // 1000}_TRACEW",
            ImageType=["DERIVED", "SECONDARY", "DIFFUSION", "TRACEW", "DIS2D", "MFSPLIT"],
            SequenceName=f"*ep_b{volume.b}t" if volume.b else "*ep_b0",
            ProtocolName="ep2d_diff_neck",
            AcquisitionTime=headers.clock(headers.seconds(header.StudyTime) + 900 * run),
        )
        headers.place(template, study.grid, study.scanner["thickness_mm"])
        _siemens_b(template, volume)
        yield from _slices(template, study, [volume], lambda out, number, volume, index: None)


def siemens_classic(study: Study, header: Dataset, stack: list[Volume], run: int) -> Iterator[Dataset]:
    """One series with all b values; (0019,100C) holds b."""
    template = headers.series(
        header,
        study,
        4 + 3 * run,
        "ep2d_diff_tra_TRACEW",
        ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "TRACEW", "ND", "NORM"],
    )
    headers.place(template, study.grid, study.scanner["thickness_mm"])

    def mark(out: Dataset, number: int, volume: Volume, index: int) -> None:
        out.SequenceName = f"*ep_b{volume.b}t" if volume.b else "*ep_b0"
        _siemens_b(out, volume)

    yield from _slices(template, study, stack, mark)


def _siemens_b(out: Dataset, volume: Volume) -> None:
    block = out.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", volume.b)
    if volume.b:
        block.add_new(0x0D, "CS", "DIRECTIONAL" if volume.direction else "ISOTROPIC")
    if volume.direction:
        block.add_new(0x0E, "FD", list(volume.direction))


def ge(study: Study, header: Dataset, stack: list[Volume], run: int) -> Iterator[Dataset]:
    """(0043,1039) holds b as its first number, with 1e9 added."""
    template = headers.series(
        header, study, 4 + run, "DWI Ax neck", ImageType=["ORIGINAL", "PRIMARY", "OTHER"], SequenceName="epi2"
    )
    headers.place(template, study.grid, study.scanner["thickness_mm"])

    def mark(out: Dataset, number: int, volume: Volume, index: int) -> None:
        block = out.private_block(0x0043, "GEMS_PARM_01", create=True)
        block.add_new(0x39, "IS", [1_000_000_000 + volume.b if volume.b else 0, 8, 0, 0])
        block.add_new(0x7F, "DS", [1_000_000_000] * 3)
        block.add_new(0x30, "IS", 15 if volume.b else 14)  # image kind: combined directions, or T2

    yield from _slices(template, study, stack, mark)


def philips(study: Study, header: Dataset, stack: list[Volume], run: int) -> Iterator[Dataset]:
    """(2001,1003) holds b, 0.001 for b 0; slopes differ from slice to slice; instance numbers are scrambled."""
    template = headers.series(
        header,
        study,
        100 * (5 + 2 * run) + 1,
        "DWI neck",
        ImageType=["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"],
        SequenceName="DwiSE",
    )
    headers.place(template, study.grid, study.scanner["thickness_mm"])
    order = study.rng(f"order {run}").permutation(len(stack) * study.grid.slices) + 1
    b_values = sorted({volume.b for volume in stack})

    def mark(out: Dataset, number: int, volume: Volume, index: int) -> None:
        slope = 0.5 + 0.05 * index
        out.RescaleSlope = slope
        headers.put(out, stored(volume.signal[index], slope))
        out.InstanceNumber = int(order[number * study.grid.slices + index])
        out.DiffusionBValue = float(volume.b)
        out.DiffusionGradientOrientation = list(volume.direction or (0.0, 0.0, 0.0))
        for group, blocks in ((0x2001, ["Imaging DD 001"]), (0x2005, [f"MR Imaging DD {n:03d}" for n in range(1, 6)])):
            for name in blocks:
                out.private_block(group, f"Philips {name}", create=True)
        block = out.private_block(0x2001, "Philips Imaging DD 001")
        block.add_new(0x03, "FL", float(volume.b) or 0.001)
        block.add_new(0x04, "CS", "I" if volume.direction is None else "O")
        block.add_new(0x0A, "IS", index + 1)
        block.add_new(0x0B, "CS", "TRANSVERSAL")
        block.add_new(0x18, "SL", study.grid.slices)
        block = out.private_block(0x2005, "Philips MR Imaging DD 001")
        block.add_new(0x0E, "FL", 0.02 / slope)
        block = out.private_block(0x2005, "Philips MR Imaging DD 005")
        block.add_new(0x12, "IS", b_values.index(volume.b) + 1)
        block.add_new(0x13, "IS", 1 if volume.direction is None else DIRECTIONS.index(volume.direction) + 1)

    yield from _slices(template, study, stack, mark)


def uih(study: Study, header: Dataset, stack: list[Volume], run: int) -> Iterator[Dataset]:
    """(0065,1009) holds the b value played out, which is not round; (0065,100A) the one asked for."""
    template = headers.series(
        header, study, 300 + run, "dwi_tra_neck", ImageType=["ORIGINAL", "PRIMARY", "DWI"], SequenceName="epi_dwi"
    )
    headers.place(template, study.grid, study.scanner["thickness_mm"])

    played = played_out(study)

    def mark(out: Dataset, number: int, volume: Volume, index: int) -> None:
        block = out.private_block(0x0065, "Image Private Header", create=True)
        block.add_new(0x09, "FD", played[volume.b])
        block.add_new(0x0A, "FD", float(volume.b))

    yield from _slices(template, study, stack, mark)


def siemens_mosaic(study: Study, header: Dataset, stack: list[Volume], run: int) -> Iterator[Dataset]:
    """One image a volume, slices tiled."""
    template = headers.series(
        header,
        study,
        4 + 3 * run,
        "ep2d_diff_3scan_neck",
        ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE", "ND", "MOSAIC"],
    )
    headers.place(template, study.grid, study.scanner["thickness_mm"])
    tiled = [(volume.b, volume.direction, stored(volume.signal)) for volume in stack]
    yield from multiframe.mosaic_objects(template, study, tiled)


def enhanced(study: Study, header: Dataset, stack: list[Volume], run: int) -> Iterator[Dataset]:
    """One object with all frames; slopes differ from b value to b value."""
    template = headers.series(
        header, study, 10 + run, "DWI ax neck", ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"]
    )
    headers.place(template, study.grid, study.scanner["thickness_mm"])
    frames = []
    for number, volume in enumerate(stack):
        slope = 1 / (1 + 0.5 * number)
        frames.append((volume.b, stored(volume.signal, round(slope, 6)), slope))
    yield multiframe.enhanced_object(template, study, frames)


WAYS: dict[str, Callable[[Study, Dataset, list[Volume], int], Iterator[Dataset]]] = {
    "siemens_split": siemens_split,
    "siemens_classic": siemens_classic,
    "siemens_mosaic": siemens_mosaic,
    "enhanced": enhanced,
    "ge": ge,
    "philips": philips,
    "uih": uih,
}


def run_objects(study: Study, header: Dataset, images: dict[int, list[Array]], run: int) -> Iterator[Dataset]:
    """The DICOM objects of one run in the scanner's own way."""
    stack = volumes(images, study.scanner["directions"])
    yield from WAYS[study.scanner["way"]](study, header, stack, run)


def adc_objects(study: Study, header: Dataset, adc: Array, facts: dict[str, Any]) -> Iterator[Dataset]:
    """The ADC map that the scanner computed, with the marks (or their lack) that each vendor gives it."""
    way = study.scanner["way"]
    kind = {"ge": ["DERIVED", "PRIMARY", "ADC"], "philips": ["ORIGINAL", "PRIMARY", "ADC", "M", "SE"]}.get(
        way, ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]
    )
    template = headers.series(
        header, study, 4001, "ADC map" if way != "ge" else "Ax neck (10^-6 mm2/s)", ImageType=kind
    )
    headers.place(template, study.grid, study.scanner["thickness_mm"])

    def mark(out: Dataset, number: int, volume: Volume, index: int) -> None:
        if way == "ge":
            block = out.private_block(0x0043, "GEMS_PARM_01", create=True)
            block.add_new(0x39, "IS", [study.b_values[-1], 8, 0, 0])
            block.add_new(0x30, "IS", 20)

    yield from _slices(template, study, [Volume(0, None, adc)], mark)
