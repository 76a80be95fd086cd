"""A small world of DICOM files for tests: a known object, scanned and stored as each vendor stores it; and the peer's answers."""

import copy
import datetime as dt
import itertools
import math
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from adcohort.dicom import convert, index, tree
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

ROWS, COLUMNS, SLICES = 12, 16, 5
SPACING = (2.5, 2.0)  # between rows, between columns
GAP = 4.0
PATIENT, START = "0007", dt.date(2020, 1, 10)
PEOPLE = {PATIENT: index.Person("sub-01", START), "0008": index.Person("sub-02", START)}
WINDOWS = {"baseline": {"day": 0, "window": (-28, 0)}, "month1": {"day": 30, "window": (1, 59)}}
DIRECTIONS = [(1.0, 0.0, 0.0), (0.0, 0.6, 0.8), (0.0, -0.8, 0.6)]
TURNS = {
    "axial": np.eye(3),
    "oblique": np.array([[0.9, 0.3, math.sqrt(0.1)], [-0.3162277660, 0.9486832981, 0.0], [-0.3, -0.1, 0.9486832981]]),
    "sagittal": np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]]),
    "coronal": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
}


class Volume:
    """One stored volume: b value as it is written, direction, signal [slice, row, column]."""

    def __init__(self, b: float, direction: tuple[float, float, float] | None = None, *, seed: int = 0) -> None:
        self.b, self.direction = b, direction
        rng = np.random.default_rng(seed + int(b * 7) + int(1000 * sum(direction or (0,))))
        shape = (SLICES, ROWS, COLUMNS)
        self.signal = np.rint(
            900 * np.exp(-b * 1e-3) + rng.uniform(20, 60, shape) + 100 * (np.arange(COLUMNS) > 5)
        ).astype(np.uint16)


class Geometry:
    """Where slices are."""

    def __init__(self, turn: str = "axial", corner: tuple[float, float, float] = (-20.0, -15.0, -30.0)) -> None:
        self.row, self.column, _ = TURNS[turn]
        self.row = self.row / np.linalg.norm(self.row)
        self.column = self.column - self.row * (self.column @ self.row)
        self.column = self.column / np.linalg.norm(self.column)
        self.normal = np.cross(self.row, self.column)
        self.corner = np.array(corner)

    def position(self, z: int) -> list[float]:
        return [float(v) for v in np.round(self.corner + z * GAP * self.normal, 6)]

    @property
    def orientation(self) -> list[float]:
        return [float(v) for v in np.round([*self.row, *self.column], 9)]


