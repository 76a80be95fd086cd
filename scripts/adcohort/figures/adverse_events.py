"""Adverse events by worst grade: share of the treated participants, one bar a term."""

from typing import Any

import numpy as np
import pandas as pd
from adcohort.figures import canvas, words

TITLE = "Treatment-emergent adverse events"
GRADES = {1: "#F3E3B3", 2: "#F0B450", 3: "#D55E00", 4: "#8C2D04", 5: "#1A1A1A"}
MOST_TERMS = 25


def draw(worst: pd.DataFrame, incidence: pd.DataFrame) -> canvas.Drawing:
    """Stacked bars by worst grade with the share and its interval in figures.

    Parameters
    ----------
    worst
        worst_grades.tsv: participant_id term grade emergent; one row a participant and term.
    incidence
        adverse_event_incidence.tsv: level term grades participants n percent ci_low ci_high.
    """
    terms = incidence[(incidence["level"] == "term") & (incidence["grades"] == "any") & (incidence["participants"] > 0)]
    terms = terms.sort_values(["participants", "term"], ascending=[False, True])
    if terms.empty:
        return canvas.empty(
            "adverse_events", "adverse_events", TITLE, "No treatment-emergent adverse event is recorded."
        )
    rows = _rows(worst, terms)
    shown = terms.head(MOST_TERMS)
    figure, axes = canvas.panels(width=canvas.SINGLE_COLUMN * 1.75, height=0.75 + 0.19 * len(shown))
    axis = axes[0, 0]
    places = np.arange(len(shown))
    left = np.zeros(len(shown))
    for grade, colour in GRADES.items():
        own = rows[rows["grade"] == grade].set_index("term")["percent"].reindex(shown["term"]).fillna(0).to_numpy(float)
        if own.any():
            axis.barh(
                places,
                own,
                left=left,
                color=colour,
                height=0.72,
                edgecolor="white",
                linewidth=0.3,
                label=f"grade {grade}",
            )
            _grade_numbers(axis, places, left, own, grade)
        left += own
    for place, (_, row) in zip(places, shown.iterrows(), strict=True):
        text = f"{row['participants']} ({words.number(row['percent'], 1)} %; {words.interval(row['ci_low'], row['ci_high'], 1)})"
        axis.text(left[place] + 1, place, text, va="center", fontsize=6.4)
    axis.set_yticks(places, [canvas.label(term, 48) for term in shown["term"]])
    axis.invert_yaxis()
    axis.set_xlim(0, min(left.max() * 1.5, 160))
    axis.set_xticks([tick for tick in axis.get_xticks() if tick <= 100])
    axis.spines["bottom"].set_bounds(0, min(100, axis.get_xlim()[1]))
    axis.set_xlabel("Participants (% of all treated)")
    axis.legend(title="Worst grade", loc="lower right", handlelength=1.2, alignment="left")
    return canvas.Drawing("adverse_events", figure, rows, "adverse_events", TITLE, _caption(terms, shown), _alt(shown))


def _rows(worst: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """Participants by term and worst grade; a participant counts once a term."""
    n = int(terms["n"].iloc[0])
    emergent = worst[worst["emergent"].fillna(False).astype(bool)]
    counted = emergent.groupby(["term", "grade"])["participant_id"].nunique().rename("participants").reset_index()
    counted = counted[counted["term"].isin(terms["term"])]
    return counted.assign(n=n, percent=counted["participants"] * 100 / n)[
        ["term", "grade", "participants", "n", "percent"]
    ]


def _grade_numbers(axis: Any, places: np.ndarray, left: np.ndarray, own: np.ndarray, grade: int) -> None:
    """The grade written into its part of the bar where there is room: colour is not the only sign."""
    for place, start, length in zip(places, left, own, strict=True):
        if length >= 4:
            colour = canvas.BLACK if grade < 3 else "white"
            axis.text(start + length / 2, place, str(grade), ha="center", va="center", fontsize=5.8, color=colour)


def _caption(terms: pd.DataFrame, shown: pd.DataFrame) -> str:
    version = terms["ctcae_version"].dropna()
    often = terms[terms["percent"] > 20]
    text = (
        f"Treatment-emergent adverse events by worst grade (CTCAE {version.iloc[0] if len(version) else ''}), "
        "share of "
        f"{words.count(int(terms['n'].iloc[0]), 'treated participant')}; in figures: participants (%; 95 % "
        "interval, Clopper-Pearson). "
        "A participant counts once a term."
    )
    if len(often):
        said = [f"{row['term']} {words.number(row['percent'], 1)} %" for _, row in often.iterrows()]
        text += f" More than 20 %: {words.listed(said)}."
    if len(shown) < len(terms):
        text += f" The {len(shown)} most frequent of {len(terms)} terms are drawn."
    return text.replace("  ", " ")


def _alt(shown: pd.DataFrame) -> str:
    first = shown.head(8)
    return (
        "Bars: " + "; ".join(f"{row['term']} {words.number(row['percent'], 1)} %" for _, row in first.iterrows()) + "."
    )
