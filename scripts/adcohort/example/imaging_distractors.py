"""What else lies in an archive: anatomy, localisers, presentation states, and files that are no images at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from adcohort.example import imaging_headers as headers
from adcohort.example import phantom
from adcohort.example.imaging import Study
from adcohort.example.phantom import Grid
from pydicom.dataset import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage, MediaStorageDirectoryStorage


def anatomy(study: Study, header: Dataset, facts: dict[str, Any]) -> Iterator[Dataset]:
    """A T2-weighted series of another grid than the diffusion images."""
    own = study.grid
    grid = Grid(own.size * 4 // 3, own.pixel_mm * 3 / 4, 6, 8.0, own.tilt_degrees)
    found = phantom.bodies(study.person, study.day)
    signal = phantom.anatomy(grid, found, facts["tissues"], study.rng("anatomy"))
    template = headers.series(
        header,
        study,
        2,
        "T2 TSE tra",
        sequence="tse2d1_15",
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND"],
        EchoTime=92.0,
    )
    headers.place(template, grid, 5.0)
    for index in range(grid.slices):
        out = Dataset()
        out.update(template)
        out.ImagePositionPatient = [float(v) for v in grid.position(index)]
        out.InstanceNumber = index + 1
        out.SOPInstanceUID = headers.uid(template.SeriesInstanceUID, index)
        headers.put(out, np.clip(signal[index], 0, 4095))
        yield out


def localiser(study: Study, header: Dataset, facts: dict[str, Any]) -> Iterator[Dataset]:
    """Three images of three orientations in one series."""
    template = headers.series(
        header, study, 1, "localizer", sequence="fl2d1", ImageType=["ORIGINAL", "PRIMARY", "M"], EchoTime=4.0
    )
    size, pixel = 48, 5.0
    headers.place(template, Grid(size, pixel, 3, 10.0), 6.0)
    half = -(size - 1) / 2 * pixel
    views = (
        ([1, 0, 0, 0, 1, 0], [half, half, 0]),
        ([1, 0, 0, 0, 0, -1], [half, 0, -half]),
        ([0, 1, 0, 0, 0, -1], [0, half, -half]),
    )
    rng = study.rng("localiser")
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    for number, (orientation, position) in enumerate(views, start=1):
        out = Dataset()
        out.update(template)
        out.ImageOrientationPatient, out.ImagePositionPatient = orientation, position
        out.InstanceNumber = number
        out.SOPInstanceUID = headers.uid(template.SeriesInstanceUID, number)
        body = np.where((x / 13) ** 2 + (y / (12 if number == 1 else 40)) ** 2 <= 1, 300.0, 0.0)
        headers.put(out, np.hypot(body + 8 * rng.standard_normal(body.shape), 8 * rng.standard_normal(body.shape)))
        yield out


def presentation_state(study: Study, header: Dataset, image: Dataset) -> Dataset:
    """How a radiologist looked at an image: an object without pixels."""
    out = Dataset()
    out.update(header)
    out.SOPClassUID = GrayscaleSoftcopyPresentationStateStorage
    out.SOPInstanceUID = headers.uid(headers.study_key(study), "presentation state")
    out.Modality = "PR"
    out.SeriesInstanceUID = headers.uid(headers.study_key(study), "presentation states")
    out.SeriesNumber = 9001
    out.InstanceNumber = 1
    out.ContentLabel = "AS_VIEWED"
    out.ContentCreatorName = "CANARY^RADIOLOGIST"
    out.PresentationCreationDate, out.PresentationCreationTime = study.date, "190000"
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    series.ReferencedImageSequence = [reference]
    out.ReferencedSeriesSequence = [series]
    return out


def odd_files(study: Study, header: Dataset, folder: Path, first: Path) -> None:
    """A note, an empty file, a second copy of an image under another name, and a DICOMDIR."""
    (folder / "export.log").write_text(f"exported CANARY {study.person.name_dicom} on {study.date}\n", encoding="utf-8")
    (folder / "I9990000").write_bytes(b"")
    (folder / "I9991000").write_bytes(first.read_bytes())
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = 0xFFFF
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = "PATIENT"
    record.PatientName, record.PatientID = header.PatientName, header.PatientID
    out = Dataset()
    out.FileSetID = "CANARYEXPORT"
    out.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    out.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    out.FileSetConsistencyFlag = 0
    out.DirectoryRecordSequence = [record]
    out.SOPClassUID = MediaStorageDirectoryStorage
    out.SOPInstanceUID = headers.uid(headers.study_key(study), "directory")
    headers.part10(out)
    del out.SOPClassUID, out.SOPInstanceUID
    out.save_as(folder / "DICOMDIR", enforce_file_format=True)
