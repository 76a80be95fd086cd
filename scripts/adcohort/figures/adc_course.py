"""ADC over time: every participant's course on the days that were scanned, and the model's mean at each visit."""

import pandas as pd
from adcohort.figures import canvas, words

UNIT = "1e-3 mm2/s"
TITLE = "ADC over time"
COLUMNS = ["series", "participant_id", "visit", "day", "adc", "ci_low", "ci_high", "n"]


def draw(participants: pd.DataFrame, trend: pd.DataFrame | None = None) -> canvas.Drawing:
    """Participants thin, model means with their intervals in front.

    Parameters
    ----------
    participants
        roi/participants.tsv: participant_id visit day adc.
    trend
        Rows of trend.tsv about ADC; None where the study has no statistics.
    """
    values = participants.dropna(subset=["adc", "day"]).sort_values(["participant_id", "day"])
    if values.empty:
        return canvas.empty("adc_over_time", "adc_over_time", TITLE, "No participant has an ADC of a drawn lesion.")
    means = _means(trend)
    figure, axes = canvas.panels(width=canvas.SINGLE_COLUMN * 1.35, height=2.9)
    axis = axes[0, 0]
    many = values["participant_id"].nunique() > canvas.MANY
    for _, course in values.groupby("participant_id"):
        axis.plot(
            course["day"],
            course["adc"],
            color=canvas.THIN,
            linewidth=0.5,
            marker="o",
            ms=1.6,
            mew=0,
            alpha=0.75,
            rasterized=many,
        )
    if len(means):
        whiskers = [means["adc"] - means["ci_low"], means["ci_high"] - means["adc"]]
        axis.errorbar(
            means["day"], means["adc"], yerr=whiskers, color=canvas.BLUE, marker="o", ms=5, linewidth=1.6, elinewidth=2
        )
    top = axis.get_ylim()[1]
    for visit, group in values.groupby("visit", sort=False):
        axis.text(
            group["day"].median(),
            top,
            f"{canvas.label(visit, 12)}\nn = {len(group)}",
            ha="center",
            va="bottom",
            fontsize=6.6,
        )
    axis.axvline(0, color=canvas.MUTED, linewidth=0.6, linestyle=(0, (4, 3)))
    axis.set_xlabel("Days since treatment start")
    axis.set_ylabel(canvas.unit_label(UNIT, "ADC"))
    rows = pd.concat(
        [values.assign(series="participant")[COLUMNS[:5]], means.assign(series="model mean")], ignore_index=True
    )
    rows = rows.reindex(columns=COLUMNS)
    caption = _caption(values, len(participants) - len(values), means, trend)
    alt = "Lines of the participants' ADC over days since treatment start" + (
        f"; model means {', '.join(words.number(adc, 2) for adc in means['adc'])} at "
        f"{words.listed(list(means['visit']))}."
        if len(means)
        else "."
    )
    return canvas.Drawing("adc_over_time", figure, rows, "adc_over_time", TITLE, caption, alt)


def _means(trend: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["visit", "day", "adc", "ci_low", "ci_high", "n"]
    if trend is None:
        return pd.DataFrame(columns=columns)
    own = trend[(trend["quantity"] == "mean") & (trend["analysis"] == "primary") & trend["estimate"].notna()]
    return own.rename(columns={"estimate": "adc"})[columns].reset_index(drop=True)


def _caption(values: pd.DataFrame, without: int, means: pd.DataFrame, trend: pd.DataFrame | None) -> str:
    n = values["participant_id"].nunique()
    text = f"ADC of the drawn lesions over time, {words.count(n, 'participant')}, {words.count(len(values), 'visit')}"
    text += f" (visits with images but without a measured lesion: {without}). " if without else ". "
    text += "Thin lines: participants on the days that were scanned. "
    if len(means):
        parts = "; ".join(
            f"{row['visit']} {words.number(row['adc'])} ({words.interval(row['ci_low'], row['ci_high'])})"
            for _, row in means.iterrows()
        )
        text += f"Points and bars: means of the mixed model with 95 % intervals ({words.unit(UNIT)}): {parts}. "
    if trend is not None and (said := trend["words"].dropna()[trend["analysis"] == "primary"].unique().tolist()):
        text += " ".join(said)
    return text.strip()
