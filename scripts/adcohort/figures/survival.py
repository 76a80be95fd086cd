"""Kaplan-Meier curves with intervals, censoring marks and the numbers at risk."""

from typing import Any

import numpy as np
import pandas as pd
from adcohort.figures import canvas, words
from matplotlib.axes import Axes

NAMES = {"PFS": "Progression-free survival", "DOR": "Duration of confirmed response"}


def draw(endpoint: str, curve: pd.DataFrame, summary: pd.DataFrame) -> canvas.Drawing:
    """The curve of one endpoint (PFS or DOR).

    Parameters
    ----------
    curve
        Rows of pfs_curve.tsv of this endpoint: day survival ci_low ci_high at_risk events censored.
    summary
        Its row of pfs.tsv (or none): n events median_days ci_low ci_high status.
    """
    name, title = f"kaplan_meier_{endpoint.lower()}", NAMES.get(endpoint, endpoint)
    rows = curve.sort_values("day").reset_index(drop=True)
    if rows.empty or rows["survival"].isna().all():
        why = (
            summary["status"].dropna().iloc[0]
            if len(summary) and summary["status"].notna().any()
            else "no times are known"
        )
        return canvas.empty(name, "kaplan_meier", title, f"{title} is not shown: {why}.")
    figure, axes = canvas.panels(width=canvas.SINGLE_COLUMN * 1.3, height=2.8)
    axis = axes[0, 0]
    days, alive = _from_start(rows, "survival")
    axis.fill_between(
        days,
        _from_start(rows, "ci_low")[1],
        _from_start(rows, "ci_high")[1],
        step="post",
        color=canvas.BLUE,
        alpha=0.15,
        linewidth=0,
    )
    axis.step(days, alive, where="post", color=canvas.BLUE, linewidth=1.4)
    lost = rows[rows["censored"] > 0]
    axis.plot(lost["day"], lost["survival"], linestyle="", marker="|", ms=5, mew=0.8, color=canvas.BLUE)
    axis.axhline(0.5, color=canvas.MUTED, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0.5)
    axis.set_ylim(0, 1.03)
    axis.set_xlim(0, max(float(rows["day"].max()), 1.0) * 1.02)
    axis.set_yticks(np.linspace(0, 1, 6), [f"{share:.0f}" for share in np.linspace(0, 100, 6)])
    axis.set_ylabel(f"{title} (%)")
    start = "treatment start" if endpoint == "PFS" else "first assessment of the response"
    _at_risk(axis, rows)
    axis.set_xlabel(f"Days since {start}")
    said = _said(summary)
    caption = "Kaplan-Meier estimate with pointwise 95 % intervals (log-log); ticks: censored; "
    caption += f"below: participants at risk. {said}"
    return canvas.Drawing(name, figure, rows, "kaplan_meier", title, caption, f"Falling step curve. {said}")


def _from_start(rows: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Days and values from day 0 on, where everyone is at risk and the estimate is 1."""
    later = rows[rows["day"] > 0]
    first = rows.loc[rows["day"] <= 0, column]
    begin = 1.0 if first.empty else float(first.fillna(1.0).iloc[-1])
    values = later[column].astype(float).ffill().fillna(1.0)
    return np.r_[0.0, later["day"].astype(float)], np.r_[begin, values]


def _at_risk(axis: Axes, rows: pd.DataFrame) -> None:
    ticks = [tick for tick in axis.get_xticks() if 0 <= tick <= axis.get_xlim()[1]]
    axis.set_xticks(ticks)
    across = axis.get_xaxis_transform()
    for tick in ticks:
        later = rows.loc[rows["day"] >= tick, "at_risk"]
        axis.text(
            tick,
            -0.25,
            str(int(later.iloc[0])) if len(later) else "0",
            transform=across,
            ha="center",
            va="top",
            fontsize=7,
        )
    axis.text(-0.06, -0.25, "At risk", transform=axis.transAxes, ha="right", va="top", fontsize=7, weight="bold")


def _said(summary: pd.DataFrame) -> str:
    if summary.empty:
        return ""
    row: Any = summary.iloc[0]
    text = f"{words.count(row['n'], 'participant')}, {words.count(row['events'], 'event')}; median "
    if pd.isna(row["median_days"]):
        return text + "not reached."
    high = "not reached" if pd.isna(row["ci_high"]) else words.number(row["ci_high"], 0)
    low = "not reached" if pd.isna(row["ci_low"]) else words.number(row["ci_low"], 0)
    return text + f"{words.number(row['median_days'], 0)} days ({low} to {high})."
