"""A small MR series and regions on it, written by the libraries that clinical tools use: outside truth for the readers."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SHAPE = (6, 20, 24)  # slices, rows, columns
PIXEL, SPACING = 2.0, 5.0
MR = "1.2.840.10008.5.1.4.1.1.4"


def directions(tilt: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and slice directions (LPS), tilted about the row axis by degrees."""
    angle = np.deg2rad(tilt)
    row = np.array([1.0, 0.0, 0.0])
    column = np.array([0.0, np.cos(angle), np.sin(angle)])
    return row, column, np.cross(row, column)


def position(index: float, tilt: float = 0.0) -> np.ndarray:
    """Centre of the first voxel of a slice (LPS)."""
    return np.array([-20.0, -15.0, 10.0]) + index * SPACING * directions(tilt)[2]


def affine_ras(tilt: float = 0.0) -> np.ndarray:
    """Affine of [column, row, slice] voxels to RAS+ mm."""
    row, column, normal = directions(tilt)
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([row * PIXEL, column * PIXEL, normal * SPACING])
    affine[:3, 3] = position(0, tilt)
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def series(tilt: float = 0.0) -> list[Dataset]:
    """Classic MR images, one a slice."""
    study, number, frame = generate_uid(), generate_uid(), generate_uid()
    images = []
    for index in range(SHAPE[0]):
        image = Dataset()
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.file_meta.MediaStorageSOPClassUID = MR
        image.SOPClassUID, image.SOPInstanceUID = MR, generate_uid()
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = study, number, frame
        image.PatientID, image.PatientName, image.PatientBirthDate, image.PatientSex = "1", "T^T", "19500101", "F"
        image.StudyID, image.AccessionNumber, image.ReferringPhysicianName = "1", "", ""
        image.StudyDate = image.SeriesDate = image.AcquisitionDate = "20200101"
        image.StudyTime = image.SeriesTime = "080000"
        image.Modality, image.Manufacturer, image.SeriesNumber, image.InstanceNumber = "MR", "X", 1, index + 1
        image.Rows, image.Columns = SHAPE[1], SHAPE[2]
        image.PixelSpacing, image.SliceThickness = [PIXEL, PIXEL], SPACING
        row, column, _ = directions(tilt)
        image.ImageOrientationPatient = [*row, *column]
        image.ImagePositionPatient = list(position(index, tilt))
        image.PositionReferenceIndicator = ""
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
        image.PixelData = np.zeros(SHAPE[1:], np.uint16).tobytes()
        images.append(image)
    return images


def ball(centre: tuple[float, float, float], radius_mm: float) -> np.ndarray:
    """Voxels [slice, row, column] inside a ball around a voxel."""
    index = np.indices(SHAPE).transpose(1, 2, 3, 0)
    return (((index - centre) * (SPACING, PIXEL, PIXEL)) ** 2).sum(axis=-1) <= radius_mm**2


def write_structures(path: Path, rois: dict[str, list[np.ndarray]], kind: str = "CLOSED_PLANAR") -> None:
    """An RTSTRUCT with each region's rings (n, 3), LPS mm."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", generate_uid()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.Modality = "RTSTRUCT"
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, (name, rings) in enumerate(rois.items(), start=1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, name
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for ring in rings:
            contour = Dataset()
            contour.ContourGeometricType = kind
            contour.NumberOfContourPoints = len(ring)
            contour.ContourData = [f"{value:.6g}" for value in np.ravel(ring)]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def rectangle(rows: tuple[float, float], columns: tuple[float, float], index: float, tilt: float = 0.0) -> np.ndarray:
    """A rectangular ring between rows and columns (voxel coordinates) on a slice, LPS mm."""
    row, column, _ = directions(tilt)
    corners = [(rows[0], columns[0]), (rows[0], columns[1]), (rows[1], columns[1]), (rows[1], columns[0])]
    return np.array([position(index, tilt) + r * PIXEL * column + c * PIXEL * row for r, c in corners])
