"""The estimators against known truth, scipy, MRtrix3 and themselves."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from adcohort import bvalues, nifti
from adcohort.diffusion import models
from adcohort.diffusion.fit import ALL_MAPS, ESTIMATORS, fit
from adcohort.diffusion.samples import samples
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from reference_object import SIGMA, signals

CLINICAL = np.array([0, 100, 500, 800.0])


def design(b, directions="geometric_mean", use=None):
    b = np.asarray(b, dtype=float)
    return samples(b, bvalues.nominal(b), np.arange(len(b)) if use is None else use, directions)


def noisy(b, voxels=400, snr=30, seed=0):
    rng = np.random.default_rng(seed)
    adc = rng.uniform(0.2e-3, 3e-3, voxels)
    truth = SIGMA * snr * np.exp(-np.asarray(b, float)[:, None] * adc)
    noise = rng.normal(0, SIGMA, (2, *truth.shape))
    return np.hypot(truth + noise[0], noise[1])


def test_ols_is_the_straight_line_through_the_logarithms():
    data = noisy(CLINICAL)
    slope, intercept = np.polyfit(CLINICAL, np.log(data), 1)
    found = fit(data, design(CLINICAL), "ols", want=ALL_MAPS)
    np.testing.assert_allclose(found.adc, -slope, atol=5e-9)
    np.testing.assert_allclose(found.s0, np.exp(intercept), rtol=1e-5)


@pytest.mark.parametrize("b", [[0, 50, 400, 800], [0, 800], [50, 1000, 2000], [0, 500, 500, 500, 1000, 1000]])
def test_ols_agrees_with_mrtrix(tmp_path, b):
    if not shutil.which("dwi2adc"):
        pytest.skip("MRtrix3 is not installed (Debian: mrtrix3)")
    b = np.array(b, float)
    data = np.maximum(noisy(b, 4000).round(), 1).astype(np.uint16)
    nifti.write(tmp_path / "dwi.nii", data.T.reshape(20, 20, 10, len(b), order="F"), np.eye(4))
    (tmp_path / "grad.b").write_text("".join(f"1 0 0 {value}\n" for value in b))
    command = ["dwi2adc", "-quiet", "-grad", tmp_path / "grad.b", tmp_path / "dwi.nii", tmp_path / "adc.nii"]
    subprocess.run(command, check=True, timeout=60)
    theirs = nifti.read(tmp_path / "adc.nii")[0][..., 1].ravel(order="F")
    ours = fit(data, design(b, "fitted_together"), "ols").adc
    np.testing.assert_allclose(ours, theirs, atol=5e-9)


def reweighted(b, data, times=2):
    """The definition, voxel by voxel in float64."""
    out = []
    for voxel in np.log(data.T):
        weights = np.ones_like(b)
        for _ in range(times + 1):
            slope, intercept = np.polyfit(b, voxel, 1, w=np.sqrt(weights))
            weights = np.exp(2 * (intercept + slope * b))
        out.append(-slope)
    return np.array(out)


def test_wls_is_the_line_fitted_anew_with_weights_of_the_predicted_signal_squared():
    data = noisy(CLINICAL, 200)
    np.testing.assert_allclose(fit(data, design(CLINICAL), "wls").adc, reweighted(CLINICAL, data), atol=1e-8)


@pytest.mark.parametrize("b", [CLINICAL, [0, 500, 1000, 1500, 2000], [10, 20, 80, 300, 700]])
def test_nlls_agrees_with_scipy(b):
    from scipy.optimize import curve_fit

    b = np.array(b, float)
    data = noisy(b, 60, snr=25, seed=3)
    found = fit(data, design(b), "nlls", want=ALL_MAPS)
    for voxel in range(data.shape[1]):
        start = (data[:, voxel].max(), 1.0)
        model = lambda b, s0, d: s0 * np.exp(-b / 1000 * d)  # noqa: E731
        (_, d), covariance = curve_fit(model, b, data[:, voxel], start, xtol=1e-12, ftol=1e-12)
        assert found.adc[voxel] == pytest.approx(d / 1000, abs=5e-7)
        assert found.stderr[voxel] == pytest.approx(np.sqrt(covariance[1, 1]) / 1000, rel=1e-2)


def test_two_b_values_give_the_log_ratio_whatever_the_estimator():
    b = np.array([0, 800.0])
    data = noisy(b)
    ratio = np.log(data[0] / data[1]) / 800
    for estimator in ESTIMATORS:
        found = fit(data, design(b), estimator, want=ALL_MAPS)
        np.testing.assert_allclose(found.adc, ratio, atol=2e-9)
        assert np.isnan(found.r2).all()
        assert np.isnan(found.stderr).all()


@pytest.mark.parametrize("adc", [0.3e-3, 1.1e-3, 2.0e-3, 3.1e-3])
@pytest.mark.parametrize("noise", [None, SIGMA], ids=["bare", "guarded"])
def test_unbiased_on_the_reference_object(adc, noise):
    found = fit(signals(CLINICAL, adc, 50, 100_000), design(CLINICAL), "wls", noise).adc
    assert abs(found.mean() / adc - 1) <= 0.005


@pytest.mark.parametrize("b", [[0, 500, 1000, 1500, 2000], [0, 100, 500, 800, 2000, 4000]])
@pytest.mark.parametrize("adc", [1.0e-3, 2.0e-3, 3.0e-3])
@pytest.mark.parametrize("snr", [10, 20, 50])
def test_the_guard_keeps_high_b_values_unbiased(b, adc, snr):
    data = signals(b, adc, snr, 30_000)
    guarded = fit(data, design(b), "wls", SIGMA, ALL_MAPS)
    bare = fit(data, design(b), "wls").adc
    assert abs(guarded.adc.mean() / adc - 1) <= (0.02 if snr == 10 else 0.005)
    assert abs(guarded.adc.mean() - adc) <= abs(bare.mean() - adc) + 0.003 * adc
    assert guarded.guarded.any() == (guarded.n_used < len(b)).any()
    assert (guarded.n_used >= 2).all()


def test_the_guard_leaves_high_signal_and_pure_noise_alone():
    strong = signals(CLINICAL, 1e-3, 100, 1000)
    air = np.hypot(*np.random.default_rng(0).normal(0, SIGMA, (2, 4, 1000)))
    for data in (strong, np.minimum(air, 2.9 * SIGMA)):
        np.testing.assert_array_equal(fit(data, design(CLINICAL), noise=SIGMA).adc, fit(data, design(CLINICAL)).adc)


def test_standard_error_is_the_spread_of_repeats():
    data = signals([0, 100, 300, 500, 800], 1.1e-3, 50, 40_000)
    for estimator in ("wls", "nlls"):
        found = fit(data, design([0, 100, 300, 500, 800]), estimator, want=ALL_MAPS)
        assert np.sqrt((found.stderr**2).mean()) == pytest.approx(found.adc.std(), rel=0.1)


def test_unusable_samples_are_left_out_and_voxels_without_two_b_values_are_nan():
    truth = 1000 * np.exp(-CLINICAL * 1.5e-3)
    data = np.tile(truth[:, None], (1, 8))
    data[1, 0], data[3, 1], data[0, 2] = 0, np.nan, -5  # one sample less
    data[1:3, 3] = np.inf  # two less
    data[1:, 4] = 0
    data[:, 5] = 0
    data[:, 6] = np.nan
    for estimator in ESTIMATORS:
        for noise in (None, 1.0):
            found = fit(data, design(CLINICAL), estimator, noise, ALL_MAPS)
            np.testing.assert_allclose(found.adc[[0, 1, 2, 3, 7]], 1.5e-3, rtol=1e-4)
            np.testing.assert_array_equal(found.n_used, [3, 3, 3, 2, 0, 0, 0, 4])
            for values in (found.adc, found.s0, found.r2, found.stderr):
                assert np.isnan(values[4:7]).all()
            assert np.isnan(found.stderr[3])  # two samples are left


def test_repeats_of_one_b_value_are_not_two_b_values():
    b = np.array([0, 0, 800, 800.0])
    data = np.array([[100.0], [90.0], [0.0], [0.0]])
    for directions in ("geometric_mean", "fitted_together"):
        found = fit(data, design(b, directions), want=ALL_MAPS)
        assert np.isnan(found.adc[0])
        assert found.n_used[0] == 0


def test_directions_are_averaged_as_logarithms():
    b = np.array([0, 1000, 1000, 1000.0])
    d = np.array([0, 0.3e-3, 1.7e-3, 1.0e-3])  # an anisotropic voxel of mean diffusivity 1.0e-3
    data = 500 * np.exp(-b * d)[:, None]
    assert fit(data, design(b)).adc[0] == pytest.approx(1.0e-3, rel=1e-5)
    # one direction is not usable: the mean of the others
    data[2] = 0
    assert fit(data, design(b)).adc[0] == pytest.approx(0.65e-3, rel=1e-5)


def test_each_b_value_counts_once_or_each_volume():
    b = np.array([0, 0, 0, 500, 1000.0])
    data = noisy(b)
    logs = np.log(data)
    once = np.polyfit([0, 500, 1000], np.stack([logs[:3].mean(axis=0), logs[3], logs[4]]), 1)[0]
    np.testing.assert_allclose(fit(data, design(b), "ols").adc, -once, atol=5e-9)
    each = np.polyfit(b, logs, 1)[0]
    np.testing.assert_allclose(fit(data, design(b, "fitted_together"), "ols").adc, -each, atol=5e-9)


B_SETS = st.lists(st.sampled_from([0, 50, 100, 200, 400, 600, 800, 1000]), min_size=2, max_size=6, unique=True)


@settings(max_examples=30, deadline=None)
@given(B_SETS, st.floats(0.01, 1e4), st.sampled_from(ESTIMATORS), st.integers(0, 99))
def test_the_adc_does_not_know_the_receiver_gain(b, gain, estimator, seed):
    data = noisy(b, 30, seed=seed)
    one = fit(data, design(b), estimator, SIGMA, ALL_MAPS)
    two = fit(data * gain, design(b), estimator, SIGMA * gain, ALL_MAPS)
    np.testing.assert_allclose(one.adc, two.adc, rtol=2e-3, atol=2e-8)
    np.testing.assert_allclose(one.s0 * gain, two.s0, rtol=2e-3)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(6)), st.sampled_from(ESTIMATORS), st.sampled_from(["geometric_mean", "fitted_together"]))
def test_the_order_of_the_volumes_does_not_matter(order, estimator, directions):
    b = np.array([0, 200, 200, 500, 800, 800.0])
    data = noisy(b, 50)
    data[3, 7] = -1
    order = list(order)
    one = fit(data, design(b, directions), estimator, SIGMA, ALL_MAPS)
    two = fit(data[order], design(b[order], directions), estimator, SIGMA, ALL_MAPS)
    np.testing.assert_allclose(one.adc, two.adc, rtol=1e-4, atol=1e-8)
    np.testing.assert_array_equal(one.n_used, two.n_used)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_signals_give_a_number_or_nan(data):
    numbers = st.one_of(st.floats(allow_nan=True, allow_infinity=True, width=32), st.sampled_from([0.0, -1.0, 5.0]))
    values = np.array(data.draw(st.lists(st.tuples(*[numbers] * 4), min_size=1, max_size=6)), np.float32).T
    usable = ((values > 0) & (values < np.inf)).sum(axis=0)
    for estimator in ESTIMATORS:
        found = fit(values, design(CLINICAL), estimator, data.draw(st.sampled_from([None, 1.0])), ALL_MAPS)
        assert (np.isnan(found.adc) == (usable < 2)).all()
        assert ((found.n_used == 0) == (usable < 2)).all()
        assert (found.n_used <= usable).all()


@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "f4", "f8"])
def test_number_types_and_block_edges_do_not_matter(kind):
    data = np.clip(noisy(CLINICAL, 32768 + 5, snr=12), 1, 120).astype(kind)
    found = fit(data, design(CLINICAL)).adc
    np.testing.assert_allclose(found[-9:], fit(data[:, -9:].astype(float), design(CLINICAL)).adc, atol=1e-9)


def test_b_values_of_at_least_200_are_free_of_perfusion():
    b = np.array([0, 50, 100, 200, 400, 800.0])
    signal = 1000 * (0.1 * np.exp(-b * 20e-3) + 0.9 * np.exp(-b * 1.0e-3))[:, None]
    free = fit(signal, design(b, use=np.flatnonzero(b >= 200))).adc[0]
    assert free == pytest.approx(1.0e-3, rel=0.025)
    assert fit(signal, design(b)).adc[0] > 1.1e-3


def test_ivim_finds_the_tissues_d_and_the_perfusion_fraction():
    b = np.array([0, 20, 50, 100, 200, 400, 800.0])
    f = np.array([0.02, 0.1, 0.25])
    signal = 1000 * (f * np.exp(-b[:, None] * 40e-3) + (1 - f) * np.exp(-b[:, None] * 1.1e-3))
    names = {"estimator": "wls", "directions": "geometric_mean", "noise": None}
    found = models.ivim(signal, b, bvalues.nominal(b), **names)
    np.testing.assert_allclose(found["d"], 1.1e-3, rtol=0.01)
    np.testing.assert_allclose(found["f"], f, atol=0.005)
    assert models.needs("ivim", [0, 50, 400, 800]) == ""
    assert "two b values of at least 200" in models.needs("ivim", [0, 50, 800])


def test_kurtosis_finds_d_and_k():
    b = np.array([0, 500, 1000, 1500, 2000.0])
    k = np.array([0.0, 0.6, 1.2])
    signal = 1000 * np.exp(-b[:, None] * 0.9e-3 + (b[:, None] * 0.9e-3) ** 2 * k / 6)
    found = models.kurtosis(signal, b, bvalues.nominal(b), directions="geometric_mean", noise=None)
    np.testing.assert_allclose(found["d"], 0.9e-3, rtol=0.005)
    np.testing.assert_allclose(found["k"], k, atol=0.01)
    assert models.needs("kurtosis", b.tolist()) == ""
    assert "1000" in models.needs("kurtosis", [0, 400, 800])
    assert "three" in models.needs("kurtosis", [0, 1000])


@pytest.mark.parametrize(
    ("actual", "names"),
    [
        ([0, 0.002, 0.004, 1000, 1000], [0, 0, 0, 1000, 1000]),  # a vendor's pseudo-b0
        ([1.25, 929.75], [0, 930]),
        ([0, 1002.1, 1007.1, 998], [0, 1000, 1000, 1000]),
        ([800, 0, 50, 400], [800, 0, 50, 400]),
        ([0, 10, 20, 30, 40, 50], [0, 10, 20, 30, 40, 50]),
        ([0, 2, 4, 8], [0, 0, 0, 8]),  # below 5 s/mm2 a b value is what imaging gradients make
    ],
)
def test_nominal_b_values(actual, names):
    assert bvalues.nominal(np.array(actual)).tolist() == names
    assert bvalues.nearest(np.array(actual), sorted(set(names))).tolist() == names
