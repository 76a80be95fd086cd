"""Tables of the paper about ADC as a measurement: against response, its repeatability, agreement of readers."""

from typing import Any

import pandas as pd
from adcohort.figures import words
from adcohort.report.gather import Results
from adcohort.report.papertables import PaperTable, p_value


def adc_response(results: Results) -> PaperTable | None:
    """ADC of responders and others, discrimination, correlation with other changes."""
    frame = results.get("statistics/adc_response")
    if frame is None:
        return None
    rows = [
        {
            "group": str(row["question"]).capitalize(),
            "what": _asked(row),
            "n": words.number(row["n"], 0),
            "estimate": words.number(row["estimate"], 2),
            "interval": _interval(row["ci_low"], row["ci_high"]),
            "p": p_value(row["p_adjusted"] if pd.notna(row["p_adjusted"]) else row["p"]),
            "method": str(row["method"] if pd.notna(row["method"]) else ""),
        }
        for _, row in frame[frame["analysis"] == "secondary"].iterrows()
    ]
    columns = {
        "what": "Question",
        "n": "n",
        "estimate": "Estimate",
        "interval": "Interval",
        "p": "p",
        "method": "Method",
    }
    notes = ["Secondary analyses. A threshold is apparent and without use for patients before validation."]
    return (
        PaperTable("adc-response", "ADC and response", columns, rows, "statistics/adc_response", notes, folded=True)
        if rows
        else None
    )


def _asked(row: Any) -> str:
    outcome = words.endpoint(row["outcome"]) if row["question"] == "correlation" else row["outcome"]
    return f"{row['quantity']}: {row['predictor']}, {outcome}"


def repeatability(results: Results) -> PaperTable | None:
    """Within-session repeatability, pooled over lesions."""
    frame = results.get("statistics/repeatability")
    if frame is None:
        return None
    rows = [
        {
            "what": str(row["acquisition"]) if pd.notna(row["acquisition"]) else "All acquisitions",
            "reader": str(row["reader"]) if pd.notna(row["reader"]) else "–",
            "measure": str(row["measure"]).removeprefix("adc_"),
            "groups": f"{words.number(row['n_groups'], 0)} ({words.number(row['n_participants'], 0)})",
            "mean": words.number(row["mean"]),
            "wcv": f"{words.number(row['wcv_percent'], 1)} ({_interval(row['wcv_ci_low'], row['wcv_ci_high'], 1)})",
            "rc": f"{words.number(row['rc_percent'], 1)} ({_interval(row['rc_ci_low'], row['rc_ci_high'], 1)})",
        }
        for _, row in frame[frame["level"] == "pooled"].iterrows()
    ]
    columns = {
        "what": "Acquisition",
        "reader": "Reader",
        "measure": "Value of a lesion",
        "groups": "Lesions with repeats (participants)",
        "mean": f"Mean ADC ({words.unit('1e-3 mm2/s')})",
        "wcv": "Within-lesion variation, % (interval)",
        "rc": "Repeatability coefficient, % (interval)",
    }
    notes = [
        "Runs of one day under one region: no repositioning, no redrawing. Change between visits is never judged by it alone."
    ]
    table = PaperTable(
        "repeatability", "Repeatability within a session", columns, rows, "statistics/repeatability", notes
    )
    return table if rows else None


def agreement(results: Results) -> PaperTable | None:
    """Readers compared: intraclass correlation, Bland-Altman limits, Dice overlap."""
    frame = results.get("statistics/agreement")
    if frame is None:
        return None
    measures = {"adc_mean": "Mean ADC", "volume_ml": "Volume"}
    rows = []
    for _, row in frame.iterrows():
        places = words.digits(row["mean_a"])
        readers = f"{_reader(row, 'a')} and {_reader(row, 'b')}, {row['visit']}"
        rows.append(
            {
                "group": readers,
                "what": f"{measures.get(row['measure'], row['measure'])}, {words.unit(row['units'])}",
                "n": words.number(row["n"], 0),
                "icc": f"{words.number(row['icc'])} ({_interval(row['icc_ci_low'], row['icc_ci_high'])})",
                "bias": f"{words.number(row['bias'], places)} ({_interval(row['bias_ci_low'], row['bias_ci_high'], places)})",
                "limits": _interval(row["loa_low"], row["loa_high"], places),
                "dice": words.number(row["dice_mean"]),
            }
        )
    columns = {"what": "Measure", "n": "Lesions", "icc": "ICC (interval)", "bias": "Mean difference (interval)"}
    columns |= {"limits": "Limits of agreement", "dice": "Mean Dice"}
    forms = sorted(set(frame["icc_form"].dropna()))
    notes = [f"{words.listed(forms)}, single measurement; limits: Bland-Altman, 95 %."] if forms else []
    return PaperTable("agreement", "Agreement of readers", columns, rows, "statistics/agreement", notes)


def _reader(row: Any, side: str) -> str:
    session = row[f"session_{side}"]
    return f"{row[f'reader_{side}']}{f' ({session})' if pd.notna(session) else ''}"


def _interval(low: Any, high: Any, places: int = 2) -> str:
    return "–" if pd.isna(low) and pd.isna(high) else words.interval(low, high, places)
