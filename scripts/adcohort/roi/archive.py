"""Back to the archive: ADC maps as DICOM Parametric Maps, regions as segmentations, values as TID 1500 reports.

Patient and study are those of the source images. Identifiers are derived from the source's, so that the same input gives
the same objects.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from adcohort import files, nifti
from adcohort.errors import StudyError
from adcohort.roi.regions import Array, ras
from highdicom.sr.coding import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

MAKER: dict[str, Any] = {"manufacturer": "adcohort", "manufacturer_model_name": "adcohort", "software_versions": "1"}
MM2_S = CodedConcept("mm2/s", "UCUM", "mm2/s")
MILLILITRE = CodedConcept("ml", "UCUM", "milliliter")
ADC = CodedConcept("113041", "DCM", "Apparent Diffusion Coefficient")
S_MM2 = CodedConcept("s/mm2", "UCUM", "s/mm2")
B_VALUE = CodedConcept("113240", "DCM", "Source image diffusion b-value")
MODEL = CodedConcept("113250", "DCM", "Mono-exponential diffusion model")
FITS = {  # estimator to the way of fitting (CID 7274)
    "two samples": CodedConcept("113260", "DCM", "Log of ratio of two samples"),
    "nlls": CodedConcept("113265", "DCM", "Levenberg-Marquardt"),
    "wls": CodedConcept("113261", "DCM", "Least squares fit of multiple samples"),
    "ols": CodedConcept("113261", "DCM", "Least squares fit of multiple samples"),
}
STATISTICS = {  # derivation (CID 7464) of each exported value, in 1e-3 mm2/s in the tables
    "adc_mean": CodedConcept("373098007", "SCT", "Mean"),
    "adc_median": CodedConcept("373099004", "SCT", "Median"),
    "adc_sd": CodedConcept("386136009", "SCT", "Standard deviation"),
    "adc_min": CodedConcept("255605001", "SCT", "Minimum"),
    "adc_max": CodedConcept("56851009", "SCT", "Maximum"),
}
SERIES_NUMBER = 9100


def source_images(data: Path, run: Mapping[str, Any]) -> list[pydicom.Dataset]:
    """Headers of the images of a run's first volume, in the order of slices.

    Raises
    ------
    StudyError
        For a file that is not there any more.
    """
    first = sorted((frame[1], file["path"]) for file in run["files"] for frame in file["frames"] if frame[2] == 0)
    paths = list(dict.fromkeys(path for _, path in first))
    if gone := [path for path in paths if not (data / path).is_file()]:
        raise StudyError(f"{run['stem']}: {len(gone)} image files are not there any more. Run the workflow again.")
    return [pydicom.dcmread(data / path, stop_before_pixels=True) for path in paths]


def volume(array: Array, affine: Array, frame: str) -> hd.Volume:
    """An image [x, y, z] with its RAS affine as a DICOM volume [slice, row, column]."""
    lps = ras(affine)  # the same change of sign both ways
    turned = lps[:, [2, 1, 0, 3]]
    return hd.Volume(array.transpose(2, 1, 0), turned, coordinate_system="PATIENT", frame_of_reference_uid=frame)


def parametric_map(
    sources: Sequence[pydicom.Dataset], adc: Array, affine: Array, estimator: str, b_values: Sequence[float]
) -> pydicom.Dataset:
    """The ADC map (mm2/s, float32; 0 where there is no valid ADC) as a Parametric Map."""
    stored = np.nan_to_num(adc.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="ADC",
        lut_explanation="Apparent diffusion coefficient",
        unit=MM2_S,
        value_range=(float(stored.min()), float(stored.max())),
        slope=1.0,
        intercept=0.0,
        quantity_definition=ADC,
    )
    fit = FITS["two samples" if len(set(b_values)) == 2 else estimator]
    quantity: Any = mapping.QuantityDefinitionSequence
    quantity.append(hd.sr.CodeContentItem(CodedConcept("113241", "DCM", "Model fitting method"), fit))
    quantity.extend(_numeric(B_VALUE, float(b), S_MM2) for b in b_values)
    identity = _identity(sources[0], "ADC", SERIES_NUMBER)
    result = hd.pm.ParametricMap(
        sources,
        volume(stored, affine, _frame(sources[0])),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[hd.VOILUTTransformation(0.00125, 0.0025, voi_lut_function="LINEAR_EXACT")],
        content_label="ADC",
        content_description="Apparent diffusion coefficient",
        derived_pixel_contrast="QUANTITY",
        device_serial_number="1",
        **identity,
        **MAKER,
    )
    result.SeriesDescription = "ADC"
    result.Laterality = ""  # type 2C, and the neck has two sides
    return _dated(result, sources[0])


def segmentation(
    sources: Sequence[pydicom.Dataset], labels: Array, affine: Array, named: Mapping[int, str], who: str
) -> pydicom.Dataset:
    """A label map as a segmentation; `named` gives the lesion of each value that becomes a segment."""
    descriptions = [
        hd.seg.SegmentDescription(
            number,
            name,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Lesion,
            algorithm_type="MANUAL",
            tracking_id=name,
            tracking_uid=_uid(sources[0].StudyInstanceUID, "lesion", name),
        )
        for number, name in enumerate(named.values(), start=1)
    ]
    stack = np.stack([labels == value for value in named], axis=-1).astype(np.uint8)
    shaped = volume(stack[..., 0], affine, _frame(sources[0]))
    pixels = np.stack([stack[..., layer].transpose(2, 1, 0) for layer in range(stack.shape[-1])], axis=-1)
    channels: dict[Any, Any] = {"SegmentNumber": list(range(1, len(named) + 1))}
    made = hd.seg.Segmentation(
        sources,
        hd.Volume(
            pixels,
            shaped.affine,
            coordinate_system="PATIENT",
            frame_of_reference_uid=_frame(sources[0]),
            channels=channels,
        ),
        "BINARY",
        descriptions,
        device_serial_number="1",
        **_identity(sources[0], f"regions {who}", SERIES_NUMBER + 1),
        **MAKER,
    )
    made.SeriesDescription = f"Regions {who}".strip()
    return _dated(made, sources[0])


def report(
    sources: Sequence[pydicom.Dataset],
    rows: Sequence[Mapping[str, Any]],
    segments: Mapping[str, tuple[pydicom.Dataset, int]],
    who: str,
) -> pydicom.Dataset:
    """The values of one reader's regions as a TID 1500 report that refers to their segments and the source series."""
    observer = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=_uid("adcohort"), name="adcohort"
        ),
    )
    groups = []
    for row in rows:
        segment, number = segments[row["lesion"]]
        values = [
            hd.sr.Measurement(ADC, float(f"{row[name] / 1000:.9g}"), MM2_S, derivation=derivation, method=MODEL)
            for name, derivation in STATISTICS.items()
            if row.get(name) is not None
        ]
        values.append(hd.sr.Measurement(codes.SCT.Volume, float(f"{row['volume_ml']:.9g}"), MILLILITRE))
        groups.append(
            hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
                tracking_identifier=hd.sr.TrackingIdentifier(
                    uid=_uid(sources[0].StudyInstanceUID, "lesion", row["lesion"]), identifier=row["lesion"]
                ),
                referenced_segment=hd.sr.ReferencedSegment(
                    segment.SOPClassUID,
                    segment.SOPInstanceUID,
                    number,
                    source_series=hd.sr.SourceSeriesForSegmentation(sources[0].SeriesInstanceUID),
                ),
                finding_type=codes.SCT.Lesion,
                measurements=values,
            )
        )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.LN.MRIUnspecifiedBodyRegion,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    identity = _identity(sources[0], f"report {who}", SERIES_NUMBER + 2)
    evidence = {segment.SOPInstanceUID: segment for segment, _ in segments.values()}
    made = hd.sr.Comprehensive3DSR(
        evidence=[*sources, *evidence.values()],
        content=content[0],
        is_complete=True,
        manufacturer=MAKER["manufacturer"],
        **identity,
    )
    made.SeriesDescription = f"ADC of regions {who}".strip()
    return _dated(made, sources[0])


