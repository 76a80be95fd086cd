"""All endpoints on one scale: the standardised change with its interval, by family."""

from typing import Any

import pandas as pd
from adcohort.figures import canvas, words
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

COLUMNS = ["family", "endpoint", "n", "effect", "ci_low", "ci_high", "estimate_words", "p_adjusted", "favourable"]
MARKS = {
    "favourable": (canvas.GREEN, canvas.GREEN, "o"),
    "unfavourable": (canvas.VERMILION, canvas.VERMILION, "s"),
    "inconclusive": ("white", canvas.MUTED, "o"),
    "not declared": (canvas.BLUE, canvas.BLUE, "D"),
    "not estimated": ("white", canvas.FAINT, "o"),
}
MEANING = {
    "favourable": "in the declared favourable direction",
    "unfavourable": "against the declared favourable direction",
    "inconclusive": "interval holds no change",
    "not declared": "no favourable direction declared",
}


def draw(paired: pd.DataFrame, titles: dict[str, str]) -> canvas.Drawing:
    """A forest of Hedges' g, one line an endpoint of the plan.

    Parameters
    ----------
    paired
        Rows of paired.tsv of the primary analysis.
    titles
        Name in words of each family, in the plan's order.
    """
    title = "Standardised change of every endpoint"
    rows = _rows(paired)
    shown = rows[rows["n"] > 0]
    if shown["effect"].isna().all():
        return canvas.empty("changes", "changes", title, "No endpoint has enough pairs for a standardised change.")
    families = [family for family in titles if (shown["family"] == family).any()]
    lines = len(shown) + len(families)
    height = 1.15 + 0.175 * lines
    figure, axes = canvas.panels(width=canvas.DOUBLE_COLUMN, height=height, constrained_layout=False)
    # the columns of words stand at fixed places
    figure.subplots_adjust(left=0.29, right=0.66, top=1 - 0.1 / height, bottom=0.75 / height)
    axis = axes[0, 0]
    place = 0
    for family in families:
        axis.text(
            -0.78, place, canvas.label(titles[family]), transform=axis.get_yaxis_transform(), weight="bold", va="center"
        )
        for _, row in shown[shown["family"] == family].iterrows():
            place += 1
            _line(axis, place, row)
        place += 1
    _furnish(axis, lines, shown)
    first = paired.iloc[0]
    caption = (
        f"Standardised change (Hedges' g of the paired differences) from {first['visit_before']} to "
        f"{first['visit_after']} "
        f"with its interval, {words.count(len(shown), 'endpoint')}. Right: number of pairs, change on the "
        "declared scale with its "
        "interval, p adjusted within the family. Colour and shape compare the direction with the one that "
        "the plan declares favourable."
    )
    if without := [words.endpoint(row["endpoint"]) for _, row in shown.iterrows() if pd.isna(row["effect"])]:
        caption += f" Without a standardised change: {words.listed(without)} (values beyond a detection limit)."
    alt = "; ".join(f"{words.endpoint(row['endpoint'])} {words.number(row['effect'])}" for _, row in shown.iterrows())
    return canvas.Drawing(
        "changes", figure, rows, "changes", title, caption, f"Forest plot of standardised changes: {alt}."
    )


def _rows(paired: pd.DataFrame) -> pd.DataFrame:
    rows = paired.rename(columns={"hedges_g": "effect"})
    return rows.assign(
        ci_low=paired["hedges_ci_low"],
        ci_high=paired["hedges_ci_high"],
        estimate_words=[words.estimate(row) for _, row in paired.iterrows()],
    )[COLUMNS].reset_index(drop=True)


def _line(axis: Axes, place: int, row: Any) -> None:
    face, edge, marker = MARKS.get(row["favourable"], MARKS["not declared"])
    if pd.notna(row["ci_low"]) and pd.notna(row["ci_high"]):
        axis.plot([row["ci_low"], row["ci_high"]], [place, place], color=edge, linewidth=1.1, zorder=2)
    if pd.notna(row["effect"]):
        axis.plot([row["effect"]], [place], marker, mfc=face, mec=edge, ms=4.2, mew=0.9, zorder=3)
    across = axis.get_yaxis_transform()
    axis.text(
        -0.75,
        place,
        canvas.label(words.endpoint(row["endpoint"], long=True), 52),
        transform=across,
        va="center",
        fontsize=7,
    )
    for x, text in ((1.04, str(row["n"])), (1.13, row["estimate_words"]), (1.76, words.p_value(row["p_adjusted"]))):
        axis.text(x, place, canvas.label(text, 60), transform=across, va="center", fontsize=7)


def _furnish(axis: Axes, lines: int, shown: pd.DataFrame) -> None:
    across = axis.get_yaxis_transform()
    for x, text in ((1.04, "n"), (1.13, "Change (interval)"), (1.76, "adj. p")):
        axis.text(x, -1.0, text, transform=across, va="center", fontsize=7, weight="bold")
    axis.axvline(0, color=canvas.BLACK, linewidth=0.7, zorder=1)
    axis.set_ylim(lines - 0.3, -1.5)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x")
    axis.set_xlabel("Standardised change (Hedges' g)    ← fall      rise →")
    marks = [
        Line2D([], [], linestyle="", marker=MARKS[key][2], mfc=MARKS[key][0], mec=MARKS[key][1], ms=4.2, label=text)
        for key, text in MEANING.items()
        if (shown["favourable"] == key).any()
    ]
    axis.legend(
        handles=marks, loc="upper center", bbox_to_anchor=(0.5, -0.42 / (0.175 * lines + 0.3)), ncols=2, fontsize=6.6
    )
