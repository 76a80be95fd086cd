"""Objects that hold many slices: Siemens mosaics with their CSA header, enhanced multi-frame images."""

import struct
from collections.abc import Iterator

import numpy as np
from adcohort.example import imaging_headers as headers
from adcohort.example.imaging import Study
from adcohort.example.phantom import Array, Grid
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage


def mosaic(signal: Array) -> Array:
    """Slices tiled into one image, row by row."""
    slices, rows, columns = signal.shape
    side = int(np.ceil(np.sqrt(slices)))
    tiles = np.zeros((side * side, rows, columns), signal.dtype)
    tiles[:slices] = signal
    return tiles.reshape(side, side, rows, columns).transpose(0, 2, 1, 3).reshape(side * rows, side * columns)


def mosaic_corner(grid: Grid) -> Array:
    """ImagePositionPatient of a mosaic: as if the tiled image had the middle of its first slice."""
    side = int(np.ceil(np.sqrt(grid.slices)))
    shift = (side - 1) * grid.size / 2 * grid.pixel_mm
    return grid.position(0) - shift * (grid.row + grid.column)


def csa_header(tags: dict[str, tuple[str, list[str]]]) -> bytes:
    """A CSA2 header ("SV10"): name to value representation and texts."""
    out = [b"SV10\4\3\2\1", struct.pack("<II", len(tags), 77)]
    for name, (representation, texts) in tags.items():
        items = max(6, len(texts))
        out.append(
            struct.pack("<64si4siii", name.encode(), len(texts), representation.encode(), 6, items if texts else 0, 77)
        )
        for number in range(items if texts else 0):
            value = texts[number].encode() + b"\0" if number < len(texts) else b""
            out.append(struct.pack("<iiii", len(value), len(value), 77, len(value)))
            out.append(value + b"\0" * (-len(value) % 4))
    return b"".join(out)


def mosaic_objects(
    template: Dataset, study: Study, stack: list[tuple[int, tuple[float, float, float] | None, Array]]
) -> Iterator[Dataset]:
    """One mosaic a volume: b value in (0019,100C) and in the CSA header, number of slices in (0019,100A)."""
    grid = study.grid
    for number, (b, direction, stored) in enumerate(stack, start=1):
        out = Dataset()
        out.update(template)
        out.SequenceName = f"*ep_b{b}#{(number - 2) % 3 + 1}" if b else "*ep_b0"
        out.InstanceNumber = out.AcquisitionNumber = number
        out.ImagePositionPatient = [round(float(v), 8) for v in mosaic_corner(grid)]
        out.SliceLocation = round(float(grid.position(0) @ grid.normal), 4)
        block = out.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        block.add_new(0x0A, "US", grid.slices)
        block.add_new(0x0B, "DS", "5200")
        block.add_new(0x0C, "IS", b)
        block.add_new(0x0D, "CS", "DIRECTIONAL" if direction else "NONE")
        if direction:
            block.add_new(0x0E, "FD", list(direction))
        out.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", _csa(grid, b, direction))
        headers.put(out, mosaic(stored))
        out.SOPInstanceUID = headers.uid(template.SeriesInstanceUID, number)
        yield out


def _csa(grid: Grid, b: int, direction: tuple[float, float, float] | None) -> bytes:
    header = {
        "NumberOfImagesInMosaic": ("US", [str(grid.slices)]),
        "SliceNormalVector": ("FD", [f"{v:.8f}" for v in grid.normal]),
        "B_value": ("IS", [str(b)]),
        "DiffusionDirectionality": ("CS", ["DIRECTIONAL" if direction else "NONE"]),
        "DiffusionGradientDirection": ("FD", [f"{v:.8f}" for v in direction or ()]),
        "PhaseEncodingDirectionPositive": ("IS", ["1"]),
        "ProtocolSliceNumber": ("IS", ["0"]),
        "MosaicRefAcqTimes": ("FD", [f"{500.0 * index:.8f}" for index in range(grid.slices)]),
    }
    data = csa_header(header)
    return data + b"\0" * (len(data) % 2)


