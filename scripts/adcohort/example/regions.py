"""Regions that the synthetic readers draw around the lesions, on the grid of the diffusion images."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from adcohort.example import imaging, phantom
from adcohort.example.imaging import Study
from adcohort.example.phantom import Array


def label_map(study: Study, reader: str, facts: dict[str, Any]) -> tuple[Array, dict[int, str]]:
    """What a reader draws: lesion numbers [slice, row, column] and the lesion of each number.

    The first reader follows the outline; the second draws some tenths of a millimetre smaller or larger and off centre.
    """
    grid = study.grid
    centres = grid.centres()
    labels = np.zeros(centres.shape[:3], np.uint8)
    names: dict[int, str] = {}
    wanted = {lesion.lesion_id for lesion in imaging.drawn_lesions(study.person, study.day, facts["smallest_mm"])}
    rng = study.rng(f"drawn by {reader}")
    for body in phantom.bodies(study.person, study.day):
        shift = np.zeros(3) if reader == "R1" else rng.normal(0, 0.5, 3) * (1, 1, 0)
        growth = 0.0 if reader == "R1" else rng.normal(-0.1, 0.5)
        half = (body.half_mm[0] + growth, body.half_mm[1] + growth, body.half_mm[2])
        inside = body.distance(centres - shift, half) <= 1
        if body.lesion_id in wanted and inside.any():
            number = int(body.lesion_id.removeprefix("L"))
            labels[inside & (labels == 0)] = number
            names[number] = body.lesion_id
    return labels, names


def write_nifti(study: Study, reader: str, facts: dict[str, Any], folder: Path) -> None:
    """A label map and, beside it, the lesion of each label: `<patient_id>_<date>_<reader>.nii.gz` and `.json`."""
    import SimpleITK as sitk

    labels, names = label_map(study, reader, facts)
    if not names:
        return
    grid = study.grid
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing((grid.pixel_mm, grid.pixel_mm, grid.spacing_mm))
    image.SetOrigin([float(v) for v in grid.position(0)])
    image.SetDirection([float(v) for v in np.column_stack([grid.row, grid.column, grid.normal]).ravel()])
    if study.number % 2:  # half of the drawing programs store rows from back to front
        image = sitk.Flip(image, [False, True, False])
    stem = folder / f"{study.person.patient_id}_{study.date}_{reader}"
    sitk.WriteImage(image, f"{stem}.nii.gz", useCompression=True)
    Path(f"{stem}.json").write_text(json.dumps({str(k): v for k, v in names.items()}) + "\n", encoding="utf-8")
