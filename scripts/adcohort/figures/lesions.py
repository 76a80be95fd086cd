"""Response of the target lesions: waterfall (best change), spider (change over time), swimmer (time on study)."""

from typing import Any

import numpy as np
import pandas as pd
from adcohort.figures import canvas, words
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

ORDER = list(canvas.RESPONSE_COLOURS)
_FEW = 15  # participants
MOST_NAMES = 60  # more participants than this stand without their pseudonyms


def response_of(best: pd.DataFrame) -> pd.Series:
    """Confirmed best response as drawn: what is not evaluable for any reason is NE."""
    return best["confirmed_best"].where(best["confirmed_best"].isin(ORDER), "NE")


def waterfall(best: pd.DataFrame) -> canvas.Drawing:
    """Best change of the sum of diameters, one bar a participant, from the largest growth to the deepest fall."""
    title = "Best change of target lesions"
    rows = best.assign(response=response_of(best)).sort_values(["best_pct", "participant_id"], ascending=[False, True])
    rows = rows[["participant_id", "best_pct", "response"]].reset_index(drop=True)
    shown = rows.dropna(subset=["best_pct"])
    if shown.empty:
        return canvas.empty(
            "waterfall", "waterfall", title, "No participant has target lesions measured after baseline."
        )
    figure, axes = canvas.panels(height=2.7)
    axis = axes[0, 0]
    heights = shown["best_pct"].to_numpy(float)
    colours = [canvas.RESPONSE_COLOURS[response] for response in shown["response"]]
    places = np.arange(len(shown))
    axis.bar(places, np.where(heights == 0, 0.6, heights), color=colours, width=0.82, edgecolor="white", linewidth=0.3)
    _thresholds(axis)
    axis.axhline(0, color=canvas.BLACK, linewidth=0.6)
    if len(shown) <= MOST_NAMES:
        for place, height, response in zip(places, heights, shown["response"], strict=True):
            up = height >= 0
            axis.annotate(
                response, (place, height), (0, 2 if up else -2), textcoords="offset points", rotation=90,
                ha="center", va="bottom" if up else "top", fontsize=5.4, color=canvas.MUTED,
            )  # fmt: skip
        names = [canvas.label(who.removeprefix("sub-"), 10) for who in shown["participant_id"]]
        axis.set_xticks(places, names, rotation=90, fontsize=5.8)
        axis.set_xlabel("Participant (sub-)")
    else:
        axis.set_xticks([])
        axis.set_xlabel("Participants")
    low, high = axis.get_ylim()
    axis.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    axis.set_xlim(-0.8, len(shown) - 0.2)
    axis.set_ylabel("Best change from baseline (%)")
    _legend(axis, shown["response"], loc="lower left")
    shrunk = int((heights <= -30).sum())
    without = len(rows) - len(shown)
    caption = (
        "Best change of the sum of target lesion diameters before progression, "
        f"{words.count(len(shown), 'participant')}; "
        f"{shrunk} of them {'has' if shrunk == 1 else 'have'} a fall of at least 30 %. Colour and label: "
        "confirmed best overall response "
        "(RECIST 1.1). "
        "Lines: +20 % and −30 %. A bar beyond a line is no response by itself: confirmation, other lesions "
        "and new lesions decide too."
    )
    if without:
        caption += f" Without a bar: {words.count(without, 'participant')} without evaluable sums after baseline."
    ends = f"{words.number(heights.max(), 0)} % to {words.number(heights.min(), 0)} %"
    alt = f"Bars from {ends}; {shrunk} of {len(shown)} at or below −30 %."
    return canvas.Drawing("waterfall", figure, rows, "waterfall", title, caption, alt)


def spider(timepoints: pd.DataFrame, best: pd.DataFrame) -> canvas.Drawing:
    """Change of the sum over time, one line a participant."""
    title = "Change of target lesions over time"
    response = dict(zip(best["participant_id"], response_of(best), strict=True))
    rows = timepoints.dropna(subset=["day"]).copy()
    rows.loc[rows["role"] == "baseline", "baseline_pct"] = 0.0
    rows = rows.dropna(subset=["baseline_pct"]).assign(response=rows["participant_id"].map(response).fillna("NE"))
    rows = rows.sort_values(["participant_id", "day"])[
        ["participant_id", "day", "baseline_pct", "overall", "new_lesion", "role", "response"]
    ].reset_index(drop=True)
    followed = rows.loc[rows["role"] != "baseline", "participant_id"].unique()
    rows = rows[rows["participant_id"].isin(followed)].reset_index(drop=True)
    if rows.empty:
        return canvas.empty("spider", "spider", title, "No participant has target lesions measured after baseline.")
    figure, axes = canvas.panels(width=canvas.SINGLE_COLUMN * 1.45, height=2.9)
    axis = axes[0, 0]
    many = rows["participant_id"].nunique() > canvas.MANY
    for _, course in rows.groupby("participant_id"):
        colour = canvas.RESPONSE_COLOURS[course["response"].iloc[0]]
        axis.plot(
            course["day"],
            course["baseline_pct"],
            color=colour,
            linewidth=0.9,
            marker="o",
            ms=1.8,
            mew=0,
            rasterized=many,
        )
    new = rows[rows["new_lesion"] == "yes"]
    axis.plot(new["day"], new["baseline_pct"], linestyle="", marker="*", ms=6, mfc="white", mec=canvas.BLACK, mew=0.6)
    _thresholds(axis)
    axis.axhline(0, color=canvas.BLACK, linewidth=0.6)
    axis.set_xlabel("Days since treatment start")
    axis.set_ylabel("Change from baseline (%)")
    extra = (
        [Line2D([], [], linestyle="", marker="*", ms=6, mfc="white", mec=canvas.BLACK, label="new lesion")]
        if len(new)
        else []
    )
    _legend(axis, rows["response"], extra, loc="upper left", bbox_to_anchor=(1, 1))
    n, assessments = rows["participant_id"].nunique(), int((rows["role"] != "baseline").sum())
    caption = (
        f"Sum of target lesion diameters relative to baseline, {words.count(n, 'participant')}, "
        f"{words.count(assessments, 'assessment')} after baseline, on the days of the assessments, those "
        "after progression included. "
        "Colour: confirmed best overall response. Lines: +20 % and −30 % of the baseline (progression is "
        "judged from the nadir)."
        + (f" Stars: {words.count(len(new), 'assessment')} with a new lesion." if len(new) else "")
    )
    last = rows.groupby("participant_id")["baseline_pct"].last()
    alt = f"One line a participant; the last changes lie between {_range(last)} %."
    return canvas.Drawing("spider", figure, rows, "spider", title, caption, alt)


