"""Before and after treatment: each participant's line, the declared summary at both visits, and the estimated change."""

from typing import Any

import numpy as np
import pandas as pd
from adcohort.figures import canvas, words
from matplotlib.axes import Axes
from scipy import stats

MOST_COLUMNS = 4


def draw(family: str, title: str, paired: pd.DataFrame, endpoints: pd.DataFrame) -> canvas.Drawing:
    """One panel an endpoint of the family.

    Parameters
    ----------
    family, title
        The family's key, which names the figure, and its name in words.
    paired
        Rows of paired.tsv of this family's primary analysis, one an endpoint.
    endpoints
        endpoints.tsv: participant_id visit endpoint value qualifier unit.
    """
    name = f"before_after_{family}"
    tested = paired[paired["n"] > 0]
    if tested.empty:
        return canvas.empty(name, "before_after", title, f"{title}: no participant has a value at both visits.")
    rows = pd.concat([_pairs(row, endpoints) for _, row in tested.iterrows()], ignore_index=True)
    columns = min(MOST_COLUMNS, len(tested))
    lines = -(-len(tested) // columns)
    width = canvas.DOUBLE_COLUMN * max(columns / MOST_COLUMNS, 0.5)
    figure, axes = canvas.panels(lines, columns, width=width, height=2.15 * lines)
    for axis in axes.flat[len(tested) :]:
        axis.axis("off")
    for axis, (_, row) in zip(axes.flat, tested.iterrows(), strict=False):
        _panel(axis, row, rows[rows["endpoint"] == row["endpoint"]])
    said = "; ".join(f"{words.endpoint(row['endpoint'])} {words.direction(row)}" for _, row in tested.iterrows())
    alt = f"One panel an endpoint, one line a participant from {_visits(tested)}. {said}."
    return canvas.Drawing(name, figure, rows, "before_after", title, _caption(tested), alt)


def _pairs(row: Any, endpoints: pd.DataFrame) -> pd.DataFrame:
    """The values of those who have both visits, side by side."""
    own = endpoints[endpoints["endpoint"] == row["endpoint"]]
    before, after = (
        own[own["visit"] == row[f"visit_{side}"]]
        .set_index("participant_id")[["value", "qualifier"]]
        .add_suffix(f"_{side}")
        for side in ("before", "after")
    )
    both = before.join(after, how="inner").dropna(subset=["value_before", "value_after"]).reset_index()
    return both.assign(endpoint=row["endpoint"], unit=row["unit"])


def _panel(axis: Axes, row: Any, pairs: pd.DataFrame) -> None:
    before, after = (pairs[f"value_{side}"].to_numpy(float, na_value=np.nan) for side in ("before", "after"))
    lowest, highest = min(before.min(), after.min()), max(before.max(), after.max())
    # a rank test does not mind the scale: values over more than a factor of 30 are told apart on a logarithmic axis
    logarithmic = lowest > 0 and (row["transformation"] == "log" or (_ranks(row) and highest / lowest > 30))
    if logarithmic:
        axis.set_yscale("log")
        canvas.plain_log_ticks(axis.yaxis)
    many = len(pairs) > canvas.MANY
    for one, two in zip(before, after, strict=True):
        axis.plot([0, 1], [one, two], color=canvas.THIN, linewidth=0.45, alpha=0.8, zorder=1, rasterized=many)
    for spot, values, side in ((0, before, "before"), (1, after, "after")):
        limited = pairs[f"qualifier_{side}"].fillna("").isin(["<", ">"]).to_numpy()
        shown = values[limited]
        axis.plot([spot] * len(shown), shown, "o", ms=2.8, mfc="white", mec=canvas.MUTED, mew=0.6, zorder=2)
    for place, side, colour in ((-0.14, "before", canvas.BLUE), (1.14, "after", canvas.VERMILION)):
        middle, low, high = _summary(row, side)
        axis.plot([place, place], [low, high], color=colour, linewidth=1.8, zorder=3, solid_capstyle="butt")
        axis.plot([place], [middle], "o", color=colour, ms=4.4, zorder=4)
    axis.set_title(canvas.label(words.endpoint(row["endpoint"])), pad=23)
    change = f"{canvas.label(words.estimate(row), 60)}\nn = {row['n']}, {words.p_text(row['p_adjusted'], 'adj. p')}"
    axis.text(
        0, 1.035, change, transform=axis.transAxes, fontsize=6.6, color=canvas.MUTED, va="bottom", linespacing=1.3
    )
    axis.set_ylabel(canvas.unit_label(row["unit"]))
    axis.set_xlim(-0.4, 1.4)
    axis.set_xticks([0, 1], [canvas.label(row["visit_before"], 12), canvas.label(row["visit_after"], 12)])


def _ranks(row: Any) -> bool:
    """Whether the declared test compares ranks or signs, so that median and quartiles describe the visits."""
    return str(row["estimator"]).startswith(("Hodges", "share"))


def _summary(row: Any, side: str) -> tuple[float, float, float]:
    """Median and quartiles, or mean with its 95 % interval (on the scale of the comparison), as in the table."""
    if _ranks(row):
        return row[f"median_{side}"], row[f"q1_{side}"], row[f"q3_{side}"]
    mean, sd, n = row[f"mean_{side}"], row[f"sd_{side}"], row["n"]
    if pd.isna(sd) or n < 2:
        return mean, mean, mean
    half = stats.t.ppf(0.975, n - 1) / np.sqrt(n)
    return (
        (mean, mean * sd**-half, mean * sd**half)
        if row["transformation"] == "log"
        else (mean, mean - half * sd, mean + half * sd)
    )


def _visits(tested: pd.DataFrame) -> str:
    return f"{tested['visit_before'].iloc[0]} to {tested['visit_after'].iloc[0]}"


def _caption(tested: pd.DataFrame) -> str:
    parts = "; ".join(
        f"{words.endpoint(row['endpoint'])}: {words.estimate(row)}, {row['estimator']}, n = {row['n']}, "
        f"{words.p_text(row['p_adjusted'], 'adjusted p')}"
        for _, row in tested.iterrows()
    )
    ranks = tested.apply(_ranks, axis=1)
    bars = "mean and its 95 % interval (geometric on a logarithmic axis)"
    if ranks.all():
        bars = "median and quartiles"
    elif ranks.any():
        bars += "; median and quartiles where ranks are compared"
    limited = " Open circles: values beyond a detection limit." if (tested["n_censored"] > 0).any() else ""
    return (
        f"From {_visits(tested)}. Thin lines: participants with both values. Points and bars: {bars}.{limited} "
        f"Change with its interval: {parts}. p values are adjusted within the family."
    )
