"""The synthetic readers' regions as DICOM objects: segmentations and structure sets that refer to the diffusion images."""

from typing import Any

import numpy as np
from adcohort.example import imaging_headers as headers
from adcohort.example import regions
from adcohort.example.imaging import Study
from adcohort.example.phantom import Array
from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage


def region_object(study: Study, reader: str, images: list[Dataset], facts: dict[str, Any]) -> Dataset | None:
    """What a reader drew, as the study's form of regions; `images` are the b 0 images of the first run. None: nothing drawn."""
    labels, names = regions.label_map(study, reader, facts)
    if not names:
        return None
    if study.regions == "seg":
        return segmentation(study, reader, images, labels, names)
    return structure_set(study, reader, images, facts)


def segmentation(study: Study, reader: str, images: list[Dataset], labels: Array, names: dict[int, str]) -> Dataset:
    """A DICOM segmentation: one segment a lesion, tracked by the lesion's identifier."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    key = (headers.study_key(study), "segmentation", reader)
    segments = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Lesion,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
            tracking_uid=headers.uid(study.person.patient_id, "lesion", name),
            tracking_id=name,
        )
        for number, name in enumerate(names.values(), start=1)
    ]
    masks = np.stack([labels == label for label in names], axis=-1)
    positions = None  # those of the images, one a slice
    if len(images) == 1:
        positions = [
            hd.PlanePositionSequence("PATIENT", image_position=study.grid.position(index).tolist())
            for index in range(study.grid.slices)
        ]
    out = hd.seg.Segmentation(
        source_images=images,
        pixel_array=masks,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=segments,
        series_instance_uid=headers.uid(*key, "series"),
        series_number=7000 + int(reader[1:]),
        sop_instance_uid=headers.uid(*key),
        instance_number=1,
        manufacturer="Reading room",
        manufacturer_model_name="Drawing program",
        software_versions="4.1",
        device_serial_number="1",
        content_label="LESIONS",
        content_description="Lesions",
        content_creator_name=f"{reader}^",
        series_description=f"Lesions by {reader}",
        plane_positions=positions,
    )
    out.ContentCreatorName = reader
    _timeless(out, study, key)
    return out


def _timeless(out: Dataset, study: Study, key: tuple[str, ...]) -> None:
    """In place of the moment of writing and of random UIDs: the session's date and UIDs made of its words."""
    for keyword in ("ContentDate", "InstanceCreationDate", "SeriesDate", "StructureSetDate"):
        if keyword in out:
            setattr(out, keyword, study.date)
    for keyword in ("ContentTime", "InstanceCreationTime", "SeriesTime", "StructureSetTime"):
        if keyword in out:
            setattr(out, keyword, "180000")
    for item in out.get("ContributingEquipmentSequence", []):
        item.ContributionDateTime = f"{study.date}180000"
    organization = headers.uid(*key, "dimensions")
    for sequence in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for item in out.get(sequence, []):
            item.DimensionOrganizationUID = organization


def structure_set(study: Study, reader: str, images: list[Dataset], facts: dict[str, Any]) -> Dataset:
    """An RT structure set: one region of interest a lesion, closed planar contours on the slices."""
    key = (headers.study_key(study), "structure set", reader)
    image = images[0]
    out = headers.of_study(study, facts["institution"])
    for keyword in ("FrameOfReferenceUID", "MagneticFieldStrength", "DeviceSerialNumber", "PatientPosition"):
        del out[keyword]
    out.SOPClassUID = RTStructureSetStorage
    out.SOPInstanceUID = headers.uid(*key)
    out.Modality = "RTSTRUCT"
    out.Manufacturer, out.ManufacturerModelName, out.SoftwareVersions = "Reading room", "Contouring station", "11.2"
    out.SeriesInstanceUID = headers.uid(*key, "series")
    out.SeriesNumber = 7100 + int(reader[1:])
    out.InstanceNumber = 1
    out.SeriesDescription = f"Lesions by {reader}"
    out.StructureSetLabel = reader
    out.StructureSetName = "Lesions"
    out.StructureSetDate, out.StructureSetTime = study.date, "180000"
    out.ReferencedFrameOfReferenceSequence = [_references(image, images)]
    bodies = regions.drawn(study, reader, facts)
    out.StructureSetROISequence, out.ROIContourSequence, out.RTROIObservationsSequence = [], [], []
    for number, body in enumerate(bodies, start=1):
        roi = Dataset()
        roi.ROINumber = number
        roi.ReferencedFrameOfReferenceUID = image.FrameOfReferenceUID
        roi.ROIName = body.lesion_id
        roi.ROIGenerationAlgorithm = "MANUAL"
        out.StructureSetROISequence.append(roi)
        contours = Dataset()
        contours.ROIDisplayColor = [255, 64 * number % 256, 0]
        contours.ReferencedROINumber = number
        contours.ContourSequence = [
            _contour(corners, images[index])
            for index in range(study.grid.slices)
            if (corners := regions.contour(body, study.grid, index)) is not None
        ]
        out.ROIContourSequence.append(contours)
        observation = Dataset()
        observation.ObservationNumber = number
        observation.ReferencedROINumber = number
        observation.ROIObservationLabel = body.lesion_id
        observation.RTROIInterpretedType = "GTV"
        observation.ROIInterpreter = reader
        out.RTROIObservationsSequence.append(observation)
    return out


def _references(image: Dataset, images: list[Dataset]) -> Dataset:
    frame = Dataset()
    frame.FrameOfReferenceUID = image.FrameOfReferenceUID
    study = Dataset()
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = image.StudyInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ContourImageSequence = [_reference(one) for one in images]
    study.RTReferencedSeriesSequence = [series]
    frame.RTReferencedStudySequence = [study]
    return frame


def _reference(image: Dataset) -> Dataset:
    out = Dataset()
    out.ReferencedSOPClassUID = image.SOPClassUID
    out.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return out


def _contour(corners: Array, image: Dataset) -> Dataset:
    out = Dataset()
    out.ContourImageSequence = [_reference(image)]
    out.ContourGeometricType = "CLOSED_PLANAR"
    out.NumberOfContourPoints = len(corners)
    out.ContourData = [round(float(v), 4) + 0.0 for v in corners.ravel()]
    return out
