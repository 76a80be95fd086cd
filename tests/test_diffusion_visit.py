"""From a converted visit to maps, tables and pictures: noise, refusals, sidecars, motion, repeatability."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from adcohort import bvalues, nifti, tables
from adcohort.diffusion import analysis, motion, noise, overview, repeatability, runs, visit
from adcohort.diffusion.settings import Settings
from adcohort.reasons import Reason

HOME = Path(__file__).parents[1]
STEM = "sub-01_ses-baseline_acq-epi_run-01"
AFFINE = np.array([[-2.5, 0, 0, 90], [0, -2.5, 0, 80], [0, 0, 5, -20], [0, 0, 0, 1.0]])
B = (0, 50, 400, 800)
SIGMA = 10.0


def body(shape=(64, 64, 8), b=B, sigma=SIGMA, seed=0):
    """An ellipse with structure and a lesion in air, as [x, y, z, b], and its true ADC."""
    x, y, z = (axis.astype(float) for axis in np.indices(shape))
    inside = np.hypot((x / shape[0] - 0.5) / 0.42, (y / shape[1] - 0.5) / 0.36) < 1
    adc = np.where(inside, 1.2e-3 + 0.4e-3 * np.sin(x / 9) * np.cos(y / 7), 0)
    lesion = (x - 40) ** 2 + (y - 26) ** 2 + (2 * (z - 4)) ** 2 < 20
    adc[lesion] = 0.7e-3
    s0 = np.where(inside, 380 + 120 * np.sin(x / 5) * np.cos(y / 6), 0)
    truth = s0[..., None] * np.exp(-np.array(b, float) * adc[..., None])
    rng = np.random.default_rng(seed)
    return np.hypot(truth + rng.normal(0, sigma, truth.shape), rng.normal(0, sigma, truth.shape)), adc, lesion


def run_of(volumes, b=B):
    shape = volumes.shape[:3]
    signals = np.asfortranarray(volumes).reshape(-1, volumes.shape[3], order="F").T
    b = np.array(b, float)
    return runs.Run(signals, b, bvalues.nominal(b), shape, AFFINE)


def converted(folder, volumes, b=B, runs_more=()):
    folder.mkdir(parents=True)
    nifti.write(folder / f"{STEM}_dwi.nii.gz", volumes, AFFINE)
    (folder / f"{STEM}_dwi.bval").write_text(" ".join(map(str, b)) + "\n")
    one = {"acquisition": "epi", "run": 1, "stem": STEM, "status": "accepted", "b_values": [int(v) for v in b]}
    status = {"participant_id": "sub-01", "visit": "baseline", "day": -3, "runs": [one, *runs_more]}
    (folder / "status.json").write_text(json.dumps(status))
    return folder


def program(*args):
    command = [sys.executable, HOME / "scripts/fit_adc.py", *args]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)


# noise


def background(volumes):
    run = run_of(volumes)
    return noise.from_background(run.signals, range(run.signals.shape[0]), run.shape)


@pytest.mark.parametrize("sigma", [3.0, 10.0, 40.0])
def test_noise_of_the_air_is_found(sigma):
    level, refusal = background(body(sigma=sigma)[0])
    assert level == pytest.approx(sigma, rel=0.03)
    assert refusal == ""


def test_noise_of_the_air_is_found_beside_means_over_directions():
    volumes = body()[0]
    others = [body(seed=seed)[0] for seed in (1, 2)]
    trace = np.exp(np.mean(np.log([volumes, *others]), axis=0))  # trace-weighted, as scanners store it
    trace[..., 0] = volumes[..., 0]
    level, refusal = background(trace)
    assert level == pytest.approx(SIGMA, rel=0.03)
    assert refusal == ""


def test_noise_is_refused_in_words_where_it_cannot_be_trusted():
    volumes, adc, _ = body()
    zeroed = np.where(adc[..., None] > 0, volumes, 0)
    assert background(zeroed) == (None, "the background was set to zero")
    assert background(volumes[20:40, 20:40]) == (None, "no air in the image")
    rng = np.random.default_rng(1)
    coils = np.sqrt((rng.normal(0, SIGMA, (8, *volumes.shape)) ** 2).sum(axis=0))
    many = np.where(adc[..., None] > 0, volumes + 20, coils)
    assert background(many) == (None, "the background does not follow the Rayleigh distribution")
    assert background(np.full((64, 64, 8, 4), 7.0))[0] is None


def test_noise_of_fine_detail_is_near_the_truth():
    run = run_of(body()[0])
    found = analysis.noise_level(run, Settings(noise="highest_b"), np.arange(4))
    assert found.level == pytest.approx(SIGMA, rel=0.1)
    assert found.source == "highest_b"
    assert analysis.noise_level(run, Settings(noise=12), np.arange(4)).source == "given"


# refusals and unusual data


@pytest.mark.parametrize(
    ("b", "reason", "words"),
    [
        ("0 50 400", Reason.B_VALUES_MISMATCH, "3 b values for 4 volumes"),
        ("800 800 800 801", Reason.ONE_B_VALUE, "needs two"),
        ("0 50 x 400", Reason.NO_B_VALUE, "not numbers"),
        ("0 50 -1 400", Reason.NO_B_VALUE, "negative"),
        ("0 50 nan 400", Reason.NO_B_VALUE, "negative or not a number"),
    ],
)
def test_b_values_that_cannot_be_fitted_are_refused(tmp_path, b, reason, words):
    nifti.write(tmp_path / "x.nii", np.ones((3, 3, 3, 4), "f4"), AFFINE)
    (tmp_path / "x.bval").write_text(b)
    with pytest.raises(runs.Refused, match=words) as refused:
        analysis.fit_run(runs.read(tmp_path / "x.nii", tmp_path / "x.bval"), Settings())
    assert refused.value.reason == reason


@pytest.mark.parametrize("fill", [0, -3, np.nan])
def test_volumes_without_signal_are_refused(fill):
    with pytest.raises(runs.Refused, match="no voxel"):
        analysis.fit_run(run_of(np.full((4, 4, 3, 4), fill, "f4")), Settings())


def test_limits_that_leave_one_b_value_are_refused():
    run = run_of(body()[0])
    with pytest.raises(runs.Refused, match="b_min and b_max leave 1"):
        analysis.fit_run(run, Settings(b_min=500))
    fitted = analysis.fit_run(run, Settings(b_min=400))
    assert (fitted.summary["b_values"], fitted.summary["b_left_out"]) == ("400 800", "0 50")
    assert analysis.fit_run(run, Settings(b_max=400)).summary["b_values"] == "0 50 400"


@pytest.mark.parametrize("shape", [(64, 64, 1), (1, 1, 1), (2, 3, 2), (1, 40, 3)])
@pytest.mark.parametrize("kind", ["f4", "i4", "u2"])
def test_small_and_flat_volumes_are_fitted(tmp_path, shape, kind):
    truth = np.broadcast_to(30000 * np.exp(-np.array(B) * 1e-3), (*shape, 4)).astype(kind)
    folder = converted(tmp_path / "in", truth)
    visit.fit_visit(folder, tmp_path / "out", Settings())
    adc = nifti.read(tmp_path / "out" / f"{STEM}_ADC.nii.gz")[0]
    assert adc.shape == shape
    np.testing.assert_allclose(adc, 1e-3, rtol=2e-4)


def test_a_volume_of_zeros_costs_its_b_value_only():
    volumes = body()[0]
    volumes[..., 1] = 0
    fitted = analysis.fit_run(run_of(volumes), Settings())
    assert fitted.summary["fraction_nan"] == 0
    assert np.unique(fitted.maps.n_used).tolist() == [3]


def test_scaled_volumes_are_unscaled(tmp_path):
    import nibabel

    volumes = (1000 * np.exp(-np.array(B) * 1e-3) * np.ones((5, 5, 5, 1))).astype("i2")
    image = nibabel.Nifti1Image(volumes, AFFINE)
    image.header.set_slope_inter(3.0, -50.0)
    nibabel.save(image, tmp_path / "x.nii")
    (tmp_path / "x.bval").write_text(" ".join(map(str, B)))
    np.testing.assert_allclose(runs.read(tmp_path / "x.nii", tmp_path / "x.bval").signals[0], 1000 * 3 - 50)


# a visit


def test_a_visit_becomes_maps_with_sidecars(tmp_path):
    volumes, adc, _ = body()
    left = {"acquisition": "t", "run": 1, "stem": "x", "status": "excluded", "b_values": []}
    folder = converted(tmp_path / "in", volumes.round().astype("u2"), runs_more=[left])
    visit.fit_visit(folder, tmp_path / "out", Settings(models=("ivim", "kurtosis")))
    names = {path.name.removeprefix(f"{STEM}_") for path in (tmp_path / "out").glob("sub-*.nii.gz")}
    assert names == {
        "ADC.nii.gz",
        "S0map.nii.gz",
        "desc-rsquared_ADC.nii.gz",
        "desc-stderr_ADC.nii.gz",
        "desc-samples_ADC.nii.gz",
        "desc-foreground_mask.nii.gz",
        "desc-perfusionfree_ADC.nii.gz",
        "model-ivim_param-d_dwimap.nii.gz",
        "model-ivim_param-f_dwimap.nii.gz",
    }
    image, affine, header = nifti.read(tmp_path / "out" / f"{STEM}_ADC.nii.gz")
    assert header.dtype == np.float32
    np.testing.assert_allclose(affine, AFFINE)
    inside = nifti.read(tmp_path / "out" / f"{STEM}_desc-foreground_mask.nii.gz")[0].astype(bool)
    assert (inside == (adc > 0)).mean() > 0.99
    assert np.median(np.abs(image - adc)[inside]) < 0.1e-3  # mm2/s
    about = json.loads((tmp_path / "out" / f"{STEM}_ADC.json").read_text())
    assert about["Units"] == "mm2/s"
    assert about["BValuesFitted"] == list(B)
    assert about["Estimator"] == "wls"
    assert about["NoiseLevel"] == pytest.approx(SIGMA, rel=0.03)
    assert about["NoiseFloorGuard"]["On"] is True
    for key in ("FractionNaN", "FractionOutside", "MedianR2", "Flags", "Sources"):
        assert about[key] is not None
    [run] = json.loads((tmp_path / "out/status.json").read_text())["runs"]
    assert [note["reason"] for note in run["notes"]] == ["too few b values for the model"]
    assert run["wall_s"] > 0


def test_same_input_same_bytes(tmp_path):
    folder = converted(tmp_path / "in", body()[0].astype("f4"))
    for name in ("one", "two"):
        visit.fit_visit(folder, tmp_path / name, Settings())
    for path in (tmp_path / "one").glob("sub-*"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_map_says_when_the_guard_is_off_and_when_it_dropped_samples():
    volumes, adc, _ = body(b=(0, 500, 1000, 2000, 3500))
    high = (0, 500, 1000, 2000, 3500)
    guarded = analysis.fit_run(run_of(volumes, high), Settings()).summary
    assert guarded["guard"] == "on"
    assert guarded["fraction_guarded"] > 0.5
    zeroed = analysis.fit_run(run_of(np.where(adc[..., None] > 0, volumes, 0), high), Settings())
    assert zeroed.summary["guard"] == "off"
    assert "set to zero" in zeroed.summary["flags"]
    off = analysis.fit_run(run_of(volumes, high), Settings(noise_guard=False)).summary
    assert (off["guard"], off["flags"].count("guard off")) == ("off", 0)
    # real tissue with b up to 3500 reads far too low without the guard
    assert off["median_adc"] < guarded["median_adc"]
    assert guarded["median_adc"] == pytest.approx(1.2, abs=0.03)


def test_the_program_by_hand(tmp_path):
    folder = converted(tmp_path / "in", body()[0].astype("f4"))
    image = folder / f"{STEM}_dwi.nii.gz"
    options = '{"estimator": "ols", "noise_guard": false}'
    assert program(image, "--adc", tmp_path / "adc.nii", "--options", options).returncode == 0
    assert program(image, "--folder", tmp_path / "all", "--options", options).returncode == 0
    alone, whole = nifti.read(tmp_path / "adc.nii")[0], nifti.read(tmp_path / "all" / f"{STEM}_ADC.nii.gz")[0]
    np.testing.assert_allclose(alone, whole, atol=5e-9)
    (folder / f"{STEM}_dwi.bval").write_text("0 50")
    for args, words in [((image, "--adc", tmp_path / "x.nii"), "2 b values for 4 volumes"), ((image,), "--folder")]:
        failed = program(*args)
        assert failed.returncode == 1
        assert words in failed.stderr
        assert "Traceback" not in failed.stderr


def test_the_schemas_defaults_are_the_librarys():
    schema = yaml.safe_load((HOME / "config/schema/adc.yaml").read_text())["properties"]
    assert Settings.of({key: rules["default"] for key, rules in schema.items()}) == Settings()


# motion


def moved(volumes, index, shift):
    """A volume moved by whole voxels."""
    out = volumes.copy()
    out[..., index] = np.roll(volumes[..., index], shift, (0, 1, 2))
    return out


def test_registration_repairs_the_adc_of_a_small_lesion():
    still, _, lesion = body(sigma=4)
    shaken = moved(moved(still, 2, (1, 0, 0)), 3, (2, -1, 0))
    settings = Settings(noise=4.0)

    def lesion_adc(run):
        return float(analysis.fit_run(run, settings).maps.adc[lesion.ravel(order="F")].mean())

    truth, wrong = lesion_adc(run_of(still)), lesion_adc(run_of(shaken))
    repaired = lesion_adc(motion.registered(run_of(shaken)))
    assert truth == pytest.approx(0.7e-3, rel=0.02)
    assert abs(wrong - truth) > 0.08e-3
    assert abs(repaired - truth) < 0.25 * abs(wrong - truth)


def test_estimated_motion_is_in_millimetres_of_the_patient():
    run = run_of(moved(body(sigma=4)[0], 3, (2, 0, 0)))
    found = motion.estimated(run)
    assert found[0].displacement == 0
    assert found[800].shift == pytest.approx((-5.0, 0, 0), abs=0.7)  # x runs to the left here: two voxels of 2.5 mm
    assert found[800].displacement == pytest.approx(5.0, abs=1.2)
    assert found[50].displacement < 1


def test_registered_runs_keep_the_noise_of_the_signals_as_they_were():
    run = motion.registered(run_of(body(shape=(48, 48, 6))[0]))
    assert analysis.noise_level(run, Settings(), np.arange(4)).level == pytest.approx(SIGMA, rel=0.03)


# the study


def test_all_fits_in_one_table_and_pictures(tmp_path):
    source = converted(tmp_path / "in", moved(body()[0], 3, (1, 0, 0)).astype("f4"))
    fits = tmp_path / "adc/sub-01/ses-baseline/dwi"
    visit.fit_visit(source, fits, Settings())
    bad = converted(tmp_path / "bad", body(shape=(8, 8, 2))[0].astype("f4"))
    (bad / f"{STEM}_dwi.bval").write_text("0 1")
    visit.fit_visit(bad, tmp_path / "adc/sub-01/ses-month1/dwi", Settings())
    quality = tmp_path / "adc/qc/sub-01"
    draw = ["--converted", source, "--fits", fits, "--folder", quality]
    subprocess.run([sys.executable, HOME / "scripts/draw_adc_quality.py", *draw], check=True, timeout=120)
    assert (quality / f"{STEM}.png").read_bytes().startswith(b"\x89PNG")
    gone = tmp_path / "adc/sub-02/ses-baseline/dwi"
    gone.mkdir(parents=True)
    indexed = tmp_path / "series.json"
    indexed.write_text(json.dumps({"visits": ["sub-01_ses-baseline", "sub-01_ses-month1"]}))
    summarise = [tmp_path / "adc", "--indexed", indexed]
    subprocess.run([sys.executable, HOME / "scripts/summarise_adc.py", *summarise], check=True, timeout=120)
    table = tables.read(tmp_path / "adc/adc.tsv", "adc")
    assert table["visit"].tolist() == ["baseline"]
    assert table["motion"][0] == pytest.approx(2.5, abs=1)
    assert table["snr"][0] > 20
    excluded = pd.read_csv(tmp_path / "adc/exclusions.tsv", sep="\t")
    assert excluded["reason"].tolist() == [str(Reason.B_VALUES_MISMATCH)]
    assert not gone.exists()
    assert not gone.parents[1].exists()
    assert json.loads((tmp_path / "adc/dataset_description.json").read_text())["DatasetType"] == "derivative"


def test_gather_keeps_every_run(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    refused = {"acquisition": "a", "run": 2, "stem": "s", "status": "excluded", "reason": "no signal", "detail": ""}
    who = {"participant_id": "sub-01", "visit": "v", "day": 1}
    (folder / "status.json").write_text(json.dumps({**who, "runs": [{**refused, "notes": []}]}))
    rows, excluded = overview.gather([folder], [], tables.columns("adc", "adc"))
    assert rows == []
    assert [(row["record"], row["reason"]) for row in excluded] == [("acq-a_run-02", "no signal")]


# repeatability


def regions(values, **more):
    rows = [
        {"participant_id": f"sub-{i:02d}", "run": run, "adc_mean": value, "adc_median": value}
        for i, pair in enumerate(values)
        for run, value in enumerate(pair, 1)
    ]
    fixed = {"visit": "baseline", "day": -3, "acquisition": "epi", "reader": "R1", "session": pd.NA, "lesion": "L1"}
    return pd.DataFrame(rows).assign(**{"status": "measured"} | fixed | more)


def test_repeatability_by_hand():
    rows = repeatability.table(regions([(1.0, 1.1), (1.2, 1.2), (0.9, 1.0)]))
    pooled = next(row for row in rows if row["level"] == "pooled" and row["measure"] == "adc_mean")
    cv = [0.1 / np.sqrt(2) / 1.05, 0.0, 0.1 / np.sqrt(2) / 0.95]
    wcv = 100 * np.sqrt(np.mean(np.square(cv)))
    assert pooled["wcv_percent"] == pytest.approx(wcv, rel=1e-5)
    assert pooled["rc_percent"] == pytest.approx(2.77 * wcv, rel=1e-3)
    assert (pooled["n_groups"], pooled["df"], pooled["n_participants"]) == (3, 3, 3)
    assert sum(row["level"] == "lesion" and row["measure"] == "adc_mean" for row in rows) == 3


@pytest.mark.parametrize(("pairs", "low", "high"), [(5, 0.62, 2.45), (16, 0.74, 1.52)])
def test_the_interval_is_as_wide_as_few_pairs_make_it(pairs, low, high):
    found = repeatability.statistics([np.array([1.0, 1.1])] * pairs)
    assert found["rc_ci_low"] / found["rc_percent"] == pytest.approx(low, abs=0.005)
    assert found["rc_ci_high"] / found["rc_percent"] == pytest.approx(high, abs=0.005)


def test_readers_days_and_single_runs_are_no_repeats(tmp_path):
    one = regions([(1.0,), (1.2,)])
    other = regions([(1.1,), (1.2,)], reader="R2")
    later = regions([(1.4,)], day=20)
    unmeasured = regions([(1.4,)], status="too small")
    rows = repeatability.table(pd.concat([one, other, later, unmeasured]))
    assert rows == []
    tables.write(rows, tmp_path / "repeatability.tsv", "adc")
    full = repeatability.table(regions([(1.0, 1.1), (1.2, 1.3)]))
    tables.write(full, tmp_path / "repeatability.tsv", "adc")
    assert len(tables.read(tmp_path / "repeatability.tsv", "adc")) == len(full)