def enhanced_object(template: Dataset, study: Study, stack: list[tuple[int, Array, float]]) -> Dataset:
    """One object for a series: each frame has its b value in (0018,9117), its position and its own slope."""
    grid = study.grid
    out = Dataset()
    out.update(template)
    out.SOPClassUID = EnhancedMRImageStorage
    out.SOPInstanceUID = headers.uid(template.SeriesInstanceUID, "frames")
    for keyword in ("ImageOrientationPatient", "PixelSpacing", "SliceThickness", "WindowCenter", "WindowWidth"):
        del out[keyword]
    out.InstanceNumber = 1
    out.AcquisitionDateTime = f"{out.AcquisitionDate}{out.AcquisitionTime}"
    out.PixelPresentation = "MONOCHROME"
    out.VolumetricProperties = "VOLUME"
    out.VolumeBasedCalculationTechnique = "NONE"
    out.ComplexImageComponent = "MAGNITUDE"
    out.AcquisitionContrast = "DIFFUSION"
    out.EchoPlanarPulseSequence = "YES"
    organization = Dataset()
    organization.DimensionOrganizationUID = headers.uid(template.SeriesInstanceUID, "dimensions")
    out.DimensionOrganizationSequence = [organization]
    out.DimensionIndexSequence = [
        _index(organization, pointer, group) for pointer, group in ((0x00209057, 0x00209111), (0x00189087, 0x00189117))
    ]
    out.SharedFunctionalGroupsSequence = [_shared(template, grid)]
    b_values = sorted({b for b, _, _ in stack})
    out.PerFrameFunctionalGroupsSequence = [
        _frame(grid, (index, b_values.index(b)), b, slope, out.AcquisitionDateTime)
        for b, _, slope in stack
        for index in range(grid.slices)
    ]
    frames = np.concatenate([stored for _, stored, _ in stack])
    out.NumberOfFrames = len(frames)
    headers.put(out, frames)
    return out


def _index(organization: Dataset, pointer: int, group: int) -> Dataset:
    out = Dataset()
    out.DimensionOrganizationUID = organization.DimensionOrganizationUID
    out.DimensionIndexPointer = pointer
    out.FunctionalGroupPointer = group
    return out


def _item(**values: object) -> Dataset:
    out = Dataset()
    for keyword, value in values.items():
        setattr(out, keyword, value)
    return out


def _shared(template: Dataset, grid: Grid) -> Dataset:
    out = Dataset()
    out.PixelMeasuresSequence = [
        _item(
            PixelSpacing=template.PixelSpacing,
            SliceThickness=template.SliceThickness,
            SpacingBetweenSlices=grid.spacing_mm,
        )
    ]
    out.PlaneOrientationSequence = [_item(ImageOrientationPatient=template.ImageOrientationPatient)]
    out.MREchoSequence = [_item(EffectiveEchoTime=float(template.EchoTime))]
    out.MRTimingAndRelatedParametersSequence = [_item(RepetitionTime=template.RepetitionTime, FlipAngle=90)]
    out.MRImageFrameTypeSequence = [
        _item(FrameType=list(template.ImageType), PixelPresentation="MONOCHROME", AcquisitionContrast="DIFFUSION")
    ]
    return out


def _frame(grid: Grid, number: tuple[int, int], b: int, slope: float, moment: str) -> Dataset:
    index, b_number = number
    out = Dataset()
    out.FrameContentSequence = [
        _item(
            StackID="1",
            InStackPositionNumber=index + 1,
            DimensionIndexValues=[index + 1, b_number + 1],
            FrameAcquisitionDateTime=moment,
        )
    ]
    out.PlanePositionSequence = [_item(ImagePositionPatient=[float(v) for v in grid.position(index)])]
    out.MRDiffusionSequence = [_item(DiffusionBValue=float(b), DiffusionDirectionality="ISOTROPIC" if b else "NONE")]
    out.PixelValueTransformationSequence = [_item(RescaleIntercept=0, RescaleSlope=round(slope, 6), RescaleType="US")]
    out.FrameVOILUTSequence = [_item(WindowCenter=300, WindowWidth=600)]
    return out
