"""Results in words: one sentence a finding, each number from a table that the sentence names."""

import pandas as pd
from adcohort.statistics.plan import LABELS, Plan
from adcohort.statistics.wording import Frames, Sentence, listed, name, number, p_text, unit


def results(plan: Plan, tables: Frames) -> list[Sentence]:
    """Sentences of the results: topic, text, the table and the row that the numbers come from."""
    out: list[Sentence] = []
    paired = tables["paired"]
    for family, label in plan.families.items():
        rows = paired[(paired["analysis"] == "primary") & (paired["family"] == family)]
        out += [
            _sentence(label, change(row, plan), "paired", row, "endpoint", "analysis") for _, row in rows.iterrows()
        ]
    verdicts = tables["trend"]
    verdicts = verdicts[(verdicts["quantity"] == "continuous") & (verdicts["analysis"] == "primary")]
    for _, row in verdicts.iterrows():
        said = str(row["words"]).replace(f"{row['endpoint']} ", f"{name(row['endpoint'])} ", 1)
        out.append(_sentence("Course over visits", said, "trend", row, "endpoint", "quantity", "level"))
    out += [
        _sentence("ADC and response", text, "adc_response", row, "predictor", "outcome", "quantity", "analysis")
        for text, row in _responses(tables["adc_response"], plan)
    ]
    tips = tables["sensitivity"]
    for _, row in tips[tips["method"] == "tipping point"].iterrows():
        if text := _tip(row, plan):
            out.append(_sentence("Missing values", text, "sensitivity", row, "endpoint", "method"))
    return out


def _sentence(topic: str, text: str, table: str, row: pd.Series, *keys: str) -> Sentence:
    return {"topic": topic, "text": text, "table": table, "row": {key: str(row[key]) for key in keys}}


def change(row: pd.Series, plan: Plan) -> str:
    """One comparison as a sentence in SAMPL's style."""
    who = name(row["endpoint"])
    lost = f"; {row['n_missing']} without the pair ({row['missing_reasons']})" if row["n_missing"] else ""
    if row["status"] == "not estimated" or pd.isna(row["estimate"]):
        return f"{who}: not estimated ({row['reason']}; n = {row['n']}{lost})."
    verb = {"rise": "rose", "fall": "fell", "none": "did not change"}[row["direction"]]
    level = f"{100 * row['ci_level']:g} % CI"
    if pd.notna(row["ci_low"]) or pd.notna(row["ci_high"]):
        ends = [f"{number(v)}" if pd.notna(v) else "open" for v in (row["ci_low"], row["ci_high"])]
        interval = f" ({level} {ends[0]} to {ends[1]})"
    else:
        interval = ""
    size = f"{number(row['estimate'])} {unit(row['unit']) if row['null_value'] == 0 else ''}".strip()
    df = f"({row['df']:g})" if pd.notna(row["df"]) else ""
    symbol = {"paired t": "t", "Wilcoxon": "V"}.get(str(row["test"]).split(" signed")[0], "")
    statistic = f", {symbol}{df} = {number(row['statistic'])}" if symbol else ""
    adjusted = ""
    if pd.notna(row["p_adjusted"]) and row["adjustment"] != "none":
        adjusted = ", " + p_text(row["p_adjusted"], f"{LABELS[row['adjustment']]}-adjusted p")
    against = {
        "favourable": " The direction is the one declared favourable.",
        "unfavourable": " The direction is opposite to the one declared favourable.",
        "inconclusive": " The interval holds no change, so it does not decide about the declared favourable direction.",
    }.get(row["favourable"], "")
    note = f" ({row['reason']})" if pd.notna(row["reason"]) else ""
    return (
        f"{who} {verb}: {row['estimator']} {size}{interval}, n = {row['n']} pairs{lost}; "
        f"{row['test']}{statistic}, {p_text(row['p'])}{adjusted}.{against}{note}"
    )


def _responses(found: pd.DataFrame, plan: Plan) -> list[tuple[str, pd.Series]]:
    out = []
    level = f"{100 * plan.level:g} % CI"
    own = found[found["analysis"] == "secondary"]
    for _, row in own.iterrows():
        interval = f" ({level} {number(row['ci_low'])} to {number(row['ci_high'])})" if pd.notna(row["ci_low"]) else ""
        if row["quantity"] == "AUC":
            if row["status"] == "not estimated":
                out.append((f"{row['predictor']} and response: not estimated ({row['reason']}).", row))
                continue
            left = f"; {row['n_excluded']} left out ({row['excluded_reasons']})" if row["n_excluded"] else ""
            text = (
                f"{row['predictor']}: area under the ROC curve {number(row['estimate'])}{interval}, {row['method']}, "
            )
            out.append(
                (f"{text}{row['n_responders']} responders of {row['n']}{left}; Mann-Whitney {p_text(row['p'])}.", row)
            )
        elif row["quantity"] == "difference of means" and row["status"] == "ok":
            scale = "percentage points" if "change" in row["predictor"] else unit("1e-3 mm2/s")
            text = f"{row['predictor']}: responders minus others {number(row['estimate'])} {scale}{interval}, "
            text += f"{p_text(row['p'])} (Welch)."
            out.append((text, row))
    rows = own[(own["quantity"] == "Spearman correlation") & own["p_adjusted"].notna()]
    if len(rows):
        strong = rows[rows["p_adjusted"] < plan.alpha]
        parts = [
            f"{name(row['outcome'])} (rho = {number(row['estimate'])}, {p_text(row['p_adjusted'], 'adjusted p')})"
            for _, row in strong.iterrows()
        ]
        told = f"with {listed(parts)}" if parts else "with none of the other endpoints after adjustment"
        out.append((f"The change of ADC was correlated {told} ({len(rows)} correlations).", rows.iloc[0]))
    return out


def _tip(row: pd.Series, plan: Plan) -> str:
    who = name(row["endpoint"])
    if row["status"] != "ok":
        return ""
    if pd.isna(row["tipping_sd"]):
        return f"{who}: {row['reason']} ({row['n_imputed']} of {row['n']} participants imputed)."
    return (
        f"{who}: the conclusion would change if the {row['n_imputed']} imputed participants were "
        f"{number(abs(row['tipping_sd']), 2)} SD of change further against the effect than expected."
    )