def export_run(
    folder: Path,
    data: Path,
    run: Mapping[str, Any],
    *,
    fitted: tuple[Path, str],
    measured: Mapping[str, Any],
    masks: Path,
) -> None:
    """Write one run's map, and the regions and reports of each reader.

    Parameters
    ----------
    folder
        Where the objects go.
    data, run
        Folder of the raw files, and the run of the visit's manifest.
    fitted
        The ADC map's file, and the estimator.
    measured, masks
        What measure_rois wrote.
    """
    sources = source_images(data, run)
    adc, affine, _ = nifti.read(fitted[0])
    _save(parametric_map(sources, adc, affine, fitted[1], run["b_values"]), folder / f"{run['stem']}_pm.dcm")
    rows = [
        row
        for row in measured["rows"]
        if (row["acquisition"], row["run"]) == (run["acquisition"], run["run"]) and row["status"] == "measured"
    ]
    for reader, session in sorted({(row["reader"], row["session"]) for row in rows}):
        who = f"{reader} {session}".strip()
        name = "".join(filter(str.isalnum, who)) or "region"
        segments: dict[str, tuple[pydicom.Dataset, int]] = {}
        maps = sorted({m["file"] for m in measured["masks"] if (m["reader"], m["session"]) == (reader, session)})
        for layer, file in enumerate(maps, start=1):
            labels, where, _ = nifti.read(masks / file)
            if labels.shape != adc.shape or not np.allclose(where, affine, atol=1e-3):
                continue
            named = {m["value"]: m["lesion"] for m in measured["masks"] if m["file"] == file}
            regions = segmentation(sources, labels, where, named, f"{who} {layer}" if layer > 1 else who)
            _save(regions, folder / f"{run['stem']}_{name}{layer}_seg.dcm")
            segments |= {lesion: (regions, number) for number, lesion in enumerate(named.values(), start=1)}
        own = [
            row for row in rows if (row["reader"], row["session"]) == (reader, session) and row["lesion"] in segments
        ]
        if own:
            _save(report(sources, own, segments, who), folder / f"{run['stem']}_{name}_sr.dcm")


