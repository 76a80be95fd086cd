"""Regions in DICOM: segmentations and structure sets."""

from pathlib import Path
from typing import Any

import numpy as np
from adcohort.reasons import Reason
from adcohort.roi.regions import Contours, NotUsable, Region, Voxels, code_of, ras

SEGMENTS_AT_ONCE = 8  # volumes in memory


def read_segmentation(path: Path) -> list[Region]:
    """Segments of a DICOM segmentation: binary, fractional or label map; segments may overlap, and may be empty."""
    import highdicom

    try:
        segmentation = highdicom.seg.segread(path)
    except Exception as problem:  # whatever a damaged or foreign object makes the reader raise
        raise NotUsable(Reason.UNREADABLE_REGION, "the segmentation cannot be read") from problem
    shapes: dict[int, Voxels] = {}
    present = sorted(_segments_with_frames(segmentation))
    for start in range(0, len(present), SEGMENTS_AT_ONCE):
        numbers = present[start : start + SEGMENTS_AT_ONCE]
        shapes |= dict(zip(numbers, _segments(segmentation, numbers), strict=True))
    regions = []
    for number in segmentation.segment_numbers:
        description = segmentation.get_segment_description(number)
        tracking = code_of(str(description.tracking_uid or ""))
        shape = shapes.get(number, Voxels(np.zeros((0, 0, 0)), np.eye(4)))
        regions.append(Region(str(description.segment_label), shape, "seg", tracking))
    return regions


def _segments_with_frames(segmentation: Any) -> set[int]:
    if str(segmentation.SegmentationType) == "LABELMAP":
        return set(segmentation.segment_numbers)
    return {
        int(frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        for frame in segmentation.PerFrameFunctionalGroupsSequence
        if "SegmentIdentificationSequence" in frame
    } or set(segmentation.segment_numbers)


def _segments(segmentation: Any, numbers: list[int]) -> list[Voxels]:
    kind = np.float32 if str(segmentation.SegmentationType) == "FRACTIONAL" else np.uint8
    try:
        volume = segmentation.get_volume(segment_numbers=numbers, dtype=kind, skip_overlap_checks=True)
    except (RuntimeError, ValueError) as problem:
        raise NotUsable(Reason.UNREADABLE_REGION, "the frames of the segmentation are no regular volume") from problem
    return [Voxels.cropped(volume.array[..., layer], ras(volume.affine)) for layer in range(len(numbers))]


def read_structures(path: Path) -> list[Region]:
    """Structures of an RTSTRUCT with their closed planar contours."""
    import pydicom

    try:
        dataset = pydicom.dcmread(path)
        names = {int(roi.ROINumber): str(roi.get("ROIName", "")) for roi in dataset.StructureSetROISequence}
        drawn = {
            int(roi.ReferencedROINumber): roi.get("ContourSequence") or []
            for roi in dataset.get("ROIContourSequence") or []
        }
        shapes = {number: _contours(drawn.get(number, [])) for number in names}
    except NotUsable:
        raise
    except Exception as problem:  # whatever a damaged or foreign object makes the reader raise
        raise NotUsable(Reason.UNREADABLE_REGION, "the structure set cannot be read") from problem
    tracked = {
        int(seen.ReferencedROINumber): code_of(str(seen.get("TrackingUID", "")))
        for seen in dataset.get("RTROIObservationsSequence") or []
    }
    return [
        Region(name or str(number), shapes[number], "rtstruct", tracked.get(number, ""))
        for number, name in sorted(names.items())
    ]


def _contours(sequence: Any) -> Contours:
    rings = []
    for contour in sequence:
        if not str(contour.get("ContourGeometricType", "CLOSED_PLANAR")).startswith("CLOSED_PLANAR"):
            continue  # points and open lines enclose nothing
        points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        rings.append(points * (-1.0, -1.0, 1.0))
    if len(sequence) and not rings:
        raise NotUsable(Reason.UNREADABLE_REGION, "a structure has points or open lines and no closed contour")
    return Contours(rings)
