"""ADC and response: what is known before the response is, responders against others, and changes that go together."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from adcohort.statistics import absence, discrimination, endpoints, multiplicity, signedrank
from adcohort.statistics.plan import Plan
from scipy import stats

Row = dict[str, Any]
RESPONSE = ("CR", "PR")
UNKNOWN = ("NE", "ND", "MISSING")
LEAST_GROUP = 2
CUTOFF_RESAMPLES = 500
LEAST_CORRELATION = 4
COLUMNS = (
    "n_responders", "estimate", "ci_low", "ci_high", "method", "statistic", "df", "p", "p_adjusted", "sensitivity",
    "specificity", "optimism", "reason",
)  # fmt: skip


def table(
    values: pd.DataFrame, best: pd.DataFrame | None, people: pd.DataFrame, plan: Plan
) -> tuple[list[Row], list[Row]]:
    """Rows of adc_response.tsv and of roc.tsv.

    Parameters
    ----------
    values, people
        endpoints.tsv and participants.tsv.
    best
        best.tsv (participant_id best confirmed_best day confirmed_day progression_day), or None without this stage.
    """
    adc = values[values["endpoint"] == "ADC"]
    rows: list[Row] = []
    curves: list[Row] = []
    if best is not None:
        for name in ("ADC before", "early change of ADC"):
            some, points = _discrimination(name, predictor(name, adc, plan), best, people, plan)
            rows += some
            curves += points
    rows += _correlations(values, people, plan)
    return rows, curves


def predictor(name: str, adc: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The predictor's number and the day on which it is known, by participant.

    ``ADC before`` in its unit; ``early change of ADC`` in percent, from the visit `before` to the early one.
    """
    if name == "ADC before":
        own = adc[(adc["visit"] == plan.before) & adc["value"].notna()].set_index("participant_id")
        return pd.DataFrame({"number": own["value"].astype(float), "day": own["day"].astype(float)})
    early = plan.early()
    if early is None:
        return pd.DataFrame({"number": pd.Series(dtype=float), "day": pd.Series(dtype=float)})
    pairs = endpoints.pairs(adc, plan.before, early, plan.windows).dropna(subset=["before", "after"])
    planned = float(plan.windows[early]["day"])
    change = 100 * (pairs["after"] / pairs["before"] - 1)
    return pd.DataFrame({"number": change, "day": pairs["day_after"].fillna(planned)})


def groups(
    known: pd.DataFrame, best: pd.DataFrame, people: pd.DataFrame, plan: Plan, *, fixed: bool = True
) -> tuple[np.ndarray, np.ndarray, Counter[str]]:
    """Predictor of responders and of others among those whose response was decided after the landmark.

    A response or progression on or before the day on which the predictor is known (or the fixed landmark) would let the
    future into the predictor: such participants are left out and counted. `fixed` False leaves the landmark out.
    """
    landmark = plan.adc_response["landmark_day"]
    kind = "confirmed_best" if plan.adc_response["confirmed"] else "best"
    first = "confirmed_day" if plan.adc_response["confirmed"] else "day"
    outcome = best.set_index("participant_id")
    cases: list[float] = []
    others: list[float] = []
    out: Counter[str] = Counter()
    for who in people["participant_id"]:
        if who not in known.index:
            out["no ADC that is needed"] += 1
            continue
        response = outcome[kind].get(who)
        if response is None or pd.isna(response) or response in UNKNOWN:
            out["response not evaluable"] += 1
            continue
        day = float(known.loc[who, "day"])
        horizon = day if landmark is None else float(landmark)
        responder = response in RESPONSE
        events = [outcome.loc[who, "progression_day"], *([outcome.loc[who, first]] if responder else [])]
        decided = [float(event) for event in events if pd.notna(event)]
        if fixed and day > horizon:
            out["ADC after the landmark"] += 1
        elif fixed and decided and min(decided) <= horizon:
            out["response or progression known by then"] += 1
        else:
            (cases if responder else others).append(float(known.loc[who, "number"]))
    return np.array(cases), np.array(others), out


