"""Regions that the synthetic readers draw around the lesions, on the grid of the diffusion images."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from adcohort.example import imaging, phantom
from adcohort.example.imaging import Study
from adcohort.example.phantom import Array, Body, Grid

CORNERS = 96


def drawn(study: Study, reader: str, facts: dict[str, Any]) -> list[Body]:
    """What a reader takes the lesions to be, where large enough.

    The first reader follows the outline; the second draws up to some millimetres smaller or larger, and off centre.
    """
    wanted = {lesion.lesion_id for lesion in imaging.drawn_lesions(study.person, study.day, facts["smallest_mm"])}
    rng = study.rng(f"drawn by {reader}")
    found = []
    for body in phantom.bodies(study.person, study.day):
        if reader != "R1":
            growth, x, y = rng.normal(0.2, 0.8), *rng.normal(0, 0.7, 2)
            (wide, deep, high), centre = body.half_mm, body.centre
            body = replace(  # noqa: PLW2901
                body, centre=(centre[0] + x, centre[1] + y, centre[2]), half_mm=(wide + growth, deep + growth, high)
            )
        if body.lesion_id in wanted:
            found.append(body)
    return found


def label_map(study: Study, reader: str, facts: dict[str, Any]) -> tuple[Array, dict[int, str]]:
    """Lesion numbers [slice, row, column] as a reader draws them, and the lesion of each number."""
    centres = study.grid.centres()
    labels = np.zeros(centres.shape[:3], np.uint8)
    names: dict[int, str] = {}
    for body in drawn(study, reader, facts):
        inside = (body.distance(centres) <= 1) & (labels == 0)
        if inside.any():
            number = int(body.lesion_id.removeprefix("L"))
            labels[inside] = number
            names[number] = body.lesion_id
    return labels, names


def contour(body: Body, grid: Grid, index: int) -> Array | None:
    """Outline of a lesion in a slice: corners in patient coordinates, or None where the slice misses it."""
    # middle of the ellipse in which the slice cuts the ellipsoid
    away = (grid.position(index) - np.array(body.centre)) @ grid.normal
    squares = np.array(body.half_mm) ** 2
    middle = np.array(body.centre) + away * squares * grid.normal / (grid.normal**2 @ squares)
    if body.distance(middle) >= 0.99:
        return None
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    rays = np.cos(angle)[:, None] * grid.row + np.sin(angle)[:, None] * grid.column
    near, far = np.zeros(CORNERS), np.full(CORNERS, 80.0)
    for _ in range(40):
        half = (near + far) / 2
        inside = body.distance(middle + half[:, None] * rays) <= 1
        near, far = np.where(inside, half, near), np.where(inside, far, half)
    return middle + near[:, None] * rays


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
