"""A complete folder of results by contract, without running the workflow: for the figures and the report."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from adcohort import tables

VISITS = {"baseline": 0, "month1": 30, "month3": 90, "month6": 180}
FAMILIES = {
    "serum": ["VEGF", "NGAL", "TG", "TGAB"],
    "immune": ["CD3", "CD4", "CD8", "CD4_CD8"],
    "quality_of_life": ["PF", "RP", "BP", "GH", "VT", "SF", "RE", "MH"],
    "imaging": ["ADC"],
}
BEFORE = {"VEGF": 420, "NGAL": 92, "TG": 60, "TGAB": 40, "CD3": 68, "CD4": 38, "CD8": 27, "CD4_CD8": 1.5, "ADC": 1.08}
CHANGE = {
    "VEGF": 0.7,
    "NGAL": 0.8,
    "TG": 0.5,
    "TGAB": 0.7,
    "CD3": 0.95,
    "CD4": 0.9,
    "CD8": 1.1,
    "CD4_CD8": 0.8,
    "ADC": 1.3,
}
UNITS = {"VEGF": "ng/L", "NGAL": "ug/L", "TG": "ug/L", "TGAB": "kIU/L", "CD4_CD8": "1", "ADC": "1e-3 mm2/s"}
RANKED = {"NGAL", "TGAB", *FAMILIES["quality_of_life"]}
RATIOS = {"VEGF", "TG"}


def write(folder: Path, stage: str, table: str, rows: Any, name: str | None = None) -> None:
    """Rows with what they name; every other column of the contract is empty."""
    contract = list(tables.columns(stage, table))
    frame = pd.DataFrame(list(rows)).reindex(columns=contract)
    tables.write(frame, folder / f"{name or table}.tsv", stage, table)


def build(results: Path, n: int = 40, seed: int = 1, stages: set[str] | None = None, odd: str = "") -> None:
    """Write the tables of the given stages (all by default). `odd` is put wherever a text of the study can stand."""
    rng = np.random.default_rng(seed)
    people = [f"sub-{i:0{max(2, len(str(n)))}d}" for i in range(1, n + 1)]
    has = lambda *names: stages is None or set(names) <= stages  # noqa: E731
    if has("statistics"):
        _statistics(results / "statistics", people, rng)
    if has("response"):
        _response(results, people, rng)
    if has("adverse_events"):
        _adverse_events(results, people, rng, odd)
    if has("roi"):
        _roi(results / "roi", people, rng)
    _flow(results, people, stages, odd)


def _statistics(folder: Path, people: list[str], rng: np.random.Generator) -> None:
    values, paired, trend = [], [], []
    for family, codes in FAMILIES.items():
        for code in codes:
            start = BEFORE.get(code, 55.0)
            unit = UNITS.get(code, "score" if family == "quality_of_life" else "%")
            spread = 0.25 if family != "quality_of_life" else 0.3
            own = []
            for who in people:
                base = start * np.exp(rng.normal(0, spread))
                for visit, day in VISITS.items():
                    factor = 1 + (CHANGE.get(code, 1.2) - 1) * day / 180
                    value = round(float(base * factor * np.exp(rng.normal(0, 0.08))), 3)
                    value = min(value, 100.0) if family == "quality_of_life" else value
                    own.append(
                        {"participant_id": who, "visit": visit, "day": day + int(rng.integers(-4, 1)), "value": value}
                    )
            for row in own:
                row |= {
                    "endpoint": code,
                    "unit": unit,
                    "qualifier": "<" if code == "TGAB" and rng.random() < 0.1 else None,
                }
            values += own
            paired.append(_paired(family, code, unit, pd.DataFrame(own)))
            trend += _trend(family, code, unit, pd.DataFrame(own))
    write(folder, "statistics", "endpoints", values)
    write(folder, "statistics", "paired", paired)
    write(folder, "statistics", "trend", trend)
    write(
        folder,
        "statistics",
        "missing",
        [
            {
                "kind": "visit",
                "endpoint": "ADC",
                "visit": v,
                "n": len(people),
                "n_expected": len(people),
                "percent": 100.0,
            }
            for v in VISITS
        ],
    )
    write(folder, "statistics", "adc_response", [])
    write(folder, "statistics", "sensitivity", [])
    write(folder, "statistics", "conventions", [])


def _paired(family: str, code: str, unit: str, own: pd.DataFrame) -> dict[str, Any]:
    wide = own.pivot_table(index="participant_id", columns="visit", values="value")
    one, two = wide["baseline"].to_numpy(), wide["month6"].to_numpy()
    log, ranked = code in RATIOS, code in RANKED
    difference = np.log(two / one) if log else two - one
    n, mean, sd = len(one), difference.mean(), difference.std(ddof=1)
    half = 2.02 * sd / np.sqrt(n)
    ends = np.exp([mean, mean - half, mean + half]) if log else np.array([mean, mean - half, mean + half])
    up = mean > 0
    favourable = {"serum": "fall", "immune": None, "quality_of_life": "rise", "imaging": "rise"}[family]
    verdict = "not declared" if favourable is None else "favourable" if (favourable == "rise") == up else "unfavourable"
    row: dict[str, Any] = {
        "analysis": "primary",
        "family": family,
        "endpoint": code,
        "unit": unit,
        "population": "all",
        "visit_before": "baseline",
        "visit_after": "month6",
        "n": n,
        "n_before": n,
        "n_after": n,
        "n_missing": 0,
        "n_censored": 3 if code == "TGAB" else 0,
        "transformation": "log" if log else "none",
        "estimate": ends[0],
        "ci_low": ends[1],
        "ci_high": ends[2],
        "estimator": "geometric mean ratio" if log else "Hodges-Lehmann" if ranked else "mean difference",
        "null_value": 1.0 if log else 0.0,
        "test": "Wilcoxon signed-rank" if ranked else "paired t",
        "p": 1e-5,
        "p_adjusted": 4e-5,
        "adjustment": "holm",
        "p_holm": 4e-5,
        "hedges_g": mean / sd,
        "hedges_ci_low": mean / sd - 0.35,
        "hedges_ci_high": mean / sd + 0.4,
        "effect_size": mean / sd,
        "effect_ci_low": mean / sd - 0.35,
        "effect_ci_high": mean / sd + 0.4,
        "direction": "rise" if up else "fall",
        "declared_direction": favourable or "none",
        "favourable": verdict,
        "status": "ok",
    }
    for side, side_values in (("before", one), ("after", two)):
        logs = np.log(side_values)
        row |= {
            f"mean_{side}": np.exp(logs.mean()) if log else side_values.mean(),
            f"sd_{side}": np.exp(logs.std(ddof=1)) if log else side_values.std(ddof=1),
            f"median_{side}": np.median(side_values),
            f"q1_{side}": np.quantile(side_values, 0.25),
            f"q3_{side}": np.quantile(side_values, 0.75),
        }
    return row


def _trend(family: str, code: str, unit: str, own: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for visit in VISITS:
        values = own.loc[own["visit"] == visit, "value"]
        half = 2 * values.std() / np.sqrt(len(values))
        rows.append(
            {
                "analysis": "primary",
                "family": family,
                "endpoint": code,
                "unit": unit,
                "level": "participant",
                "transformation": "none",
                "quantity": "mean",
                "visit": visit,
                "day": float(own.loc[own["visit"] == visit, "day"].median()),
                "n": len(values),
                "estimate": values.mean(),
                "ci_low": values.mean() - half,
                "ci_high": values.mean() + half,
                "status": "ok",
            }
        )
    said = f"{code} rose at every visit; each adjacent difference has its one-sided 95 % bound above 0."
    verdict = {
        "analysis": "primary",
        "family": family,
        "endpoint": code,
        "quantity": "continuous",
        "words": said,
        "status": "ok",
    }
    return [*rows, verdict | {"verdict": "continuous rise"}]


def _response(results: Path, people: list[str], rng: np.random.Generator) -> None:
    points, best, times = [], [], []
    for i, who in enumerate(people):
        share = i / len(people)
        kind = (
            "CR" if share < 0.05 else "PR" if share < 0.6 else "SD" if share < 0.8 else "PD" if share < 0.97 else "NE"
        )
        depth = {"CR": -100, "PR": -rng.uniform(32, 75), "SD": rng.uniform(-28, 12), "PD": rng.uniform(5, 45), "NE": 0}[
            kind
        ]
        days = [-7, 56, 112, 168, 224][: 1 if kind == "NE" else int(rng.integers(3, 6))]
        for k, day in enumerate(days):
            change = 0.0 if k == 0 else float(round(depth * min(1, k / 2) + rng.normal(0, 3), 1))
            role = "baseline" if k == 0 else "follow-up"
            points.append(
                {
                    "participant_id": who,
                    "day": day,
                    "role": role,
                    "sum_mm": 50 * (1 + change / 100),
                    "baseline_pct": change if k else None,
                    "target": "baseline" if k == 0 else kind,
                    "new_lesion": "yes" if kind == "PD" and k == 2 else "no",
                    "overall": "baseline" if k == 0 else kind,
                    "nontarget": "none",
                    "source": "lesions",
                }
            )
        progressed = kind == "PD"
        best.append(
            {
                "participant_id": who,
                "best": kind,
                "confirmed_best": "MISSING" if kind == "NE" else kind,
                "best_pct": None if kind == "NE" else round(depth, 1),
                "day": 56,
                "confirmed_day": 56 if kind in ("CR", "PR") else None,
                "progression_day": 56 if progressed else None,
                "last_adequate_day": days[-1] if len(days) > 1 else None,
                "n_assessments": len(days) - 1,
                "evaluable": kind != "NE",
                "reason": "by the sums",
                "confirmed_reason": "by the sums",
            }
        )
        times.append((max(days[-1], 1), progressed))
    write(results / "response", "response", "timepoints", points)
    write(results / "response", "response", "best", best)
    rates = []
    for endpoint, count in (("ORR", round(0.6 * len(people))), ("DCR", round(0.8 * len(people)))):
        for confirmed in (True, False):
            for method in ("clopper-pearson", "wilson"):
                rates.append(
                    {
                        "endpoint": endpoint,
                        "confirmed": confirmed,
                        "population": "all treated",
                        "responders": count,
                        "n": len(people),
                        "percent": 100 * count / len(people),
                        "ci_low": 43.3,
                        "ci_high": 75.1,
                        "method": method,
                    }
                )
    write(results / "statistics", "response", "rates", rates)
    curve, alive, at_risk = [], 1.0, len(people)
    for day in sorted({day for day, _ in times}):
        events = sum(1 for d, event in times if d == day and event)
        lost = sum(1 for d, event in times if d == day and not event)
        alive *= 1 - events / at_risk
        curve.append(
            {
                "endpoint": "PFS",
                "day": day,
                "survival": alive,
                "ci_low": max(alive - 0.15, 0),
                "ci_high": min(alive + 0.1, 1),
                "at_risk": at_risk,
                "events": events,
                "censored": lost,
            }
        )
        at_risk -= events + lost
    write(results / "statistics", "response", "pfs_curve", curve)
    summary = {
        "endpoint": "PFS",
        "n": len(people),
        "events": 7,
        "censored": len(people) - 7,
        "status": "ok",
        "method": "Kaplan-Meier",
    }
    write(results / "statistics", "response", "pfs", [summary])
    write(results / "statistics", "response", "survival_times", [])


def _adverse_events(results: Path, people: list[str], rng: np.random.Generator, odd: str) -> None:
    shares = {
        "Palmar-plantar erythrodysesthesia syndrome": 0.5,
        "Alopecia": 0.4,
        "Hypertension": 0.35,
        "Fatigue": 0.3,
        "Diarrhea": 0.25,
    }
    worst, incidence = [], []
    for term, share in (shares | {odd or "Rash": 0.1}).items():
        affected = people[: max(1, round(share * len(people)))]
        for who in affected:
            grade = int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])) if term != "Alopecia" else int(rng.integers(1, 3))
            worst.append(
                {
                    "participant_id": who,
                    "term": term,
                    "grade": grade,
                    "onset_day": 20,
                    "emergent": True,
                    "ctcae_version": "5.0",
                }
            )
        for grades, count in (
            ("any", len(affected)),
            ("3+", sum(1 for row in worst if row["term"] == term and row["grade"] >= 3)),
        ):
            incidence.append(
                {
                    "level": "term",
                    "term": term,
                    "grades": grades,
                    "participants": count,
                    "n": len(people),
                    "soc": "Skin",
                    "percent": 100 * count / len(people),
                    "ci_low": 20.0,
                    "ci_high": 60.0,
                    "events": count,
                    "status": "ok",
                    "ctcae_version": "5.0",
                }
            )
    write(results / "adverse_events", "adverse_events", "worst_grades", worst)
    write(results / "statistics", "adverse_events", "adverse_event_incidence", incidence)


def _roi(folder: Path, people: list[str], rng: np.random.Generator) -> None:
    rows = []
    for who in people:
        base = rng.normal(1.08, 0.12)
        for visit, day in VISITS.items():
            if visit == "baseline" or rng.random() > 0.08:
                adc = float(round(base * (1 + 0.3 * day / 180) + rng.normal(0, 0.02), 4))
                rows.append(
                    {
                        "participant_id": who,
                        "visit": visit,
                        "day": day + int(rng.integers(-6, 0)),
                        "adc": adc,
                        "n_lesions": 1,
                    }
                )
    write(folder, "roi", "participants", rows)
    write(folder, "roi", "roi", [])


def _flow(results: Path, people: list[str], stages: set[str] | None, odd: str) -> None:
    n = len(people)
    flow = [
        {"modality": "participants", "participants": n, "expected": n, "with_record": n, "missing": 0, "records": n}
    ]
    for modality in ("ingest", "roi", "labs", "questionnaires", "adverse_events", "response"):
        if stages is not None and modality not in stages:
            continue
        if modality in ("adverse_events", "response"):
            flow.append(
                {
                    "modality": modality,
                    "participants": n,
                    "with_record": n - 1,
                    "records": 5 * n,
                    "excluded": 2,
                    "flagged": 0,
                }
            )
            continue
        for k, visit in enumerate(VISITS):
            flow.append(
                {
                    "modality": modality,
                    "visit": visit,
                    "participants": n,
                    "expected": n - k,
                    "with_record": n - 2 * k,
                    "missing": k,
                    "left": k,
                    "records": n - 2 * k,
                    "excluded": 1 if k == 1 else 0,
                    "flagged": 0,
                }
            )
    write(results / "flow", "flow", "flow", flow)
    detail = odd or "the pixel data are the same at every b value"
    row = {
        "stage": "ingest",
        "participant_id": people[0],
        "visit": "month1",
        "day": 31,
        "record": "series 3",
        "decision": "excluded",
    }
    write(results / "flow", "flow", "exclusions", [row | {"reason": "no signal decay", "detail": detail}])
    write(results / "flow", "flow", "gaps", [])
    write(results / "flow", "flow", "gap_summary", [])
    ages = {
        "characteristic": "age",
        "kind": "number",
        "n": n,
        "total": n,
        "missing": 0,
        "mean": 55.9,
        "sd": 11.2,
        "median": 56.0,
    }
    women = {
        "characteristic": "sex",
        "kind": "category",
        "level": odd or "F",
        "n": n // 2,
        "total": n,
        "missing": 0,
        "percent": 50.0,
    }
    write(
        results / "statistics",
        "flow",
        "baseline",
        [ages | {"q1": 48.0, "q3": 64.0, "minimum": 24.0, "maximum": 79.0}, women],
    )
    follow = {
        "measure": "follow-up",
        "n": n,
        "missing": 0,
        "minimum_days": 122,
        "maximum_days": 303,
        "status": "ok",
        "median_days": 214,
    }
    write(
        results / "statistics",
        "flow",
        "followup",
        [follow | {"reverse_km_median_days": 220, "ci_low": 200, "ci_high": 240}],
    )
