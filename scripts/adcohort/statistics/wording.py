"""Methods and results in words: sentences chosen by the plan and by what the tables hold, each number from a table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from adcohort import resources
from adcohort.statistics.plan import LABELS, Plan

Sentence = dict[str, Any]
Frames = Mapping[str, pd.DataFrame]
CONFIRMED = {True: "confirmed", False: "unconfirmed"}
ZEROS = {"drop": "are left out", "pratt": "are ranked and then left out (Pratt)"}
LIMITS = {
    "sign": "sign tests",
    "prentice": "paired Prentice-Wilcoxon tests",
    "substitute": "the declared tests of substituted values",
}


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, plain notation, a true minus; a whole part keeps its digits."""
    if value is None or pd.isna(value):
        return "not estimated"
    if math.isinf(value):
        return "infinity"
    rounded = abs(float(f"{value:.{digits}g}"))
    decimals = max(0, digits - 1 - math.floor(math.log10(rounded))) if rounded else digits - 1
    text = f"{value:.{min(decimals, 6)}f}"
    return text.replace("-", "−") if float(text) else text.removeprefix("-")


def p_text(value: float | None, name: str = "p") -> str:
    """p as SAMPL wants it: the number to two digits, never 0 and never ns."""
    if value is None or pd.isna(value):
        return f"{name} not estimated"
    if value < 0.001:
        return f"{name} < 0.001"
    return (
        f"{name} = {value:.3f}"
        if value < 0.1
        else f"{name} = {min(value, 0.99):.2f}"
        if value < 0.995
        else f"{name} > 0.99"
    )


def listed(parts: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def name(code: str) -> str:
    """An endpoint's name for people."""
    return str(resources.load("figures/names.yaml")["endpoints"].get(code, code))


def unit(text: str | None) -> str:
    """A unit for people; empty for numbers without one."""
    return "" if text is None or pd.isna(text) else str(resources.load("figures/names.yaml")["units"].get(text, text))


def methods(plan: Plan, digest: str, tables: Frames, software: str) -> list[Sentence]:
    """Paragraphs of the methods: topic, text, ids of references."""
    level = f"{100 * plan.level:g}"
    paired = tables["paired"]
    out = [
        _said(
            "Plan",
            ["plan", "pairs"],
            digest=digest,
            after=plan.after,
            before=plan.before,
            alpha=f"{plan.alpha:g}",
            level=level,
        )
    ]
    if plan.last:
        _extend(out[0], "last")
    if "ADC" in plan.endpoints:
        _extend(out[0], "matched", before=plan.before)
    out.append(_tests(plan))
    _extend(out[-1], "exact", zeros=ZEROS[plan.zeros])
    _extend(out[-1], "effect")
    if codes := _censored(paired):
        scales = sorted({"normal" if plan.endpoint(code).transformation == "none" else "log-normal" for code in codes})
        by = sorted({LIMITS[plan.endpoint(code).limit] for code in codes})
        _extend(
            out[-1],
            "censored",
            endpoints=listed([name(c) for c in codes]),
            methods=listed(by),
            scale=" or ".join(scales),
        )
    families = {f: next(e for e in plan.endpoints.values() if e.family == f) for f in plan.families}
    of = [f"{plan.families[f]} ({_size(plan, f)}; {LABELS[e.adjustment]})" for f, e in families.items()]
    _extend(out[-1], "adjustment", families="; ".join(of))
    if len(plan.trend_visits) > 1:
        share = tables["trend"]
        fits = share[(share["quantity"] == "visits") & (share["level"] == "participant") & share["model"].notna()]
        left = int((fits["status"] == "fallback").sum())
        out.append(
            _said(
                "Course over visits", ["trend"], visits=listed(list(plan.trend_visits)),
                fallback=f"{left} of {len(fits)} models, marked in trend.tsv", one_sided=level,
            )
        )  # fmt: skip
        if (share["level"] == "lesion").any():
            _extend(out[-1], "lesions")
    found = tables["adc_response"]
    if (found["question"] == "discrimination").any():
        known = found.loc[found["question"] == "discrimination", "landmark"].iloc[0]
        kind = CONFIRMED[bool(plan.adc_response["confirmed"])]
        out.append(_said("ADC and response", ["response"], early=plan.early(), confirmed=kind, landmark=known))
    out.append(_said("Missing values", ["missing"], imputations=plan.missing["imputations"]))
    out.append(_said("Reading", ["single_arm", "software"], software=software))
    return out


def _said(topic: str, keys: Sequence[str], **filled: Any) -> Sentence:
    out: Sentence = {"topic": topic, "text": "", "references": []}
    for key in keys:
        _extend(out, key, **filled)
    return out


def _extend(paragraph: Sentence, key: str, **filled: Any) -> None:
    words = resources.load("statistics/methods.yaml")[key]
    paragraph["text"] = f"{paragraph['text']} {words['text'].format(**filled)}".strip()
    paragraph["references"] += [r for r in words.get("references", []) if r not in paragraph["references"]]


def _tests(plan: Plan) -> Sentence:
    out: Sentence = {"topic": "Comparison of pairs", "text": "", "references": []}
    groups: dict[str, list[str]] = {}
    for endpoint in plan.endpoints.values():
        key = endpoint.test + ("_log" if endpoint.transformation == "log" and endpoint.test != "sign" else "")
        groups.setdefault(key, []).append(name(endpoint.code))
    clauses = []
    for key, codes in groups.items():
        words = resources.load("statistics/methods.yaml")[key]
        clauses.append(words["text"].format(endpoints=listed(codes)))
        out["references"] += [r for r in words["references"] if r not in out["references"]]
    out["text"] = f"Declared tests: {'; '.join(clauses)}."
    return out


def _censored(paired: pd.DataFrame) -> list[str]:
    rows = paired[(paired["analysis"] == "primary") & (paired["n_censored"] > 0)]
    return [str(code) for code in rows["endpoint"]]


def _size(plan: Plan, family: str) -> str:
    size = sum(endpoint.family == family for endpoint in plan.endpoints.values())
    return f"{size} endpoint{'s' if size != 1 else ''}"


def declared(plan: Plan) -> list[dict[str, str]]:
    """The plan's endpoints as rows for print: family, endpoint, test, scale, favourable direction, adjustment, limits."""
    return [
        {
            "family": plan.families[endpoint.family], "endpoint": name(endpoint.code), "code": endpoint.code,
            "test": endpoint.test, "transformation": endpoint.transformation, "favourable": endpoint.favourable,
            "adjustment": LABELS[endpoint.adjustment], "beyond a limit": LIMITS[endpoint.limit],
            "populations": listed(["all", *endpoint.populations]), "comparison": f"{plan.after} against {plan.before}",
        }
        for endpoint in plan.endpoints.values()
    ]  # fmt: skip


def checklists(
    items: Mapping[str, Sequence[Mapping[str, Any]]], stages: Sequence[str]
) -> dict[str, list[dict[str, str]]]:
    """STROBE and TREND items with where they are answered; what needs a stage that the study has not stays with the authors."""
    out: dict[str, list[dict[str, str]]] = {}
    for checklist, rows in items.items():
        out[checklist] = []
        for row in rows:
            missing = [stage for stage in row.get("needs", []) if stage not in stages]
            answered = "authors" if missing else row["answered"]
            where = f"not in this study: {listed(missing)}" if missing else row["where"]
            out[checklist].append({"item": row["item"], "asks": row["asks"], "answered": answered, "where": where})
    return out
