"""Segmentations and structure sets: what they refer to, and who drew them (for private use: regions are tied to visits by it)."""

from typing import Any

from adcohort.dicom.elements import Elements

KINDS = {"1.2.840.10008.5.1.4.1.1.66.4": "SEG", "1.2.840.10008.5.1.4.1.1.481.3": "RTSTRUCT"}


def describe(elements: Elements) -> dict[str, Any]:
    """Series, images and frames of reference that a region object refers to, its reader and its session."""
    series: set[str] = set()
    images: set[str] = set()
    frames: set[str] = {elements.text("FrameOfReferenceUID")}
    for entry in elements.items("ReferencedSeriesSequence"):
        series.add(entry.text("SeriesInstanceUID"))
        images |= {item.text("ReferencedSOPInstanceUID") for item in entry.items("ReferencedInstanceSequence")}
    for entry in elements.items("ReferencedFrameOfReferenceSequence"):
        frames.add(entry.text("FrameOfReferenceUID"))
        for study in entry.items("RTReferencedStudySequence"):
            for one in study.items("RTReferencedSeriesSequence"):
                series.add(one.text("SeriesInstanceUID"))
                images |= {item.text("ReferencedSOPInstanceUID") for item in one.items("ContourImageSequence")}
    return {
        "series": sorted(series - {""}),
        "images": sorted(images - {""}),
        "frames_of_reference": sorted(frames - {""}),
        "reader": _reader(elements),
        "session": elements.text("ClinicalTrialSeriesID"),
    }


def _reader(elements: Elements) -> str:
    """Who drew: the one observer of all regions, or the object's creator, operator or reviewer."""
    observers = {seen.text("ROIInterpreter") for seen in elements.items("RTROIObservationsSequence")} - {""}
    if len(observers) == 1:
        return observers.pop()
    names = (elements.text(name) for name in ("ContentCreatorName", "OperatorsName", "ReviewerName"))
    return next((name for name in names if name), "")