def _discrimination(
    name: str, known: pd.DataFrame, best: pd.DataFrame, people: pd.DataFrame, plan: Plan
) -> tuple[list[Row], list[Row]]:
    day = plan.adc_response["landmark_day"]
    landmark = f"day {day}" if day is not None else "each participant's day of the ADC"
    cases, others, excluded = groups(known, best, people, plan)

    def row(question: str, quantity: str, found: Row) -> Row:
        return {
            **dict.fromkeys(COLUMNS), "analysis": "secondary", "question": question, "predictor": name,
            "outcome": "responder", "landmark": landmark, "n": len(cases) + len(others), "n_responders": len(cases),
            "n_excluded": sum(excluded.values()), "excluded_reasons": absence.in_words(excluded) or None,
            "quantity": quantity, "status": "ok", **found,
        }  # fmt: skip

    sides = (("mean of responders", cases), ("mean of others", others))
    rows = [row("comparison", label, _mean(group, plan)) for label, group in sides if len(group)]
    if min(len(cases), len(others)) < LEAST_GROUP:
        none = {"status": "not estimated", "reason": f"fewer than {LEAST_GROUP} responders or others"}
        return [*rows, row("comparison", "difference of means", none), row("discrimination", "AUC", none)], []
    rng = np.random.default_rng([plan.seed, *name.encode()])
    rows.append(row("comparison", "difference of means", _welch(cases, others, plan)))
    rows.append(row("comparison", "shift", _shift(cases, others, plan)))
    rows += [row("discrimination", "AUC", found) for found in _areas(cases, others, plan, rng)]
    rows += [
        row("discrimination", "AUC", found)
        for found in _without_landmark(known, best, people, plan, len(cases) + len(others))
    ]
    cut = discrimination.cutoff(cases, others, rng, min(CUTOFF_RESAMPLES, plan.adc_response["bootstrap"]))
    found = {
        "estimate": cut.threshold, "sensitivity": cut.sensitivity, "specificity": cut.specificity,
        "optimism": cut.optimism, "method": "apparent; optimism of Youden's index by bootstrap",
    }  # fmt: skip
    rows.append(row("discrimination", "Youden threshold", found))
    points = zip(*discrimination.curve(cases, others), strict=True)
    keys = ("threshold", "false_positive", "true_positive")
    return rows, [
        {"predictor": name} | {k: float(v) if np.isfinite(v) else None for k, v in zip(keys, point, strict=True)}
        for point in points
    ]


def _areas(cases: np.ndarray, others: np.ndarray, plan: Plan, rng: np.random.Generator) -> list[Row]:
    """The area with its interval, then the other intervals; a complete separation has the first alone."""
    area = discrimination.logit_area(cases, others, plan.level)
    out = [_interval(area) | {"p": _shift(cases, others, plan)["p"]}]
    if 0 < area.estimate < 1:
        plain = discrimination.area(cases, others, plan.level)
        boot = discrimination.bootstrap_area(cases, others, rng, plan.adc_response["bootstrap"], plan.level)
        ends = discrimination.newcombe(area.estimate, len(cases), len(others), plan.level)
        scored = discrimination.Area(area.estimate, *ends, "Newcombe")
        out += [_interval(other) | {"analysis": "sensitivity"} for other in (plain, boot, scored)]
    return out


def _without_landmark(known: pd.DataFrame, best: pd.DataFrame, people: pd.DataFrame, plan: Plan, n: int) -> list[Row]:
    """The area with those whose response was known too early, where there are any: what the landmark changes."""
    cases, others, _ = groups(known, best, people, plan, fixed=False)
    if len(cases) + len(others) == n or min(len(cases), len(others)) < LEAST_GROUP:
        return []
    return [
        _interval(discrimination.logit_area(cases, others, plan.level))
        | {
            "analysis": "sensitivity", "landmark": "none: with those whose response was known by then",
            "n": len(cases) + len(others), "n_responders": len(cases),
            "n_excluded": len(people) - len(cases) - len(others), "excluded_reasons": None,
        }
    ]  # fmt: skip


def _shift(cases: np.ndarray, others: np.ndarray, plan: Plan) -> Row:
    shift = signedrank.two_sample_shift(cases, others, plan.level)
    exact = len(np.unique(np.r_[cases, others])) == len(cases) + len(others)
    with np.errstate(invalid="ignore", divide="ignore"):  # all values equal: no p, which is what is said
        test = stats.mannwhitneyu(cases, others, method="exact" if exact else "asymptotic")
    return {
        "estimate": shift.estimate, "ci_low": shift.low, "ci_high": shift.high, "statistic": float(test.statistic),
        "p": _whole(test.pvalue),
        "method": f"Hodges-Lehmann, Mann-Whitney {'exact' if exact else 'normal, ties and continuity corrected'}",
    }  # fmt: skip


