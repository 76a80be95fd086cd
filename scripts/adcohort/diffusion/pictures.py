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
# places as shares of the figure: a layout engine would draw everything twice, and a study has thousands of these pictures
_COLUMNS = ((0.01, 0.165), (0.185, 0.165), (0.36, 0.165), (0.565, 0.165))  # left and width of the four montages
_BOTTOM, _HEIGHT = 0.02, 0.86


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
    figure = Figure(figsize=(11.6, 5.6), dpi=90, facecolor="white")
    for (left, width), (name, values, style) in zip(_COLUMNS, panels, strict=True):
        axes = figure.add_axes((left, _BOTTOM, width, _HEIGHT))
        shown = axes.imshow(_montage(values, slices, run.affine), interpolation="nearest", **style)
        _title(axes, name)
        axes.set_axis_off()
        if style["cmap"] != "gray":
            figure.colorbar(shown, cax=axes.inset_axes((1.03, 0.25, 0.05, 0.5))).ax.tick_params(labelsize=7)
    _histogram(figure.add_axes((0.79, 0.55, 0.2, 0.33)), adc[inside], about["summary"])
    _motion(figure.add_axes((0.79, 0.08, 0.2, 0.36)), about["motion"])
    flags = about["summary"]["flags"]
    figure.suptitle(f"{title}   {_words(about['summary'])}" + (f"\n{flags}" if flags else ""), fontsize=10)
    with files.atomic(path) as part:
        FigureCanvasAgg(figure).print_png(part, metadata={"Software": None})


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


def _title(axes: Any, text: str) -> None:
    """A title at a fixed height: matplotlib measures every tick label to place it by itself."""
    axes.set_title(text, fontsize=9, y=1.0)


def _histogram(axes: Any, adc: np.ndarray, summary: dict[str, Any]) -> None:
    values = adc[np.isfinite(adc)] * 1000
    counts, edges = np.histogram(np.clip(values, -0.5, 4.5), bins=100, range=(-0.5, 4.5))
    axes.stairs(counts, edges, fill=True, color="#3b528b")
    for edge in (0, 4):
        axes.axvline(edge, color="0.6", linewidth=0.8)
    _title(axes, "ADC of the foreground, 10⁻³ mm²/s")
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
    _title(axes, "estimated motion, mm")
    axes.legend(fontsize=6.5, loc="lower left", ncols=2, frameon=False)
