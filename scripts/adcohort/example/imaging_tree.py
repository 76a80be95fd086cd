"""The archive's export on disk: where the objects of each session lie, under names that mean nothing."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

from adcohort.example import (
    imaging,
    imaging_distractors,
    imaging_headers,
    imaging_vendors,
    phantom,
    regions,
    regions_dicom,
)
from adcohort.example.imaging import Study
from pydicom import dcmwrite
from pydicom.dataset import Dataset


def write(studies: list[Study], facts: dict[str, Any], dicom: Path, rois: Path, workers: int = 1) -> None:
    """Write every session's files under `dicom` and its NIfTI regions under `rois`."""
    dicom.mkdir(parents=True, exist_ok=True)
    rois.mkdir(parents=True, exist_ok=True)
    people = [list(group) for _, group in groupby(studies, key=lambda study: study.person.patient_id)]
    jobs = [(group, facts, dicom, rois) for group in people]
    if workers == 1:
        for job in jobs:
            _write_person(job)
        return
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_write_person, jobs))


def _write_person(job: tuple[list[Study], dict[str, Any], Path, Path]) -> None:
    studies, facts, dicom, rois = job
    for study in studies:
        names = _Names(dicom, study)
        header = imaging_headers.of_study(study, facts["institution"])
        for item in objects(study, header, facts):
            dcmwrite(names.next(item), imaging_headers.part10(item), enforce_file_format=True)
        if study.oddities and names.first:
            imaging_distractors.odd_files(study, header, names.top, names.first)
        if study.regions == "nifti":
            for reader in study.readers:
                regions.write_nifti(study, reader, facts, rois)


def objects(study: Study, header: Dataset, facts: dict[str, Any]) -> Iterator[Dataset]:
    """Every DICOM object of a session."""
    if study.anatomy:
        yield from imaging_distractors.localiser(study, header, facts)
        yield from imaging_distractors.anatomy(study, header, facts)
    first: list[Dataset] = []
    for run in range(1, study.runs + 1):
        images = imaging.signals(study, run, facts)
        for item in imaging_vendors.run_objects(study, header, images, run):
            if run == 1 and len(first) < study.grid.slices:
                first.append(item)
            yield item
        if run == 1 and study.adc_map:
            yield from imaging_vendors.adc_objects(study, header, phantom.apparent_diffusion(images), facts)
    if study.anatomy and study.scanner["way"] == "philips":
        yield imaging_distractors.presentation_state(study, header, first[0])
    if study.regions != "nifti":
        for reader in study.readers:
            drawn = regions_dicom.region_object(study, reader, first, facts)
            if drawn is not None:
                yield drawn


class _Names:
    """File names of one session in the layout of its export."""

    def __init__(self, dicom: Path, study: Study) -> None:
        self.layout = study.layout
        self.top = dicom / _opaque(study.person.patient_id, 8)
        self.session = _opaque(imaging_headers.study_key(study), 8)
        self.count = 0
        self.series: dict[str, int] = {}
        self.first: Path | None = None

    def next(self, item: Dataset) -> Path:
        """Path of the next object; its folder is made."""
        self.count += 1
        number = self.series.setdefault(item.SeriesInstanceUID, len(self.series) + 1)
        if self.layout == "flat":
            kind = "IM" if "PixelData" in item else "PS"
            path = self.top / self.session / f"{kind}_{self.count:04d}"
        elif self.layout == "numbered":
            path = self.top / "DICOM" / f"ST{self.session[:6]}" / f"SE{number:06d}" / f"IM{self.count:06d}"
        else:
            path = self.top / _opaque(item.SeriesInstanceUID, 8) / f"I{self.count:04d}000"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.first = self.first or path
        return path


def _opaque(text: str, length: int) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "".join("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"[byte % 34] for byte in digest[:length])