def _numeric(name: CodedConcept, value: float, unit: CodedConcept) -> pydicom.Dataset:
    """A number of the content item macro, which is not built as that of a structured report."""
    item = pydicom.Dataset()
    item.ValueType = "NUMERIC"
    item.ConceptNameCodeSequence = [name]
    item.NumericValue = value
    item.MeasurementUnitsCodeSequence = [unit]
    return item


def _identity(source: pydicom.Dataset, what: str, series_number: int) -> dict[str, Any]:
    return {
        "series_instance_uid": _uid(source.SeriesInstanceUID, what, "series"),
        "series_number": series_number,
        "sop_instance_uid": _uid(source.SeriesInstanceUID, what, "instance"),
        "instance_number": 1,
    }


def _uid(*parts: str) -> str:
    return generate_uid(entropy_srcs=[str(part) for part in parts])


def _frame(source: pydicom.Dataset) -> str:
    return str(source.FrameOfReferenceUID)


def _dated(made: pydicom.Dataset, source: pydicom.Dataset) -> pydicom.Dataset:
    """The examination's date in place of the moment of writing: the same input gives the same bytes."""
    date, time = str(source.get("StudyDate") or "19000101"), str(source.get("StudyTime") or "000000")
    for name in ("InstanceCreationDate", "ContentDate", "SeriesDate", "StructureSetDate"):
        if name in made:
            setattr(made, name, date)
    for name in ("InstanceCreationTime", "ContentTime", "SeriesTime"):
        if name in made:
            setattr(made, name, time)
    organization = _uid(made.SOPInstanceUID, "dimensions")
    for item in made.iterall():
        if item.keyword == "DimensionOrganizationUID":
            item.value = organization
        elif item.keyword == "ContributionDateTime":
            item.value = f"{date}{time}"
    return made


def _save(made: pydicom.Dataset, path: Path) -> None:
    with files.atomic(path) as part:
        made.save_as(part, enforce_file_format=True)
