"""One run from signals to maps and to the numbers that say how far they can be trusted."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from adcohort import bvalues
from adcohort.diffusion import noise
from adcohort.diffusion.fit import ALL_MAPS, Maps, fit
from adcohort.diffusion.runs import Run, chosen
from adcohort.diffusion.samples import samples
from adcohort.diffusion.settings import Settings

HIGHEST_ADC = 4e-3  # mm2/s; water at body temperature has 3.0e-3
_SAMPLE = 100_000  # voxels
_SNR_OF_FOREGROUND = 5.0
_LITTLE_SIGNAL = 0.05  # of the brightest tissue, where the noise is not known


@dataclass(frozen=True)
class Noise:
    """Level (None: not known), where it comes from, and why it is not known."""

    level: float | None
    source: str
    refusal: str = ""


@dataclass
class Fitted:
    """The maps of a run, (voxels,) each, and `summary`: the fit's columns of adc.tsv."""

    maps: Maps
    foreground: np.ndarray
    perfusion_free: np.ndarray | None
    models: dict[str, dict[str, np.ndarray]]
    summary: dict[str, Any]
    left_out: list[str] = field(default_factory=list)
    no_noise: str = ""


def adc_alone(run: Run, settings: Settings) -> np.ndarray:
    """The ADC in mm2/s and nothing else, (voxels,): the fastest way."""
    use = chosen(run, settings.b_min, settings.b_max)
    level = noise_level(run, settings, use).level if settings.noise_guard else None
    design = samples(run.b, run.nominal, use, settings.directions)
    return fit(run.signals, design, settings.estimator, level).adc


def fit_run(run: Run, settings: Settings) -> Fitted:
    """Fit a run as the settings say.

    Raises
    ------
    Refused
        See `runs.chosen`.
    """
    use = chosen(run, settings.b_min, settings.b_max)
    found = noise_level(run, settings, use)
    level = found.level if settings.noise_guard else None
    design = samples(run.b, run.nominal, use, settings.directions)
    maps = fit(run.signals, design, settings.estimator, level, ALL_MAPS)
    free = use[run.nominal[use] >= bvalues.PERFUSION_FREE]
    perfusion_free = None
    if len(bvalues.levels(run.nominal[free])) >= 2 and len(free) < len(use):
        high = samples(run.b, run.nominal, free, settings.directions)
        perfusion_free = fit(run.signals, high, settings.estimator, level).adc
    inside = foreground(run, found.level)
    fitted = Fitted(maps, inside, perfusion_free, {}, {}, no_noise=found.refusal if settings.noise_guard else "")
    for model in settings.models:
        from adcohort.diffusion import models

        if lacks := models.needs(model, bvalues.levels(run.nominal[use]).tolist()):
            fitted.left_out.append(lacks)
        else:
            data = (run.signals[use], run.b[use], run.nominal[use])
            fitted.models[model] = (
                models.ivim(*data, estimator=settings.estimator, directions=settings.directions, noise=level)
                if model == "ivim"
                else models.kurtosis(*data, directions=settings.directions, noise=level)
            )
    fitted.summary = _summary(run, settings, use, found, fitted)
    return fitted


def noise_level(run: Run, settings: Settings, use: np.ndarray) -> Noise:
    """The noise level from where the settings say; samples of all the run's b values tell about the air."""
    if not isinstance(settings.noise, str):
        return Noise(float(settings.noise), "given")
    firsts = [int(np.flatnonzero(run.nominal == b)[0]) for b in run.levels]
    signals = run.signals if run.unregistered is None else run.unregistered
    if settings.noise == "background":
        level, refusal = noise.from_background(signals, firsts, run.shape)
    else:
        highest = int(use[run.nominal[use].argmax()])
        level, refusal = noise.from_detail(signals[highest], foreground(run, None), run.shape)
    return Noise(level, settings.noise if level else "none", refusal)


def foreground(run: Run, level: float | None) -> np.ndarray:
    """Voxels (voxels,) with signal at the lowest b value: above 5 noise levels, or above 5 % of the brightest tissue."""
    rows = np.flatnonzero(run.nominal == run.levels[0])
    signal = run.signals[rows[0]] if len(rows) == 1 else run.signals[rows].mean(axis=0)
    if level is not None:
        return signal > _SNR_OF_FOREGROUND * level
    some = signal[:: max(1, signal.size // _SAMPLE)]
    some = some[(some > 0) & (some < np.inf)]
    return signal > (_LITTLE_SIGNAL * np.quantile(some, 0.98) if some.size else 0)


def _summary(run: Run, settings: Settings, use: np.ndarray, found: Noise, fitted: Fitted) -> dict[str, Any]:
    maps, inside = fitted.maps, fitted.foreground
    adc = maps.adc[inside]
    assert maps.r2 is not None and maps.guarded is not None
    used = bvalues.levels(run.nominal[use])
    lowest = run.signals[np.flatnonzero(run.nominal == run.levels[0])[0]][inside]
    guarded = settings.noise_guard and found.level is not None
    finite = np.isfinite(adc)
    out = {
        "b_values": " ".join(map(str, used)),
        "b_left_out": " ".join(str(b) for b in run.levels if b not in used),
        "n_b": len(used),
        "n_volumes": len(use),
        "directions": "one" if len(used) == len(use) else settings.directions,
        "estimator": settings.estimator,
        "noise": _rounded(found.level),
        "noise_source": found.source,
        "guard": "on" if guarded else "off",
        "fraction_guarded": _rounded(maps.guarded[inside].mean() if guarded and inside.any() else None),
        "snr": _rounded(np.median(lowest) / found.level if found.level and lowest.size else None),
        "n_foreground": int(inside.sum()),
        "fraction_nan": _rounded(1 - finite.mean() if adc.size else None),
        "fraction_outside": _rounded(((adc < 0) | (adc > HIGHEST_ADC)).mean() if adc.size else None),
        "median_adc": _rounded(_median(adc, 1000)),
        "median_r2": _rounded(_median(maps.r2[inside])),
        "median_perfusion_free": _rounded(
            None if fitted.perfusion_free is None else _median(fitted.perfusion_free[inside], 1000)
        ),
        "registered": settings.registration,
    }
    out["flags"] = "; ".join(_flags(out, fitted))
    return out


def _flags(summary: dict[str, Any], fitted: Fitted) -> list[str]:
    """What a reader should look at."""
    flags = []
    if fitted.no_noise:
        flags.append(f"noise-floor guard off: {fitted.no_noise}")
    if (summary["fraction_nan"] or 0) > 0.01:
        flags.append("more than 1 % of the foreground has no ADC")
    if (summary["fraction_outside"] or 0) > 0.05:
        flags.append("more than 5 % of the foreground lies outside 0 to 4e-3 mm2/s")
    if summary["median_r2"] is not None and summary["median_r2"] < 0.9:
        flags.append("median R squared below 0.9")
    if summary["snr"] is not None and summary["snr"] < 10:
        flags.append("SNR below 10")
    if summary["median_adc"] is None or summary["median_adc"] <= 0:
        flags.append("no signal decay")
    if not summary["n_foreground"]:
        flags.append("no foreground")
    return flags


def _median(values: np.ndarray, scale: float = 1.0) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) * scale if finite.size else None


def _rounded(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{float(value):.6g}")
