"""A real phantom of known diffusion, scanned at 3 T: vials against reference values, the vendor's map and the certificate."""

import csv
import json

import numpy as np
import pydicom
import pytest
from adcohort import bvalues, nifti
from adcohort.diffusion import analysis, runs
from adcohort.diffusion.settings import Settings

REPEATS = {1: range(3001, 3006), 2: range(5001, 5006)}
VENDOR = {1: 4001, 2: 6001}
CERTIFIED_WATER = 1109.0  # 1e-6 mm2/s at 0 degrees Celsius
PLAIN = Settings(estimator="ols", noise_guard=False)


@pytest.fixture(scope="module")
def phantom(real_data):
    return real_data / "phantom_nist_skyra"


@pytest.fixture(scope="module")
def series(phantom):
    """Slices of each series, sorted along the slice normal."""
    found: dict[int, list] = {}
    for path in phantom.glob("dicom/**/*"):
        if path.is_file():
            data = pydicom.dcmread(path)
            found.setdefault(int(data.SeriesNumber), []).append(data)
    for slices in found.values():
        slices.sort(key=lambda one: one.ImagePositionPatient[2])
    return found


def volume(slices):
    """[x, y, z] values."""
    planes = [
        one.pixel_array * float(one.get("RescaleSlope", 1)) + float(one.get("RescaleIntercept", 0)) for one in slices
    ]
    return np.stack(planes, axis=-1).transpose(1, 0, 2)


def affine(slices):
    first, last = (np.array(one.ImagePositionPatient, float) for one in (slices[0], slices[-1]))
    row, column = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    spacing = [float(size) for size in slices[0].PixelSpacing]
    out = np.eye(4)
    out[:3] = np.c_[row * spacing[1], column * spacing[0], (last - first) / (len(slices) - 1), first]
    return np.diag([-1, -1, 1, 1.0]) @ out


@pytest.fixture(scope="module")
def vials(phantom, series):
    """Name to mask on the grid of the first repeat."""
    labels, theirs, _ = nifti.read(phantom / "rois/vials_label.nii.gz")
    names = json.loads((phantom / "rois/vials_label.json").read_text())
    slices = series[3001]
    shape = volume(slices).shape
    index = np.indices(shape).reshape(3, -1)
    place = np.linalg.inv(theirs) @ affine(slices) @ np.vstack([index, np.ones(index.shape[1])])
    i, j, k = np.rint(place[:3]).astype(int)
    inside = np.all([(axis >= 0) & (axis < size) for axis, size in zip((i, j, k), labels.shape, strict=True)], axis=0)
    values = np.zeros(index.shape[1], int)
    values[inside] = labels[i[inside], j[inside], k[inside]]
    return {name: (values == number).reshape(shape) for name, number in names.items()}


@pytest.fixture(scope="module")
def truth(phantom):
    with (phantom / "expected_roi_adc.csv").open() as stream:
        return {row["roi"]: row for row in csv.DictReader(stream)}


def run_of(series, numbers):
    volumes = np.stack([volume(series[number]) for number in numbers], axis=-1)
    b = np.array([float(series[number][0][0x0019, 0x100C].value) for number in numbers])
    signals = volumes.reshape(-1, len(b), order="F").T
    return runs.Run(signals, b, bvalues.nominal(b), volumes.shape[:3], affine(series[numbers[0]]))


@pytest.mark.parametrize("repeat", REPEATS)
def test_every_vial_has_the_known_adc(series, vials, truth, repeat):
    run = run_of(series, REPEATS[repeat])
    assert run.levels == [0, 500, 1000, 1500, 2000]
    adc = run.image(analysis.fit_run(run, PLAIN).maps.adc) * 1e6
    vendor = volume(series[VENDOR[repeat]])
    for name, mask in vials.items():
        assert mask.sum() == int(truth[name]["nvox"])
        assert adc[mask].mean() == pytest.approx(float(truth[name][f"LLS_rep{repeat}"]), abs=0.5), name
        assert adc[mask].mean() == pytest.approx(float(truth[name][f"vendor_rep{repeat}"]), rel=0.01), name
        assert adc[mask].mean() == pytest.approx(vendor[mask].mean(), rel=0.01), name
    assert adc[vials["vial_H_PVP0"]].mean() == pytest.approx(CERTIFIED_WATER, rel=0.03)


def test_the_default_agrees_with_the_certificate_too(series, vials):
    run = run_of(series, REPEATS[1])
    fitted = analysis.fit_run(run, Settings())
    adc = run.image(fitted.maps.adc) * 1e6
    assert adc[vials["vial_H_PVP0"]].mean() == pytest.approx(CERTIFIED_WATER, rel=0.03)
    assert fitted.summary["median_r2"] > 0.99