def _interval(area: discrimination.Area) -> Row:
    return {"estimate": area.estimate, "ci_low": area.low, "ci_high": area.high, "method": area.method}


def _whole(p: float) -> float | None:
    return float(p) if np.isfinite(p) else None


def _mean(group: np.ndarray, plan: Plan) -> Row:
    out: Row = {"estimate": float(group.mean()), "method": "t interval"}
    if len(group) < 2:
        return out | {"status": "partial", "reason": "one participant: no interval"}
    half = stats.t.isf(plan.alpha / 2, len(group) - 1) * group.std(ddof=1) / np.sqrt(len(group))
    return out | {"ci_low": float(group.mean() - half), "ci_high": float(group.mean() + half), "df": len(group) - 1.0}


def _welch(cases: np.ndarray, others: np.ndarray, plan: Plan) -> Row:
    gap = float(cases.mean() - others.mean())
    parts = [group.var(ddof=1) / len(group) for group in (cases, others)]
    if sum(parts) == 0:
        return {"estimate": gap, "method": "Welch t", "status": "partial", "reason": "all values of a group are equal"}
    df = sum(parts) ** 2 / sum(v**2 / (len(g) - 1) for v, g in zip(parts, (cases, others), strict=True))
    error = float(np.sqrt(sum(parts)))
    half = stats.t.isf(plan.alpha / 2, df) * error
    return {
        "estimate": gap, "ci_low": float(gap - half), "ci_high": float(gap + half), "statistic": gap / error,
        "df": float(df), "p": float(2 * stats.t.sf(abs(gap) / error, df)), "method": "Welch t",
    }  # fmt: skip


def _correlations(values: pd.DataFrame, people: pd.DataFrame, plan: Plan) -> list[Row]:
    adc = _changes(values, "ADC", plan)
    codes = plan.adc_response["markers"]
    codes = [code for code in plan.endpoints if code != "ADC"] if codes is None else codes
    rows = []
    for code in codes:
        both = pd.concat([adc, _changes(values, code, plan)], axis=1, join="inner").dropna().to_numpy(float)
        excluded = len(people) - len(both)
        row: Row = {
            **dict.fromkeys(COLUMNS), "analysis": "secondary", "question": "correlation", "predictor": "change of ADC",
            "outcome": code, "landmark": "none: both changes end at the same visit", "n": len(both),
            "n_excluded": excluded, "excluded_reasons": f"{excluded} without both changes" if excluded else None,
            "quantity": "Spearman correlation", "method": "t with n - 2; interval of Bonett and Wright", "status": "ok",
        }  # fmt: skip
        if len(both) < LEAST_CORRELATION:
            row |= {"status": "not estimated", "reason": f"fewer than {LEAST_CORRELATION} participants"}
        elif np.ptp(both[:, 0]) == 0 or np.ptp(both[:, 1]) == 0:
            row |= {"status": "not estimated", "reason": "all changes are equal"}
        else:
            rho, low, high, p = discrimination.spearman(both[:, 0], both[:, 1], plan.level)
            row |= {"estimate": rho, "ci_low": _whole(low), "ci_high": _whole(high), "p": p}
            if np.isnan(low):
                row |= {"status": "partial", "reason": "a perfect correlation has no interval"}
        rows.append(row)
    adjusted = multiplicity.adjusted([1.0 if row["p"] is None else row["p"] for row in rows], "holm")
    for row, value in zip(rows, adjusted, strict=True):
        row["p_adjusted"] = None if row["p"] is None else float(value)
    return rows


def _changes(values: pd.DataFrame, code: str, plan: Plan) -> pd.Series:
    """Changes to the primary visit on the endpoint's declared scale."""
    own = values[values["endpoint"] == code]
    pairs = endpoints.pairs(own, plan.before, plan.after, plan.windows).dropna(subset=["before", "after"])
    before = endpoints.substituted(pairs["before"], pairs["qualifier_before"])
    after = endpoints.substituted(pairs["after"], pairs["qualifier_after"])
    if plan.endpoint(code).transformation == "log":
        positive = (before > 0) & (after > 0)
        one, two = np.where(positive, before, 1.0), np.where(positive, after, 1.0)
        return pd.Series(np.where(positive, np.log(two / one), np.nan), index=pairs.index)
    return pd.Series(after - before, index=pairs.index)
