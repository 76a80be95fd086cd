"""Masks and label maps: NIfTI with its name files, and the NRRD files of 3D Slicer."""

import json
import re
from pathlib import Path

import numpy as np
from adcohort import nifti
from adcohort.reasons import Reason
from adcohort.roi.regions import Array, NotUsable, Region, Voxels, ras

NIFTI_SUFFIXES = (".nii", ".nii.gz")
ITK_SUFFIXES = (".nrrd", ".mha")
SUFFIXES = NIFTI_SUFFIXES + ITK_SUFFIXES
# beside rois/x.nii.gz: names of its labels as JSON, ITK-SNAP label file, or BIDS table
NAME_FILES = ("{stem}.json", "{stem}_labels.json", "{stem}.txt", "{stem}.label", "{stem}_labels.txt", "{stem}.tsv")
_ITK_SNAP = re.compile(r'^\s*(\d+)\s+\d+\s+\d+\s+\d+\s+\S+\s+\d+\s+\d+\s+"([^"]*)"\s*$')
_SEGMENT = re.compile(r"^Segment(\d+)_(Name|LabelValue|Layer)$")


def stem(path: Path) -> str:
    """File name without the suffix of a mask."""
    name = path.name
    for suffix in (".seg.nrrd", ".nii.gz", *SUFFIXES):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return path.stem


def name_file(path: Path) -> Path | None:
    """The file beside a mask that names its labels, if there is one."""
    for pattern in NAME_FILES:
        beside = path.with_name(pattern.format(stem=stem(path)))
        if beside.is_file():
            return beside
    return None


def names(path: Path) -> dict[int, str]:
    """Label values and their names from a JSON object (either way round), an ITK-SNAP label file or a BIDS table."""
    text = path.read_text(encoding="utf-8-sig")
    found: dict[int, str] = {}
    if path.suffix == ".json":
        try:
            content = json.loads(text)
        except json.JSONDecodeError as problem:
            raise NotUsable(Reason.UNREADABLE_REGION, "the file that names the labels is no JSON") from problem
        content = content.get("labels", content) if isinstance(content, dict) else {}
        for key, value in content.items():
            if isinstance(value, int):
                found[value] = key
            elif isinstance(value, str) and key.isdigit():
                found[int(key)] = value
    elif path.suffix == ".tsv":
        rows = [line.split("\t") for line in text.splitlines() if line.strip()]
        if rows and {"index", "name"} <= set(rows[0]):
            number, name = rows[0].index("index"), rows[0].index("name")
            found = {int(row[number]): row[name] for row in rows[1:]}
    else:
        for line in text.splitlines():
            if match := _ITK_SNAP.match(line):
                found[int(match[1])] = match[2]
    found.pop(0, None)
    return found


def read_nifti(path: Path, label: str = "", named: dict[int, str] | None = None) -> list[Region]:
    """Regions of a NIfTI mask, label map or probability map; a fourth axis holds layers that may overlap."""
    try:
        array, affine, _ = nifti.read(path)
    except nifti.NotReadable as problem:
        raise NotUsable(Reason.UNREADABLE_REGION, f"the mask cannot be read ({problem})") from problem
    layers = array[..., np.newaxis] if array.ndim == 3 else array
    return split([layers[..., layer] for layer in range(layers.shape[3])], affine, label, named or {}, "nifti")


def read_itk(path: Path, label: str = "", named: dict[int, str] | None = None) -> list[Region]:
    """Regions of a NRRD or MetaImage file; the segments of 3D Slicer have names and layers in its header."""
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as problem:
        raise NotUsable(Reason.UNREADABLE_REGION, "the file cannot be read as an image") from problem
    if image.GetDimension() != 3:
        raise NotUsable(Reason.UNREADABLE_REGION, f"the image has {image.GetDimension()} dimensions, not 3")
    array = sitk.GetArrayFromImage(image)
    array = array[..., np.newaxis] if array.ndim == 3 else array
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    layers = [array[..., layer].transpose(2, 1, 0) for layer in range(array.shape[3])]
    segments: dict[int, dict[str, str]] = {}
    for key in image.GetMetaDataKeys():
        if match := _SEGMENT.match(key):
            segments.setdefault(int(match[1]), {})[match[2]] = image.GetMetaData(key)
    if not segments:
        return split(layers, ras(affine), label, named or {}, "nrrd")
    regions = []
    for _, segment in sorted(segments.items()):
        value, layer = int(segment.get("LabelValue", 1)), int(segment.get("Layer", 0))
        mask = layers[layer] == value
        regions.append(Region(segment.get("Name", str(value)), Voxels.cropped(mask, ras(affine)), "nrrd"))
    return regions


def split(layers: list[Array], affine: Array, label: str, named: dict[int, str], kind: str) -> list[Region]:
    """One region for each label of each layer, and an empty one for each name without a voxel.

    A file whose name gives a `label` holds that one region, if it has a single label value. A layer of fractions between
    0 and 1 is one region.
    """
    regions: list[Region] = []
    seen: set[int] = set()
    for layer in map(np.nan_to_num, layers):
        if layer.dtype.kind == "f" and np.any(layer != np.round(layer)):
            if layer.min() < 0 or layer.max() > 1:
                raise NotUsable(Reason.UNREADABLE_REGION, "the values are neither labels nor fractions from 0 to 1")
            regions.append(Region(label or named.get(1, "1"), Voxels.cropped(layer, affine), kind))
            seen.add(1)
            continue
        values = [int(value) for value in np.unique(layer) if value != 0]
        for value in values:
            name = named.get(value) or (label if len(values) == 1 else f"{label}-{value}" if label else str(value))
            regions.append(Region(name or str(value), Voxels.cropped(layer == value, affine), kind))
        seen |= set(values)
    nothing = Voxels(np.zeros((0, 0, 0), dtype=bool), affine)
    regions += [Region(name, nothing, kind) for value, name in sorted(named.items()) if value not in seen]
    if not regions:
        if not label:
            raise NotUsable(Reason.UNREADABLE_REGION, "the mask is empty and names no lesion")
        regions.append(Region(label, nothing, kind))
    return regions
