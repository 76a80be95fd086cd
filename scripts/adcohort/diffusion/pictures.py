"""One picture a run: what was measured, what was fitted, what is left over, and how the volumes moved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from adcohort import files
from adcohort.diffusion.motion import Moved
from adcohort.diffusion.runs import Run

_SLICES = 3
_HIGHEST = 3.0  # 1e-3 mm2/s: upper end of the ADC's colours
_RESIDUAL = 20.0  # %


def draw_run(path: Path, title: str, run: Run, maps: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """Lowest and highest b value, ADC and residual of three slices; ADC histogram; motion. PNG, the same for the same data.

    Parameters
    ----------
    maps
        [x, y, z]: `adc` in mm2/s, `s0` in units of the signal, `inside` (the foreground).
    about
        `summary` (the run's columns of adc.tsv) and `motion` (nominal b value to `Moved`).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    adc, s0, inside = maps["adc"], maps["s0"], maps["inside"].astype(bool)
    fitted = [int(b) for b in about["summary"]["b_values"].split()]
    highest = fitted[-1]
    low, high = (_mean(run, b) for b in (run.levels[0], highest))
    with np.errstate(all="ignore"):
        predicted = s0 * np.exp(-float(run.b[run.nominal == highest].mean()) * adc)
        residual = np.where(inside, 100 * (high - predicted) / np.maximum(s0, 1e-6), np.nan)
    slices = _slices(inside)
    top = float(np.quantile(low[inside], 0.99)) if inside.any() else float(np.nanmax(low)) or 1.0
    brightest = float(np.quantile(high[inside], 0.995)) if inside.any() else top
    panels: list[tuple[str, np.ndarray, dict[str, Any]]] = [
        (f"b = {run.levels[0]}", low, {"cmap": "gray", "vmin": 0, "vmax": top}),
        (f"b = {highest} s/mm²", high, {"cmap": "gray", "vmin": 0, "vmax": max(brightest, 1e-6)}),
        ("ADC, 10⁻³ mm²/s", np.where(inside, adc * 1000, np.nan), {"cmap": "viridis", "vmin": 0, "vmax": _HIGHEST}),
        (f"residual at b = {highest}, % of S0", residual, {"cmap": "RdBu_r", "vmin": -_RESIDUAL, "vmax": _RESIDUAL}),
    ]
    figure = Figure(figsize=(11.6, 5.6), dpi=90, facecolor="white", layout="constrained")
    grid = figure.add_gridspec(2, 5, width_ratios=[1, 1, 1.12, 1.12, 1.2])
    for column, (name, values, style) in enumerate(panels):
        axes = figure.add_subplot(grid[:, column])
        shown = axes.imshow(_montage(values, slices, run.affine), interpolation="nearest", **style)
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
        if column >= 2:
            figure.colorbar(shown, ax=axes, shrink=0.5, pad=0.02).ax.tick_params(labelsize=7)
    _histogram(figure.add_subplot(grid[0, 4]), adc[inside], about["summary"])
    _motion(figure.add_subplot(grid[1, 4]), about["motion"])
    flags = about["summary"]["flags"]
    figure.suptitle(f"{title}   {_words(about['summary'])}" + (f"\n{flags}" if flags else ""), fontsize=10)
    FigureCanvasAgg(figure)
    with files.atomic(path) as part:
        figure.savefig(part, format="png", metadata={"Software": None})


def _mean(run: Run, b: int) -> np.ndarray:
    return run.image(run.signals[run.nominal == b].astype(np.float32).mean(axis=0))


def _slices(inside: np.ndarray) -> list[int]:
    """Slices at a quarter, a half and three quarters of the foreground."""
    filled = np.flatnonzero(inside.any(axis=(0, 1)))
    if not filled.size:
        filled = np.arange(inside.shape[2])
    at = np.quantile(filled, np.linspace(0, 1, _SLICES + 2)[1:-1])
    return sorted({round(z) for z in at})


def _montage(values: np.ndarray, slices: list[int], affine: np.ndarray) -> np.ndarray:
    """Slices one below the other, as radiologists look at axial ones: the patient's right on the left, front on top."""
    columns = 0 if abs(affine[0, 0]) >= abs(affine[0, 1]) else 1
    rows = 1 - columns
    planes = []
    for z in slices:
        plane = values[:, :, z] if columns == 0 else values[:, :, z].T
        plane = plane if affine[0, columns] < 0 else plane[::-1]
        plane = plane[:, ::-1] if affine[1, rows] > 0 else plane
        planes.append(plane.T)
    return np.concatenate(planes, axis=0)


def _words(summary: dict[str, Any]) -> str:
    parts = [f"b {summary['b_values']}", summary["estimator"], f"guard {summary['guard']}"]
    if summary["snr"] is not None:
        parts.append(f"SNR {summary['snr']:.0f}")
    if summary["median_r2"] is not None:
        parts.append(f"median R² {summary['median_r2']:.3f}")
    return " · ".join(parts)


def _histogram(axes: Any, adc: np.ndarray, summary: dict[str, Any]) -> None:
    values = adc[np.isfinite(adc)] * 1000
    axes.hist(np.clip(values, -0.5, 4.5), bins=100, range=(-0.5, 4.5), color="#3b528b")
    for edge in (0, 4):
        axes.axvline(edge, color="0.6", linewidth=0.8)
    axes.set_title("ADC of the foreground, 10⁻³ mm²/s", fontsize=9)
    axes.set_yticks([])
    axes.tick_params(labelsize=7)
    if summary["fraction_outside"] is not None:
        words = (
            f"outside 0 to 4: {100 * summary['fraction_outside']:.1f} %\nno ADC: {100 * summary['fraction_nan']:.1f} %"
        )
        axes.text(0.98, 0.95, words, transform=axes.transAxes, ha="right", va="top", fontsize=7)


def _motion(axes: Any, motion: dict[int, Moved]) -> None:
    places = range(len(motion))
    for index, (name, colour) in enumerate((("right", "#440154"), ("front", "#21918c"), ("up", "#d48f00"))):
        axes.plot(places, [moved.shift[index] for moved in motion.values()], "o-", color=colour, label=name, ms=3, lw=1)
    farthest = [moved.displacement for moved in motion.values()]
    axes.plot(places, farthest, "s--", color="0.3", label="displacement", ms=3, lw=1)
    limit = max(1.0, *farthest, *(abs(shift) for moved in motion.values() for shift in moved.shift)) * 1.15
    axes.set_ylim(-limit, limit)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set_xticks(places, [str(b) for b in motion])
    axes.tick_params(labelsize=7)
    axes.set_xlabel("b, s/mm²", fontsize=8)
    axes.set_title("estimated motion, mm", fontsize=9)
    axes.legend(fontsize=6.5, loc="lower left", ncols=2, frameon=False)
