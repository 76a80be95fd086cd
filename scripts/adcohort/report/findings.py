"""What was found, in a few lines: numbers and directions from the tables, and no word that claims more."""

import pandas as pd
from adcohort.figures import words
from adcohort.report.gather import Results


def lines(results: Results, titles: dict[str, str]) -> list[dict[str, str]]:
    """The summary: topic and sentence, one a topic that the study has."""
    made = [
        ("Participants", _participants(results)),
        ("Response", _response(results)),
        ("Endpoints", _endpoints(results, titles)),
        ("ADC", _adc(results)),
        ("Adverse events", _adverse_events(results)),
    ]
    return [{"topic": topic, "text": text} for topic, text in made if text]


def _participants(results: Results) -> str:
    flow = results.get("flow/flow")
    if flow is None:
        return ""
    text = f"{words.count(int(flow['participants'].max()), 'participant')}"
    images = flow[(flow["modality"] == "ingest") & flow["visit"].notna()]
    if len(images):
        text += f"; diffusion MRI at {words.count(int(images['with_record'].sum()), 'visit')}"
    follow = results.get("statistics/followup")
    if follow is not None:
        row = follow.iloc[0]
        if pd.notna(row["median_days"]):
            text += f"; {row['measure']} {words.interval(row['minimum_days'], row['maximum_days'], 0)} days"
            text += f" (median {words.number(row['median_days'], 0)})"
    return text + "."


def _response(results: Results) -> str:
    rates = results.get("statistics/rates")
    if rates is None:
        return ""
    own = rates[
        rates["confirmed"].fillna(False)
        & (rates["population"] == "all treated")
        & (rates["method"] == "clopper-pearson")
    ]
    names = {"ORR": "objective response", "DCR": "disease control"}
    parts = [
        f"{names.get(row['endpoint'], row['endpoint'])} {words.number(row['percent'], 1)} % "
        f"({row['responders']} of {row['n']}; interval {words.interval(row['ci_low'], row['ci_high'], 1)} %)"
        for _, row in own.iterrows()
    ]
    text = f"Confirmed best response of all treated: {words.listed(parts)}." if parts else ""
    survival = results.get("statistics/pfs")
    if survival is not None and len(pfs := survival[survival["endpoint"] == "PFS"]) and pfs.iloc[0]["status"] == "ok":
        row = pfs.iloc[0]
        median = words.reached(row["median_days"])
        if pd.notna(row["median_days"]):
            median += f" days, interval {words.reached(row['ci_low'])} to {words.reached(row['ci_high'])}"
        events = f"{words.count(int(row['events']), 'event')} among {int(row['n'])}"
        text += f" Median progression-free survival {median} ({events})."
    return text


def _endpoints(results: Results, titles: dict[str, str]) -> str:
    paired = results.get("statistics/paired")
    if paired is None:
        return ""
    own = paired[paired["analysis"] == "primary"]
    said = []
    for family, title in titles.items():
        rows = own[own["family"] == family]
        if rows.empty or set(rows["endpoint"]) == {"ADC"}:
            continue
        groups: dict[str, list[str]] = {}
        for _, row in rows.iterrows():
            groups.setdefault(_seen(row), []).append(words.endpoint(row["endpoint"]))
        clauses = [f"{words.listed(names)} {what}" for what, names in groups.items()]
        against = [words.endpoint(row["endpoint"]) for _, row in rows.iterrows() if row["favourable"] == "unfavourable"]
        text = f"{title}: {'; '.join(clauses)}"
        said.append(
            text + (f" (against the declared favourable direction: {words.listed(against)})" if against else "")
        )
    if not said:
        return ""
    first = own.iloc[0]
    span = f"From {first['visit_before']} to {first['visit_after']} (intervals; p adjusted within each family). "
    return span + ". ".join(said) + "."


def _seen(row: pd.Series) -> str:
    """Rose, fell or showed no clear change; a direction whose adjusted p is 0.05 or more says so."""
    seen = words.direction(row)
    if seen.startswith(("rose", "fell")) and pd.notna(row["p_adjusted"]) and row["p_adjusted"] >= 0.05:
        return f"{seen}, not significant after adjustment"
    return {"no clear change": "showed no clear change", "no interval": "had no interval"}.get(seen, seen)


def _adc(results: Results) -> str:
    text = ""
    paired = results.get("statistics/paired")
    if paired is not None:
        rows = paired[(paired["analysis"] == "primary") & (paired["endpoint"] == "ADC")]
        if len(rows) and pd.isna(rows.iloc[0]["estimate"]):
            text = f"ADC was not compared: {rows.iloc[0]['reason']}."
        elif len(rows):
            row = rows.iloc[0]
            change = f"{words.estimate(row)} {'' if words.is_ratio(row) else words.unit(row['unit'])}".strip()
            text = f"ADC {_seen(row)}: {change}, {words.count(int(row['n']), 'pair')}, "
            text += f"{words.p_text(row['p_adjusted'], 'adjusted p')}."
    trend = results.get("statistics/trend")
    if trend is not None:
        own = trend[
            (trend["endpoint"] == "ADC") & (trend["analysis"] == "primary") & (trend["quantity"] == "continuous")
        ]
        text += "".join(f" {said}" for said in own["words"].dropna().unique())
    if not text and (rows := results.get("roi/participants")) is not None:
        values = rows["adc"].dropna()
        if len(values):
            span = f"{words.interval(values.min(), values.max())} {words.unit('1e-3 mm2/s')}"
            text = f"ADC of {words.count(len(values), 'visit')}: {span}."
    return text.strip()


def _adverse_events(results: Results) -> str:
    frame = results.get("statistics/adverse_event_incidence")
    if frame is None:
        return ""
    terms = frame[(frame["level"] == "term") & (frame["grades"] == "any")].sort_values(
        ["percent", "term"], ascending=[False, True]
    )
    often = terms[terms["percent"] > 20]
    if terms.empty:
        return "No treatment-emergent adverse event is recorded."
    shown = often if len(often) else terms.head(3)
    parts = [f"{row['term'].lower()} {words.number(row['percent'], 1)} %" for _, row in shown.iterrows()]
    text = f"{'More than 20 % of all treated' if len(often) else 'Most frequent'}: {words.listed(parts)}."
    severe = frame[(frame["level"] == "any") & (frame["grades"] == "3+")]
    if len(severe):
        text += f" Grade 3 or more: {words.number(severe.iloc[0]['percent'], 1)} %."
    return text