def header(
    series: int, *, maker: str, day: int = -1, patient: str = PATIENT, clock: str = "101500", **more: object
) -> FileDataset:
    """What every image of a series shares."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    out.SpecificCharacterSet = "ISO_IR 100"
    out.SOPClassUID = MRImageStorage
    date = (START + dt.timedelta(days=day)).strftime("%Y%m%d")
    out.StudyDate = out.SeriesDate = out.AcquisitionDate = date
    out.StudyTime, out.SeriesTime, out.AcquisitionTime = "100000", clock, clock
    out.Modality, out.Manufacturer, out.ManufacturerModelName = "MR", maker, "Model"
    out.PatientName, out.PatientID = "CANARY^NAME", patient
    out.StudyInstanceUID = generate_uid(entropy_srcs=["study", patient, date])
    out.SeriesInstanceUID = generate_uid(entropy_srcs=["series", patient, date, str(series)])
    out.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame", patient, date])
    out.SeriesNumber, out.AcquisitionNumber = series, 1
    out.ProtocolName, out.SeriesDescription = "dwi_neck", "dwi_neck"
    out.ImageType = ["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"]
    out.ScanningSequence, out.SequenceVariant, out.MRAcquisitionType = ["EP", "SE"], "SK", "2D"
    out.EchoTime, out.RepetitionTime, out.FlipAngle, out.MagneticFieldStrength = 70, 5000, 90, 3
    out.SliceThickness, out.SpacingBetweenSlices = 3, GAP
    out.InPlanePhaseEncodingDirection = "COL"
    out.SamplesPerPixel, out.PhotometricInterpretation = 1, "MONOCHROME2"
    out.BitsAllocated, out.BitsStored, out.HighBit, out.PixelRepresentation = 16, 12, 11, 0
    for name, value in more.items():
        setattr(out, name, value)
    return out


def copy_of(template: FileDataset) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = template.file_meta.TransferSyntaxUID
    out = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for element in template:
        out[element.tag] = copy.copy(element)  # assignment changes an element in place
    return out


def images(
    template: FileDataset, volumes: list[Volume], mark, *, geometry: Geometry, slice_major: bool = False
) -> Iterator[FileDataset]:
    """One dataset a slice and volume; `mark(dataset, number, volume, z)` adds what the vendor adds."""
    places = (
        itertools.product(range(SLICES), range(len(volumes)))
        if slice_major
        else ((z, n) for n in range(len(volumes)) for z in range(SLICES))
    )
    for instance, (z, n) in enumerate(places, start=1):
        out = copy_of(template)
        out.InstanceNumber = instance
        place(out, volumes[n].signal[z], geometry, z)
        mark(out, n, volumes[n], z)
        name_instance(out, n, z)
        yield out


def place(out: Dataset, signal: np.ndarray, geometry: Geometry, z: int) -> None:
    out.Rows, out.Columns = signal.shape
    out.PixelSpacing = list(SPACING)
    out.ImageOrientationPatient = geometry.orientation
    out.ImagePositionPatient = geometry.position(z)
    out.SliceLocation = round(float(np.array(geometry.position(z)) @ geometry.normal), 5)
    out.PixelData = signal.astype("<u2").tobytes()


def name_instance(out: FileDataset, *parts: object) -> None:
    out.SOPInstanceUID = generate_uid(entropy_srcs=[out.SeriesInstanceUID, *map(str, parts)])
    out.file_meta.MediaStorageSOPInstanceUID = out.SOPInstanceUID
    out.file_meta.MediaStorageSOPClassUID = out.SOPClassUID


def save(datasets, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for out in datasets:
        path = folder / f"I{len(list(folder.iterdir())):05d}"
        out.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


# ------------------------------------------------------------------------------------------------------------- vendors


def siemens_public(out, n, volume, z):
    out.DiffusionBValue = float(volume.b)
    out.DiffusionDirectionality = "DIRECTIONAL" if volume.direction else "NONE"
    if volume.direction:
        out.DiffusionGradientOrientation = list(volume.direction)


def siemens_private(out, n, volume, z):
    block = out.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", str(int(volume.b)))
    block.add_new(0x0D, "CS", "DIRECTIONAL" if volume.direction else "NONE")
    if volume.direction:
        block.add_new(0x0E, "FD", list(volume.direction))


def csa(values: dict[str, list[object]]) -> bytes:
    out = b"SV10\4\3\2\1" + struct.pack("<II", len(values), 77)
    for name, items in values.items():
        out += name.encode().ljust(64, b"\0") + struct.pack("<i4sIII", 1, b"FD\0\0", 3, 6, 77)
        for n in range(6):
            text = f"{items[n]}".encode() + b"\0" if n < len(items) else b""
            out += struct.pack("<4I", len(text), len(text), 77, len(text)) + text + b"\0" * (-len(text) % 4)
    return out


def siemens_csa(out, n, volume, z, **more):
    block = out.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    values = {"B_value": [int(volume.b)], "DiffusionDirectionality": ["DIRECTIONAL" if volume.direction else "NONE"]}
    if volume.direction:
        values["DiffusionGradientDirection"] = list(volume.direction)
    block.add_new(0x08, "CS", "IMAGE NUM 4")
    block.add_new(0x10, "OB", csa(values | more))


def ge(out, n, volume, z):
    block = out.private_block(0x0043, "GEMS_PARM_01", create=True)
    block.add_new(0x39, "IS", [str(int(volume.b) + 1_000_000_000), "1073741832", "0", "0"])
    block = out.private_block(0x0019, "GEMS_ACQU_01", create=True)
    for axis, value in zip((0xBB, 0xBC, 0xBD), volume.direction or (0, 0, 0), strict=True):
        block.add_new(axis, "DS", f"{value:.6f}")


def philips(out, n, volume, z):
    block = out.private_block(0x2001, "Philips Imaging DD 001", create=True)
    block.add_new(0x03, "FL", volume.b)
    block.add_new(0x04, "CS", "O" if volume.direction else "I")
    out.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", 0.025 + 0.0 * n)
    out.RescaleSlope, out.RescaleIntercept = "1.25", "0"
    out.DiffusionBValue = float(np.float32(volume.b))
    if volume.direction:
        out.DiffusionGradientOrientation = list(volume.direction)


def uih(out, n, volume, z):
    block = out.private_block(0x0065, "Image Private Header", create=True)
    block.add_new(0x09, "FD", float(volume.b))
    block.add_new(0x0A, "FD", float(round(volume.b, -1)))
    if volume.direction:
        block.add_new(0x37, "FD", list(volume.direction))


def toshiba(out, n, volume, z):
    if volume.b:
        out.DiffusionBValue = float(volume.b)
        if volume.direction:
            out.DiffusionGradientOrientation = list(volume.direction)


def canon(out, n, volume, z):
    if volume.b:
        out.DiffusionBValue = float(volume.b)
    x, y, w = volume.direction or (0, 0, 0)
    out.ImageComments = f"b={volume.b:g}({x:.3f},{y:.3f},{w:.3f})"


def bruker(out, n, volume, z):
    out.DiffusionBValue = float(volume.b)
    if volume.direction:
        out.DiffusionGradientOrientation = list(volume.direction)


CLASSIC = {
    "siemens public": ("SIEMENS", siemens_public),
    "siemens private": ("SIEMENS", siemens_private),
    "siemens csa": ("SIEMENS", siemens_csa),
    "ge": ("GE MEDICAL SYSTEMS", ge),
    "philips": ("Philips Medical Systems", philips),
    "uih": ("UIH", uih),
    "toshiba": ("TOSHIBA_MEC", toshiba),
    "canon": ("CANON_MEC", canon),
    "bruker": ("Bruker BioSpin MRI GmbH", bruker),
}


def classic(
    kind: str, volumes: list[Volume], series: int = 4, geometry: Geometry | None = None, **more
) -> Iterator[FileDataset]:
    """A series of classic images, as a vendor stores them."""
    maker, mark = CLASSIC[kind]
    slice_major = more.pop("slice_major", kind in ("ge", "philips"))
    yield from images(
        header(series, maker=maker, **more), volumes, mark, geometry=geometry or Geometry(), slice_major=slice_major
    )


def mosaic(
    volumes: list[Volume], series: int = 4, geometry: Geometry | None = None, *, csa_only: bool = False
) -> Iterator[FileDataset]:
    """Siemens mosaics: the slices of a volume tiled in one image."""
    geometry = geometry or Geometry()
    side = math.ceil(math.sqrt(SLICES))
    template = header(series, maker="SIEMENS", ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE", "MOSAIC"])
    for n, volume in enumerate(volumes):
        out = copy_of(template)
        out.InstanceNumber = n + 1
        whole = np.zeros((side * ROWS, side * COLUMNS), np.uint16)
        for z in range(SLICES):
            y, x = divmod(z, side)
            whole[y * ROWS : (y + 1) * ROWS, x * COLUMNS : (x + 1) * COLUMNS] = volume.signal[z]
        place(out, whole, geometry, 0)
        shift = (
            geometry.row * SPACING[1] * (side - 1) * COLUMNS / 2 + geometry.column * SPACING[0] * (side - 1) * ROWS / 2
        )
        out.ImagePositionPatient = [float(v) for v in np.round(np.array(geometry.position(0)) - shift, 6)]
        if not csa_only:
            siemens_private(out, n, volume, 0)
            out.private_block(0x0019, "SIEMENS MR HEADER").add_new(0x0A, "US", SLICES)
        normal = [f"{v:.8f}" for v in geometry.normal]
        siemens_csa(out, n, volume, 0, NumberOfImagesInMosaic=[SLICES], SliceNormalVector=normal)
        name_instance(out, n)
        yield out


def vframe(volumes: list[Volume], series: int = 4, geometry: Geometry | None = None) -> Iterator[FileDataset]:
    """UIH mosaics."""
    geometry = geometry or Geometry()
    across = math.ceil(math.sqrt(SLICES))
    down = math.ceil(SLICES / across)
    template = header(series, maker="UIH", ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "VFRAME"])
    for n, volume in enumerate(volumes):
        out = copy_of(template)
        out.InstanceNumber = n + 1
        whole = np.zeros((down * ROWS, across * COLUMNS), np.uint16)
        frames = []
        for z in range(SLICES):
            y, x = divmod(z, across)
            whole[y * ROWS : (y + 1) * ROWS, x * COLUMNS : (x + 1) * COLUMNS] = volume.signal[z]
            item = Dataset()
            item.AcquisitionTime = "101500"
            item.ImagePositionPatient = geometry.position(z)
            frames.append(item)
        place(out, whole, geometry, 0)
        uih(out, n, volume, 0)
        block = out.private_block(0x0065, "Image Private Header")
        block.add_new(0x50, "DS", str(SLICES))
        block.add_new(0x51, "SQ", frames)
        name_instance(out, n)
        yield out


def enhanced(
    volumes: list[Volume], series: int = 4, geometry: Geometry | None = None, *,
    maker: str = "Siemens Healthineers", one_file: bool = True,
    slopes: list[float] | None = None, frame_types: list[list[str]] | None = None, **more: object,
) -> Iterator[FileDataset]:  # fmt: skip
    """Enhanced multi-frame images: all volumes in one file, or one file a volume."""
    geometry = geometry or Geometry()
    template = header(series, maker=maker, **more)
    template.SOPClassUID = EnhancedMRImageStorage
    for name in ("EchoTime", "RepetitionTime", "FlipAngle", "ScanningSequence", "SequenceVariant", "SliceThickness"):
        delattr(template, name)
    template.AcquisitionDateTime = template.AcquisitionDate + template.AcquisitionTime
    template.EchoPlanarPulseSequence = "YES"
    groups = [list(enumerate(volumes))] if one_file else [[(n, volume)] for n, volume in enumerate(volumes)]
    for number, members in enumerate(groups):
        out = copy_of(template)
        out.InstanceNumber = number + 1
        out.NumberOfFrames = len(members) * SLICES
        out.Rows, out.Columns = ROWS, COLUMNS
        out.PixelData = np.concatenate([volume.signal for _, volume in members]).astype("<u2").tobytes()
        shared = Dataset()
        shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=geometry.orientation)]
        shared.PixelMeasuresSequence = [_item(PixelSpacing=list(SPACING), SliceThickness=3, SpacingBetweenSlices=GAP)]
        shared.MRTimingAndRelatedParametersSequence = [_item(RepetitionTime=5000, FlipAngle=90, EchoTrainLength=1)]
        shared.MREchoSequence = [_item(EffectiveEchoTime=70.0)]
        out.SharedFunctionalGroupsSequence = [shared]
        frames = []
        for n, volume in members:
            for z in range(SLICES):
                frame = Dataset()
                frame.FrameContentSequence = [
                    _item(
                        StackID="1",
                        InStackPositionNumber=z + 1,
                        TemporalPositionIndex=n + 1,
                        DimensionIndexValues=[1, z + 1, n + 1],
                    )
                ]
                frame.PlanePositionSequence = [_item(ImagePositionPatient=geometry.position(z))]
                diffusion = _item(
                    DiffusionBValue=float(volume.b),
                    DiffusionDirectionality="DIRECTIONAL" if volume.direction else "NONE",
                )
                if volume.direction:
                    diffusion.DiffusionGradientDirectionSequence = [
                        _item(DiffusionGradientOrientation=list(volume.direction))
                    ]
                frame.MRDiffusionSequence = [diffusion]
                slope = slopes[n] if slopes else 1.0
                frame.PixelValueTransformationSequence = [
                    _item(RescaleIntercept=0, RescaleSlope=slope, RescaleType="US")
                ]
                if frame_types:
                    frame.MRImageFrameTypeSequence = [_item(FrameType=frame_types[n])]
                frames.append(frame)
        out.PerFrameFunctionalGroupsSequence = frames
        out.DimensionIndexSequence = [_pointer(0x00209056), _pointer(0x00209057), _pointer(0x00209128)]
        name_instance(out, number)
        yield out


def _item(**values: object) -> Dataset:
    out = Dataset()
    for name, value in values.items():
        setattr(out, name, value)
    return out


def _pointer(tag: int) -> Dataset:
    return _item(DimensionIndexPointer=tag, FunctionalGroupPointer=0x00209111)


# -------------------------------------------------------------------------------------------------- the stage, and the peer


class Ingested:
    """What the stage makes of a tree."""

    def __init__(
        self, folder: Path, people=PEOPLE, windows=WINDOWS, data: Path | None = None, out: Path | None = None
    ) -> None:
        self.data = data or folder.parent
        self.out = out or self.data / ".converted"
        self.files = tree.read(self.data, folder, self.out / "cache.sqlite")
        self.index = index.build(self.files, people, windows)
        self.runs = {
            run["stem"]: convert.run(self.data, run, self.out, "nii") | {"manifest": run}
            for manifest in self.index.manifests.values()
            for run in manifest["runs"]
        }

    def decisions(self, **where) -> list[tuple[str, str, str | None]]:
        """role, status and reason of the series' rows."""
        rows = [row for row in self.index.series if all(row[name] == value for name, value in where.items())]
        return [(row["role"], row["status"], row["reason"]) for row in rows]

    def image(self, stem: str | None = None):
        """Array [x, y, z, t], affine, b values and directions of a run (the only one)."""
        if stem is None:
            [stem] = [name for name, run in self.runs.items() if run["status"] == "accepted"]
        return load(self.out / f"{stem}_dwi.nii")


def load(path: Path):
    image = nibabel.load(path)
    array = np.asarray(image.dataobj)
    b = np.atleast_1d(np.loadtxt(path.with_suffix(".bval"))) if path.with_suffix(".bval").exists() else None
    vectors = np.loadtxt(path.with_suffix(".bvec")) if path.with_suffix(".bvec").exists() else None
    return array, image.affine, b, vectors


def peer(folder: Path, out: Path) -> dict[str, tuple]:
    """dcm2niix's images of a folder, by file stem."""
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["dcm2niix", "-z", "n", "-b", "y", "-f", "%s", "-o", str(out), str(folder)], check=True, capture_output=True
    )
    return {path.stem: load(path) for path in sorted(out.glob("*.nii"))}


def read_back(path: Path) -> pydicom.Dataset:
    return pydicom.dcmread(path)