def swimmer(best: pd.DataFrame, days: pd.DataFrame) -> canvas.Drawing:
    """Time on study, one bar a participant, with response, progression, death and what goes on."""
    title = "Time on study"
    rows = best.assign(response=response_of(best)).merge(days, on="participant_id", how="left")
    ends = rows[["treatment_end", "last_contact", "death", "last_adequate_day", "progression_day"]].astype("Float64")
    rows["end_day"] = ends.max(axis=1)
    rows = rows.dropna(subset=["end_day"]).sort_values(["end_day", "participant_id"]).reset_index(drop=True)
    responded = rows["confirmed_best"].isin(["CR", "PR"])
    rows["response_day"] = rows["confirmed_day"].where(responded)
    rows = rows[
        [
            "participant_id",
            "response",
            "end_day",
            "treatment_end",
            "response_day",
            "progression_day",
            "new_therapy_start",
            "death",
        ]
    ]
    if rows.empty:
        return canvas.empty("swimmer", "swimmer", title, "No participant has a day of last contact.")
    tall = min(max(0.55 + 0.105 * len(rows), 1.7), 8.5)  # inches; the legend needs its room
    figure, axes = canvas.panels(height=tall)
    axis = axes[0, 0]
    places = np.arange(len(rows))
    colours = [canvas.RESPONSE_COLOURS[response] for response in rows["response"]]
    treated = rows["treatment_end"].fillna(rows["end_day"]).astype(float)
    axis.barh(places, rows["end_day"].astype(float), color=canvas.FAINT, height=0.32)
    axis.barh(places, treated, color=colours, height=0.74, edgecolor="white", linewidth=0.3)
    marks = _milestones(axis, rows, places)
    axis.set_yticks([])
    if len(rows) <= MOST_NAMES:
        axis.set_yticks(
            places, [canvas.label(who.removeprefix("sub-"), 10) for who in rows["participant_id"]], fontsize=5.6
        )
    axis.set_ylabel("Participant (sub-)")
    axis.set_ylim(-0.8, len(rows) - 0.2)
    axis.set_xlim(0, rows["end_day"].max() * 1.04)
    axis.set_xlabel("Days since treatment start")
    marks.append(Patch(color=canvas.FAINT, label="followed after treatment"))
    few = {"loc": "upper left", "bbox_to_anchor": (1, 1)}  # no corner is free of bars
    _legend(axis, rows["response"], marks, **(few if len(rows) < _FEW else {"loc": "lower right"}))
    caption = (
        f"Time from treatment start to the last day known, {words.count(len(rows), 'participant')}; wide "
        "bars: under treatment. "
        f"Colour: confirmed best overall response. {int(rows['response_day'].notna().sum())} with a confirmed "
        "response "
        f"(triangle: its first assessment), {int(rows['progression_day'].notna().sum())} with progression, "
        f"{int(rows['death'].notna().sum())} died."
    )
    alt = f"One bar a participant, {_range(rows['end_day'])} days long."
    return canvas.Drawing("swimmer", figure, rows, "swimmer", title, caption, alt)


def _milestones(axis: Axes, rows: pd.DataFrame, places: np.ndarray) -> list[Any]:
    kinds = [
        ("response_day", "^", canvas.BLACK, "white", "confirmed response"),
        ("progression_day", "s", "white", canvas.BLACK, "progression"),
        ("new_therapy_start", "d", canvas.PURPLE, "white", "new therapy"),
        ("death", "X", canvas.BLACK, "white", "death"),
    ]
    legend: list[Any] = []
    for column, marker, face, edge, text in kinds:
        known = rows[column].notna()
        if known.any():
            look: dict[str, Any] = {"marker": marker, "mfc": face, "mec": edge, "mew": 0.5, "ms": 4, "linestyle": ""}
            axis.plot(rows.loc[known, column].astype(float), places[known.to_numpy()], **look, zorder=3)
            legend.append(Line2D([], [], **(look | {"mec": canvas.BLACK}), label=text))
    return legend


def _thresholds(axis: Axes) -> None:
    for level in (20, -30):
        axis.axhline(level, color=canvas.MUTED, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0.5)
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, -35), max(high, 25))


def _legend(axis: Axes, responses: pd.Series, extra: list[Any] | None = None, **place: Any) -> None:
    present = set(responses)
    handles = [Patch(color=colour, label=name) for name, colour in canvas.RESPONSE_COLOURS.items() if name in present]
    axis.legend(handles=[*handles, *(extra or [])], title="Best response", handlelength=1.2, alignment="left", **place)


def _range(values: pd.Series) -> str:
    return f"{words.number(float(values.min()), 0)} and {words.number(float(values.max()), 0)}"
