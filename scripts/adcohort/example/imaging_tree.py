"""The archive's export on disk: where the objects of each session lie, under names that mean nothing."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

from adcohort.example import imaging, imaging_headers, imaging_vendors, phantom, regions
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
        for item in objects(study, facts):
            dcmwrite(names.next(item), imaging_headers.part10(item), enforce_file_format=True)
        for reader in study.readers:
            regions.write_nifti(study, reader, facts, rois)


def objects(study: Study, facts: dict[str, Any]) -> Iterator[Dataset]:
    """Every DICOM object of a session."""
    header = imaging_headers.of_study(study, facts["institution"])
    for run in range(1, study.runs + 1):
        images = imaging.signals(study, run, facts)
        yield from imaging_vendors.run_objects(study, header, images, run)
        if run == 1 and study.adc_map:
            yield from imaging_vendors.adc_objects(study, header, phantom.apparent_diffusion(images), facts)


class _Names:
    """File names of one session in the layout of its export."""

    def __init__(self, dicom: Path, study: Study) -> None:
        self.layout = study.layout
        self.top = dicom / _opaque(study.person.patient_id, 8)
        self.session = _opaque(imaging_headers.study_key(study), 8)
        self.count = 0
        self.series: dict[str, int] = {}

    def next(self, item: Dataset) -> Path:
        """Path of the next object; its folder is made."""
        self.count += 1
        number = self.series.setdefault(item.SeriesInstanceUID, len(self.series) + 1)
        if self.layout == "flat":
            path = self.top / self.session / f"IM_{self.count:04d}"
        elif self.layout == "numbered":
            path = self.top / "DICOM" / f"ST{self.session[:6]}" / f"SE{number:06d}" / f"IM{self.count:06d}"
        else:
            path = self.top / _opaque(item.SeriesInstanceUID, 8) / f"I{self.count:04d}000"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _opaque(text: str, length: int) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "".join("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"[byte % 34] for byte in digest[:length])
