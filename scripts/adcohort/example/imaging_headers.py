"""Headers of the synthetic archive: patient, study, series, geometry; every field that has room names somebody."""

import hashlib
from typing import Any

from adcohort.example.imaging import Study
from adcohort.example.phantom import Array, Grid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

ROOT = "1.3.6.1.4.1.99999.77"


def uid(*what: object) -> str:
    """A UID that is the same for the same words."""
    digest = hashlib.sha256("/".join(map(str, what)).encode()).digest()
    return f"{ROOT}.{int.from_bytes(digest[:12], 'big')}"


def study_key(study: Study) -> str:
    """What the UIDs of a session are made of."""
    return f"{study.person.seed}/{study.person.patient_id}/{study.date}"


def of_study(study: Study, institution: str) -> Dataset:
    """Patient and study, as a hospital's scanner writes them."""
    person, scanner = study.person, study.scanner
    key = study_key(study)
    start = 8 * 3600 + int(hashlib.sha256(key.encode()).hexdigest()[:4], 16) % (9 * 3600)
    out = Dataset()
    out.SpecificCharacterSet = "ISO_IR 192"
    out.StudyDate = study.date
    out.StudyTime = clock(start)
    out.AccessionNumber = f"CANARYACC{person.patient_id[-5:]}"
    out.Modality = "MR"
    out.Manufacturer = scanner["manufacturer"]
    out.InstitutionName = institution
    out.InstitutionAddress = "CANARY STREET 1"
    out.ReferringPhysicianName = "CANARY^REFERRER"
    out.StationName = "CANARYSTATION"
    out.StudyDescription = f"NECK MR CANARY {person.name_dicom}"
    out.PerformingPhysicianName = "CANARY^PERFORMER"
    out.OperatorsName = "CANARY^OPERATOR"
    out.ManufacturerModelName = scanner["model"]
    out.PatientName = f"{person.name_dicom}={person.name}"
    out.PatientID = person.patient_id
    out.PatientBirthDate = person.birth_date.strftime("%Y%m%d")
    out.PatientSex = person.sex
    out.OtherPatientIDs = f"CANARYOTHER{person.patient_id}"
    out.PatientAge = f"{person.age:03d}Y"
    out.PatientWeight = "68"
    out.PatientAddress = "CANARY LANE 7"
    out.PatientComments = f"CANARY comment on {person.name_dicom}"
    out.BodyPartExamined = "NECK"
    out.MagneticFieldStrength = scanner["field"]
    out.DeviceSerialNumber = scanner["serial"]
    out.SoftwareVersions = scanner["software"]
    out.PatientPosition = "HFS"
    out.StudyInstanceUID = uid(key, "study")
    out.StudyID = f"CANARYSTUDY{person.patient_id[-4:]}"
    out.FrameOfReferenceUID = uid(key, "frame of reference")
    return out


def clock(seconds: float) -> str:
    """Seconds of the day as DICOM writes a time."""
    whole = int(seconds)
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}.{round((seconds - whole) * 1e6):06d}"


def seconds(time: str) -> float:
    """Seconds of the day of a DICOM time."""
    return int(time[:2]) * 3600 + int(time[2:4]) * 60 + float(time[4:])


def series(
    study_header: Dataset,
    study: Study,
    number: int,
    description: str,
    *,
    run: int = 1,
    sequence: str = "ep2d",
    **more: Any,
) -> Dataset:
    """A series of a study: header that all its images share. `more` are further keywords with their values."""
    out = Dataset()
    out.update(study_header)
    began = seconds(study_header.StudyTime) + 60 * number / (100 if number > 100 else 1)
    out.SOPClassUID = MRImageStorage
    for name in ("Series", "Acquisition", "Content"):
        setattr(out, f"{name}Date", study.date)
        setattr(out, f"{name}Time", clock(began))
    out.SeriesDescription = description
    out.ProtocolName = description
    out.SeriesInstanceUID = uid(study_key(study), "series", number, run)
    out.SeriesNumber = number
    out.AcquisitionNumber = 1
    out.ScanningSequence = ["EP", "SE"] if sequence.startswith("ep") else "SE"
    out.SequenceVariant = "SK"
    out.ScanOptions = "FS"
    out.MRAcquisitionType = "2D"
    out.SequenceName = sequence
    out.RepetitionTime = 5200.0
    out.EchoTime = 68.0
    out.NumberOfAverages = 2
    out.EchoTrainLength = 1
    out.FlipAngle = 90
    out.PixelBandwidth = 1500
    out.InPlanePhaseEncodingDirection = "COL"
    out.ImageComments = "CANARY image comment"
    for keyword, value in more.items():
        setattr(out, keyword, value)
    return out


def place(out: Dataset, grid: Grid, thickness_mm: float) -> None:
    """Geometry that the images of a series share."""
    out.SliceThickness = thickness_mm
    out.SpacingBetweenSlices = grid.spacing_mm
    out.ImageOrientationPatient = [round(float(v), 9) for v in (*grid.row, *grid.column)]
    out.PixelSpacing = [grid.pixel_mm, grid.pixel_mm]
    out.AcquisitionMatrix = [grid.size, 0, 0, grid.size]
    pixels(out)


def pixels(out: Dataset) -> None:
    """How pixels are stored: 12 bits in 16."""
    out.SamplesPerPixel = 1
    out.PhotometricInterpretation = "MONOCHROME2"
    out.BitsAllocated = 16
    out.BitsStored = 12
    out.HighBit = 11
    out.PixelRepresentation = 0
    out.WindowCenter = 300
    out.WindowWidth = 600


def put(out: Dataset, stored: Array) -> None:
    """Stored values of one image (or frames), with what the header says about them."""
    out.Rows, out.Columns = stored.shape[-2:]
    out.SmallestImagePixelValue = int(stored.min())
    out.LargestImagePixelValue = int(stored.max())
    out.PixelData = stored.astype("<u2").tobytes()


def part10(out: Dataset) -> Dataset:
    """Ready for writing: with file meta information."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = out.SOPClassUID
    meta.MediaStorageSOPInstanceUID = out.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(f"{ROOT}.1")
    out.file_meta = meta
    return out
