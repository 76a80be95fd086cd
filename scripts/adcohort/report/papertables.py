"""The tables of the paper as words: what the report shows with great_tables and the Word file with its own."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from adcohort.figures import words
from adcohort.report.gather import Results


@dataclass
class PaperTable:
    """A finished table: every cell is text.

    Parameters
    ----------
    name, title
        Anchor in the report, and heading.
    columns
        Key to heading, in order; the first names the row.
    rows
        One dictionary a row; ``group`` may name the group that it stands in.
    notes
        Lines below the table.
    source
        The result table that it is made from, for the download.
    folded
        Whether the report shows it only when asked: long, and not needed for the main reading.
    """

    name: str
    title: str
    columns: dict[str, str]
    rows: list[dict[str, str]]
    source: str
    notes: list[str] = field(default_factory=list)
    folded: bool = False


def sensitivity(results: Results) -> PaperTable | None:
    """What missing values could do to the primary comparisons."""
    frame = results.get("statistics/sensitivity")
    if frame is None:
        return None
    rows = []
    for _, row in frame.iterrows():
        shift = "" if pd.isna(row["tipping_sd"]) else f"shift of {words.number(row['tipping_sd'], 1)} SD of change"
        interval = words.interval(row["ci_low"], row["ci_high"]) if pd.notna(row["ci_low"]) else "–"
        rows.append(
            {
                "group": words.endpoint(row["endpoint"], long=True),
                "what": "Observed pairs" if row["method"] == "primary" else _capital(row["method"]),
                "n": f"{words.number(row['n'], 0)} ({words.number(row['n_imputed'], 0)})",
                "estimate": f"{words.number(row['estimate'])} ({interval})" if pd.notna(row["estimate"]) else "–",
                "p": p_value(row["p"]),
                "remark": shift or (str(row["reason"]) if pd.notna(row["reason"]) else ""),
            }
        )
    columns = {"what": "Method", "n": "n (imputed)", "estimate": "Change (interval)", "p": "p", "remark": "Remark"}
    notes = [
        "On the declared scale. All rows compare means, so that they can be read against each other; an endpoint's declared "
        "test stands in its own table.",
        "Tipping point: smallest shift of imputed values against the effect at which p passes alpha.",
    ]
    return PaperTable(
        "sensitivity", "Missing values: sensitivity", columns, rows, "statistics/sensitivity", notes, folded=True
    )


def baseline(results: Results) -> PaperTable | None:
    """Characteristics at baseline and follow-up."""
    frame = results.get("statistics/baseline")
    if frame is None:
        return None
    rows = [row for _, part in frame.groupby("characteristic", sort=False) for row in _characteristic(part)]
    follow = results.get("statistics/followup")
    for _, row in follow.iterrows() if follow is not None else ():
        rows += _followup(row)
    columns = {"what": "Characteristic", "value": "Value", "n": "n", "missing": "Missing"}
    return PaperTable("baseline", "Characteristics and follow-up", columns, rows, "statistics/baseline")


def _characteristic(part: pd.DataFrame) -> list[dict[str, str]]:
    first = part.iloc[0]
    group = _capital(first["characteristic"])
    common = {"group": group, "n": words.number(first["total"], 0), "missing": words.number(first["missing"], 0)}
    if first["kind"] == "number":
        places = words.digits(first["mean"])
        spread = f"{words.number(first['mean'], places)} ({words.number(first['sd'], places)})"
        middle = (
            f"{words.number(first['median'], places)} ({words.interval(first['minimum'], first['maximum'], places)})"
        )
        return [
            common | {"what": "Mean (SD)", "value": spread},
            {"group": group, "what": "Median (range)", "value": middle, "n": "", "missing": ""},
        ]
    shares = [
        {"what": str(row["level"]), "value": f"{row['n']} ({words.number(row['percent'], 1)} %)"}
        for _, row in part.iterrows()
    ]
    return [(common if i == 0 else {"group": group, "n": "", "missing": ""}) | share for i, share in enumerate(shares)]


def _followup(row: Any) -> list[dict[str, str]]:
    if row["status"] != "ok" and pd.isna(row["n"]):
        return []
    group = f"{_capital(row['measure'])} (days)"
    span = f"{words.number(row['median_days'], 0)} ({words.interval(row['minimum_days'], row['maximum_days'], 0)})"
    first = {"group": group, "what": "Median (range)", "value": span, "n": words.number(row["n"], 0)}
    rows = [first | {"missing": words.number(row["missing"], 0)}]
    if pd.notna(row["reverse_km_median_days"]):
        reverse = (
            f"{words.number(row['reverse_km_median_days'], 0)} ({words.interval(row['ci_low'], row['ci_high'], 0)})"
        )
        rows.append(
            {
                "group": group,
                "what": "Median by reverse Kaplan-Meier (interval)",
                "value": reverse,
                "n": "",
                "missing": "",
            }
        )
    return rows


def rates(results: Results) -> PaperTable | None:
    """Response and disease control, confirmed and not, of all treated and of the evaluable."""
    frame = results.get("statistics/rates")
    if frame is None:
        return None
    rows = []
    keys = ["endpoint", "confirmed", "population"]
    for (endpoint, confirmed, population), part in frame.groupby(keys, sort=False):
        first = part.iloc[0]
        row = {
            "group": {"ORR": "Objective response (CR or PR)", "DCR": "Disease control (CR, PR or SD)"}.get(
                endpoint, str(endpoint)
            ),
            "what": f"{'Confirmed' if confirmed else 'Confirmation not required'}, {population}",
            "count": f"{first['responders']} of {first['n']}",
            "percent": words.number(first["percent"], 1),
        }
        for method in ("clopper-pearson", "wilson"):
            own = part[part["method"] == method]
            row[method] = words.interval(own.iloc[0]["ci_low"], own.iloc[0]["ci_high"], 1) if len(own) else "–"
        rows.append(row)
    columns = {"what": "Response", "count": "Participants", "percent": "%"}
    columns |= {"clopper-pearson": "Interval (Clopper-Pearson)", "wilson": "Interval (Wilson)"}
    note = "All treated: a missing response counts as none. Evaluable: an assessment after baseline that could be evaluated."
    return PaperTable("rates", "Response rates", columns, rows, "statistics/rates", [note])


def survival(results: Results) -> PaperTable | None:
    """Medians of progression-free survival and of the duration of response."""
    frame = results.get("statistics/pfs")
    if frame is None:
        return None
    names = {"PFS": "Progression-free survival", "DOR": "Duration of confirmed response"}
    rows = [
        {
            "what": names.get(row["endpoint"], row["endpoint"]),
            "n": words.number(row["n"], 0),
            "events": words.number(row["events"], 0),
            "median": words.reached(row["median_days"]),
            "interval": f"{words.reached(row['ci_low'])} to {words.reached(row['ci_high'])}"
            if pd.notna(row["median_days"])
            else "–",
            "status": "" if row["status"] == "ok" else str(row["status"]),
        }
        for _, row in frame.iterrows()
    ]
    columns = {"what": "Time", "n": "n", "events": "Events", "median": "Median (days)", "interval": "Interval"}
    if any(row["status"] for row in rows):
        columns["status"] = "Remark"
    return PaperTable("survival", "Time to progression", columns, rows, "statistics/pfs")


def endpoints(results: Results, family: str, title: str) -> PaperTable | None:
    """The primary comparison of one family."""
    frame = results.get("statistics/paired")
    if frame is None:
        return None
    own = frame[(frame["analysis"] == "primary") & (frame["family"] == family)]
    if own.empty:
        return None
    rows = [_endpoint(row) for _, row in own.iterrows()]
    first = own.iloc[0]
    columns = {
        "what": "Endpoint",
        "n": "n (missing)",
        "before": f"{_capital(first['visit_before'])}",
        "after": f"{_capital(first['visit_after'])}",
        "change": "Change (interval)",
        "effect": "Hedges' g (interval)",
        "p": "p",
        "adjusted": f"p adjusted ({first['adjustment']})",
        "direction": "Direction",
        "favourable": "Declared favourable",
    }
    notes = ["Mean (SD), for ranks median (quartiles), on a logarithmic scale geometric mean (geometric SD). ×: ratio."]
    notes.append(
        "Tests: " + "; ".join(f"{words.endpoint(row['endpoint'])} {row['test']}" for _, row in own.iterrows()) + "."
    )
    odd = [
        f"{words.endpoint(row['endpoint'])}: {row['reason']}" for _, row in own.iterrows() if pd.notna(row["reason"])
    ]
    return PaperTable(f"endpoints-{family}", f"{title}: change", columns, rows, "statistics/paired", notes + odd)


def _endpoint(row: Any) -> dict[str, str]:
    unit = words.unit(row["unit"])
    name = words.endpoint(row["endpoint"], long=True)
    return {
        "what": f"{name}, {unit}" if unit else name,
        "n": f"{words.number(row['n'], 0)} ({words.number(row['n_missing'], 0)})",
        "before": _side(row, "before"),
        "after": _side(row, "after"),
        "change": words.estimate(row),
        "effect": f"{words.number(row['hedges_g'])} ({words.interval(row['hedges_ci_low'], row['hedges_ci_high'])})"
        if pd.notna(row["hedges_g"])
        else "–",
        "p": p_value(row["p"]),
        "adjusted": p_value(row["p_adjusted"]),
        "direction": words.direction(row),
        "favourable": {"rise": "rise", "fall": "fall"}.get(row["declared_direction"], "none declared"),
    }


def _side(row: Any, side: str) -> str:
    if str(row["estimator"]).startswith(("Hodges", "share")):
        low, high = row[f"q1_{side}"], row[f"q3_{side}"]
        places = words.digits(row[f"median_{side}"], high)
        return f"{words.number(row[f'median_{side}'], places)} ({words.interval(low, high, places)})"
    places = words.digits(row["mean_before"], row["mean_after"])
    spread = row[f"sd_{side}"]
    sign = "×/÷ " if row["transformation"] == "log" else ""
    return f"{words.number(row[f'mean_{side}'], places)} ({sign}{words.number(spread, max(places, 2) if sign else places)})"


def trend(results: Results, family: str, title: str) -> PaperTable | None:
    """Model means of every visit, and what the rule for a continuous change says."""
    frame = results.get("statistics/trend")
    if frame is None:
        return None
    own = frame[(frame["analysis"] == "primary") & (frame["family"] == family)]
    means = own[own["quantity"] == "mean"]
    if means.empty:
        return None
    visits = list(dict.fromkeys(means["visit"]))
    rows = []
    for endpoint, part in means.groupby("endpoint", sort=False):
        places = words.digits(part["estimate"].max())
        cells = {f"at_{row['visit']}": _mean(row, places) for _, row in part.iterrows()}
        verdict = own[(own["endpoint"] == endpoint) & (own["quantity"] == "continuous")]["verdict"].dropna()
        unit = words.unit(part["unit"].iloc[0])
        name = words.endpoint(endpoint)
        what = {"what": f"{name}, {unit}" if unit else name, "verdict": verdict.iloc[0] if len(verdict) else "–"}
        rows.append(what | {f"at_{visit}": cells.get(f"at_{visit}", "–") for visit in visits})
    columns = {"what": "Endpoint"} | {f"at_{visit}": _capital(visit) for visit in visits} | {"verdict": "Course"}
    note = "Means of the mixed model with visit as category (interval). "
    note += "Continuous: every step has its one-sided bound beyond no change."
    return PaperTable(f"trend-{family}", f"{title}: course over the visits", columns, rows, "statistics/trend", [note])


def _mean(row: Any, places: int) -> str:
    interval = words.interval(row["ci_low"], row["ci_high"], places)
    return f"{words.number(row['estimate'], places)} ({interval}), n = {row['n']}"


def adverse_events(results: Results) -> PaperTable | None:
    """Incidence of treatment-emergent adverse events, any grade and grade 3 or more."""
    frame = results.get("statistics/adverse_event_incidence")
    if frame is None:
        return None
    terms = frame[frame["level"] != "soc"].assign(term=frame["term"].fillna("Any event"))
    rows = []
    for term, part in terms.groupby("term", sort=False):
        cells = {"what": str(term)}
        for grades, prefix in (("any", "any"), ("3+", "severe")):
            own = part[part["grades"] == grades]
            cells[prefix] = (
                f"{own.iloc[0]['participants']} ({words.number(own.iloc[0]['percent'], 1)})" if len(own) else "–"
            )
            cells[f"{prefix}_ci"] = (
                words.interval(own.iloc[0]["ci_low"], own.iloc[0]["ci_high"], 1) if len(own) else "–"
            )
            cells["rate"] = words.number(part.iloc[0]["rate"], 1)
        rows.append(cells)
    rows.sort(
        key=lambda row: (
            row["what"] != "Any event",
            -int(row["any"].split()[0]) if row["any"] != "–" else 0,
            row["what"],
        )
    )
    columns = {
        "what": "Term",
        "any": "Any grade, n (%)",
        "any_ci": "Interval (%)",
        "severe": "Grade 3 or more, n (%)",
        "severe_ci": "Interval (%) ",
        "rate": "First events per 100 person-years",
    }
    version = frame["ctcae_version"].dropna()
    n = frame["n"].dropna()
    note = f"Treatment-emergent, worst grade (CTCAE {version.iloc[0] if len(version) else ''}); "
    note += "a participant counts once a term; "
    note += (
        f"share of {words.count(int(n.iloc[0]) if len(n) else 0, 'treated participant')}; Clopper-Pearson intervals."
    )
    return PaperTable("adverse-events", "Adverse events", columns, rows, "statistics/adverse_event_incidence", [note])


def p_value(p: Any) -> str:
    """A p value that no line break parts."""
    return words.p_value(p).replace(" ", "\N{NO-BREAK SPACE}")


def _capital(text: Any) -> str:
    text = str(text).replace("_", " ")
    return text[:1].upper() + text[1:]
