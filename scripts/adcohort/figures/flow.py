"""The flow of participants and records: what each visit and modality has, and what is missing."""

from typing import Any

import pandas as pd
from adcohort.figures import canvas, words

TITLE = "Participants and visits"
NAMES = {
    "participants": "Participants", "ingest": "Diffusion MRI", "adc": "ADC maps", "roi": "Lesion ADC",
    "labs": "Laboratory",
    "questionnaires": "Questionnaires", "adverse_events": "Adverse events", "response": "Lesion assessments",
}  # fmt: skip


def draw(flow: pd.DataFrame, visits: list[str]) -> canvas.Drawing:
    """A diagram: enrolled, then for each visit the participants expected, and for each modality those with a record.

    Parameters
    ----------
    flow
        flow.tsv: modality visit participants expected with_record missing left records excluded flagged.
    visits
        Visits in their order.
    """
    enrolled = int(flow["participants"].max()) if len(flow) else 0
    modalities = [name for name in flow["modality"].dropna().unique() if name != "participants"]
    by_visit = flow[flow["visit"].notna()]
    rows = flow.reset_index(drop=True)
    lines = [name for name in modalities if (by_visit["modality"] == name).any()]
    dated = [name for name in modalities if name not in lines]
    figure, axes = canvas.panels(width=canvas.DOUBLE_COLUMN, height=0.9 + 0.44 * (len(lines) + 1) + 0.3 * bool(dated))
    axis = axes[0, 0]
    axis.axis("off")
    wide = 1.35
    axis.set_xlim(0, wide + len(visits))
    bottom = len(lines) + 1.15 + 0.8 * bool(dated)
    axis.set_ylim(bottom, -1.25)
    _box(axis, wide + len(visits) / 2, -0.85, f"Enrolled and treated\nn = {enrolled}", strong=True, width=1.5)
    for place, visit in enumerate(visits):
        x = wide + place + 0.5
        axis.annotate(
            "",
            (x, -0.3),
            (wide + len(visits) / 2, -0.57),
            arrowprops={"arrowstyle": "-|>", "lw": 0.6, "color": canvas.MUTED},
        )
        _box(axis, x, 0, _visit_words(by_visit[by_visit["visit"] == visit], visit), strong=True)
        for line, name in enumerate(lines, start=1):
            own = by_visit[(by_visit["visit"] == visit) & (by_visit["modality"] == name)]
            _box(axis, x, line, _record_words(own))
    for line, name in enumerate(lines, start=1):
        axis.text(0, line, NAMES.get(name, canvas.label(name)), va="center", weight="bold")
    if dated:
        axis.text(0, len(lines) + 1.0, _dated_words(flow, dated), va="center", fontsize=7)
    caption = _caption(flow, enrolled, by_visit, lines)
    return canvas.Drawing("flow", figure, rows, "flow", TITLE, caption, f"Flow diagram. {caption}")


def _box(axis: Any, x: float, y: float, text: str, *, strong: bool = False, width: float = 0.92) -> None:
    from matplotlib.patches import FancyBboxPatch

    height = 0.62 if strong else 0.7
    face = "#E8F1F7" if strong else "white"
    axis.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=face, edgecolor=canvas.MUTED, linewidth=0.6,
        )
    )  # fmt: skip
    axis.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        fontsize=6.8 if max(map(len, text.split("\n"))) < 24 else 5.9,
        linespacing=1.25,
        weight="bold" if strong else "normal",
    )


def _visit_words(rows: pd.DataFrame, visit: str) -> str:
    expected = rows["expected"].dropna()
    shown = canvas.label(visit, 14)
    return f"{shown}\n{int(expected.max())} expected" if len(expected) else shown


def _record_words(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "–"
    row = rows.iloc[0]
    parts = [f"n = {words.number(row['with_record'], 0)}"]
    less = [
        f"{int(row[column])} {text}"
        for column, text in (("missing", "missing"), ("excluded", "excl."), ("flagged", "flagged"))
        if pd.notna(row[column]) and row[column] > 0
    ]
    return "\n".join([*parts, ", ".join(less)]) if less else parts[0]


def _dated_words(flow: pd.DataFrame, dated: list[str]) -> str:
    rows = flow[flow["visit"].isna()].set_index("modality")
    said = [
        f"{NAMES.get(name, canvas.label(name))}: {int(rows.loc[name, 'with_record'])} participants, "
        f"{int(rows.loc[name, 'records'])} records"
        for name in dated
        if name in rows.index and pd.notna(rows.loc[name, "records"])
    ]
    return "By date, without visits: " + "; ".join(said) if said else ""


def _caption(flow: pd.DataFrame, enrolled: int, by_visit: pd.DataFrame, lines: list[str]) -> str:
    text = f"{words.count(enrolled, 'participant')} enrolled and treated. "
    text += "Boxes: participants with a record that is used at the visit, by modality"
    text += (
        "; missing: expected by the length of follow-up and without one; excl.: records that were not used. "
        if lines
        else ". "
    )
    if len(by_visit):
        left = by_visit.groupby("visit", sort=False)["left"].max().dropna()
        gone = [f"{int(n)} before {visit}" for visit, n in left.items() if n > 0]
        if gone:
            text += f"Follow-up ended: {words.listed(gone)} (cumulative). "
    return text + "Reasons stand in the table of exclusions."
