"""First-order values of a region against numpy, scipy and, where it is installed, pyradiomics."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from adcohort.roi import values
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

SAMPLES = st.lists(st.floats(-1, 4, allow_subnormal=False), min_size=2, max_size=300).map(np.array)


@settings(max_examples=60, deadline=None)
@given(SAMPLES)
def test_values_are_those_of_numpy_and_scipy(sample):
    found = values.first_order(sample, 0.05)
    assert list(found) == list(values.NAMES)
    assert found["mean"] == pytest.approx(np.mean(sample), abs=1e-12)
    assert found["median"] == pytest.approx(np.median(sample), abs=1e-12)
    assert found["sd"] == pytest.approx(np.std(sample, ddof=1), abs=1e-12)
    assert (found["min"], found["max"]) == (sample.min(), sample.max())
    for percent in values.PERCENTILES:
        assert found[f"p{percent:02d}"] == pytest.approx(np.percentile(sample, percent), abs=1e-12)
    if np.std(sample) > 1e-6:
        assert found["skewness"] == pytest.approx(stats.skew(sample), rel=1e-6, abs=1e-9)
        assert found["kurtosis"] == pytest.approx(stats.kurtosis(sample, fisher=False), rel=1e-6)
    counts = np.unique(np.floor(sample / 0.05), return_counts=True)[1]
    assert found["entropy"] == pytest.approx(stats.entropy(counts, base=2), abs=1e-9)


def test_equal_values_have_no_shape_and_one_value_no_spread():
    found = values.first_order(np.full(5, 1.1), 0.05)
    assert found["skewness"] is None
    assert found["kurtosis"] is None
    assert found["entropy"] == 0
    assert values.first_order(np.array([1.1]), 0.05)["sd"] is None


# pyradiomics needs an old numpy, so it lives in an environment of its own; ADCOHORT_PYRADIOMICS names its python
PROGRAM = """
import json, sys
import numpy as np, SimpleITK as sitk
from radiomics.firstorder import RadiomicsFirstOrder
sample = np.array(json.load(sys.stdin))
image = sitk.GetImageFromArray(sample.reshape(1, 1, -1))
mask = sitk.GetImageFromArray(np.ones((1, 1, sample.size), np.uint8))
found = RadiomicsFirstOrder(image, mask, binWidth=0.05)
found.enableAllFeatures()
print(json.dumps({name: float(value) for name, value in found.execute().items()}))
"""
SAME = {
    "Mean": "mean",
    "Median": "median",
    "Minimum": "min",
    "Maximum": "max",
    "10Percentile": "p10",
    "90Percentile": "p90",
    "Skewness": "skewness",
    "Kurtosis": "kurtosis",
    "Entropy": "entropy",
}


@pytest.mark.slow
def test_values_are_those_of_pyradiomics():
    python = os.environ.get("ADCOHORT_PYRADIOMICS") or shutil.which("pyradiomics-python")
    if not python or not Path(python).exists():
        pytest.skip("ADCOHORT_PYRADIOMICS names no python that has pyradiomics")
    sample = np.random.default_rng(1).gamma(9, 0.13, 20_000)
    sample[0] = 0.0  # pyradiomics' bins begin at the smallest value's, ours at multiples of the width: the same with 0
    done = subprocess.run(
        [python, "-c", PROGRAM], input=json.dumps(sample.tolist()), capture_output=True, text=True, check=True
    )
    theirs = json.loads(done.stdout.splitlines()[-1])
    ours = values.first_order(sample, 0.05)
    for name, own in SAME.items():
        assert ours[own] == pytest.approx(theirs[name], rel=1e-9), name
    assert ours["sd"] ** 2 * (sample.size - 1) / sample.size == pytest.approx(theirs["Variance"], rel=1e-9)
    assert ours["p75"] - ours["p25"] == pytest.approx(theirs["InterquartileRange"], rel=1e-9)
