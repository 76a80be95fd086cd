"""One comparison of pairs: the declared test with estimate, interval and effect, or the reason why there is none."""

from typing import Any

import numpy as np
import pandas as pd
from adcohort.statistics import censored, effects, endpoints, signedrank
from adcohort.statistics.plan import Endpoint, Plan

Row = dict[str, Any]
NONE: Row = {
    "estimate": None, "estimator": None, "null_value": None, "ci_low": None, "ci_high": None, "ci_level_attained": None,
    "test": None, "statistic": None, "df": None, "p": None, "effect_size": None, "effect_ci_low": None,
    "effect_ci_high": None, "hedges_g": None, "hedges_ci_low": None, "hedges_ci_high": None,
}  # fmt: skip


def compare(pairs: pd.DataFrame, endpoint: Endpoint, plan: Plan, method: str | None = None) -> Row:
    """One comparison of complete pairs (as `endpoints.pairs` gives them).

    Parameters
    ----------
    method
        None takes the declared one: `endpoint.limit` as soon as a value lies beyond a limit, else `endpoint.test`.
        Else t, wilcoxon, sign, prentice, censored model, or sign against (undetermined pairs all against the finding).
    """
    beyond = endpoints.censored(pairs["qualifier_before"]) | endpoints.censored(pairs["qualifier_after"])
    undetermined = int(np.isnan(_signs(pairs)).sum())
    if method is None:
        method = endpoint.limit if beyond.any() and endpoint.limit != "substitute" else endpoint.test
    answer: Row = {**NONE, **_answered(pairs, endpoint, plan, method)}
    status = answer.pop("status", "ok")
    days = pairs["day_after"].dropna()
    return {
        "n": len(pairs),
        "n_censored": int(beyond.sum()),
        "n_undetermined": undetermined,
        **_described(pairs, endpoint),
        "day_after_median": float(days.median()) if len(days) else None,
        "day_after_min": int(days.min()) if len(days) else None,
        "day_after_max": int(days.max()) if len(days) else None,
        "transformation": endpoint.transformation,
        "ci_level": plan.level,
        "p_adjusted": None,
        "adjustment": endpoint.adjustment if endpoint.planned else None,
        "p_holm": None,
        "p_hochberg": None,
        "p_bh": None,
        **answer,
        **verdict(answer, endpoint.favourable),
        "status": status,
        "reason": answer.get("reason"),
    }


def _answered(pairs: pd.DataFrame, endpoint: Endpoint, plan: Plan, method: str) -> Row:
    if len(pairs) == 0:
        return {"status": "not estimated", "reason": "no participant has both values", "test": _NAMES[method]}
    if method in ("sign", "sign against"):
        return _sign(pairs, plan, against=method == "sign against")
    if method == "prentice":
        return _prentice(pairs)
    if method == "censored model":
        return _censored_model(pairs, endpoint, plan)
    before = endpoints.substituted(pairs["before"], pairs["qualifier_before"])
    after = endpoints.substituted(pairs["after"], pairs["qualifier_after"])
    if endpoint.transformation == "log":
        if min(before.min(), after.min()) <= 0:
            reason = "values of 0 or below have no logarithm"
            return {"status": "not estimated", "reason": reason, "test": _NAMES[method]}
        before, after = np.log(before), np.log(after)
    gaps = after - before
    # differences of decimals carry the noise of floating point; without it no change is no change
    gaps[np.abs(gaps) < 1e-12 * _scale(before, after)] = 0.0
    answer = _t(gaps, plan) if method == "t" else _wilcoxon(gaps, plan)
    if endpoint.transformation == "log":
        answer["estimator"] = {"mean difference": "geometric mean ratio", "Hodges-Lehmann": "Hodges-Lehmann ratio"}.get(
            answer["estimator"]
        )
        answer |= {
            k: None if answer.get(k) is None else float(np.exp(answer[k])) for k in ("estimate", "ci_low", "ci_high")
        }
        answer["null_value"] = 1.0
    return answer


_NAMES = {
    "t": "paired t",
    "wilcoxon": "Wilcoxon signed-rank",
    "sign": "sign test",
    "sign against": "sign test, undetermined pairs against",
    "prentice": "paired Prentice-Wilcoxon",
    "censored model": "likelihood ratio",
}


def _scale(before: np.ndarray, after: np.ndarray) -> float:
    return float(max(np.abs(before).max(), np.abs(after).max())) or 1.0


def _standardised(gaps: np.ndarray, plan: Plan) -> Row:
    if len(gaps) < 2 or _all_equal(gaps):
        return {}
    effect = effects.dz(gaps, plan.level)
    corrected = effects.hedges(effect, len(gaps) - 1) if len(gaps) > 2 else effects.Effect(*[float("nan")] * 3)
    named = {
        "effect_size": effect.estimate, "effect_ci_low": effect.low, "effect_ci_high": effect.high,
        "hedges_g": corrected.estimate, "hedges_ci_low": corrected.low, "hedges_ci_high": corrected.high,
    }  # fmt: skip
    return {key: value if np.isfinite(value) else None for key, value in named.items()}


def _all_equal(gaps: np.ndarray) -> bool:
    return bool(np.ptp(gaps) <= 1e-12 * np.abs(gaps).max())


def _t(gaps: np.ndarray, plan: Plan) -> Row:
    out: Row = {"estimate": float(gaps.mean()), "estimator": "mean difference", "null_value": 0.0, "test": _NAMES["t"]}
    if len(gaps) == 1:
        return out | {"status": "partial", "reason": "one pair: no interval and no test"}
    if _all_equal(gaps):
        return out | {"status": "partial", "reason": "all changes are equal: no interval and no test"}
    result = effects.paired_t(gaps, plan.level)
    return (
        out
        | {
            "ci_low": result.low, "ci_high": result.high, "statistic": result.statistic, "df": result.df, "p": result.p,
            "status": "ok",
        }
        | _standardised(gaps, plan)
    )  # fmt: skip


def _wilcoxon(gaps: np.ndarray, plan: Plan) -> Row:
    result = signedrank.signed_rank(gaps, plan.zeros)
    shift = signedrank.shift(gaps, plan.level)
    zeros = int((gaps == 0).sum())
    variant = result.variant + (f", {zeros} zero changes {_ZEROS[plan.zeros]}" if zeros else "")
    out: Row = {
        "estimate": shift.estimate, "estimator": "Hodges-Lehmann", "null_value": 0.0,
        "test": f"{_NAMES['wilcoxon']}, {variant}", "statistic": result.statistic, "p": result.p, "status": "ok",
    } | _standardised(gaps, plan)  # fmt: skip
    if len(gaps) == 1:
        return out | {"status": "partial", "reason": "one pair: no interval"}
    out |= {"ci_low": shift.low, "ci_high": shift.high, "ci_level_attained": shift.level}
    if result.n_ranked == 0:
        return out | {"status": "partial", "reason": "no change in any pair"}
    if shift.level < plan.level:
        reason = f"so few pairs reach a level of {100 * shift.level:.1f} % at most"
        return out | {"status": "partial", "reason": reason}
    if zeros and result.p < plan.alpha and shift.low <= 0 <= shift.high:
        return out | {"reason": "the interval keeps the zero changes that the test leaves out"}
    return out


_ZEROS = {"drop": "left out", "pratt": "ranked, then left out (Pratt)"}


def _signs(pairs: pd.DataFrame) -> np.ndarray:
    return censored.directions(
        *(
            censored.bounds(pairs[side].to_numpy(float), pairs[f"qualifier_{side}"].to_numpy(object))
            for side in ("before", "after")
        )
    )


def _sign(pairs: pd.DataFrame, plan: Plan, *, against: bool) -> Row:
    result = censored.sign_test(_signs(pairs), plan.level)
    name = _NAMES["sign against" if against else "sign"]
    counts = f"{result.falls} fell, {result.rises} rose, {result.ties} equal, {result.undetermined} undetermined"
    out: Row = {"test": f"{name} ({counts})", "estimator": "share of falls", "null_value": 0.5}
    if result.rises + result.falls == 0:
        reason = "no pair has a known direction" if result.undetermined else "no change in any pair"
        return out | {"status": "not estimated", "reason": reason}
    return out | {
        "estimate": result.share, "ci_low": result.low, "ci_high": result.high, "statistic": float(result.falls),
        "p": result.p_against if against else result.p, "status": "ok",
    }  # fmt: skip


def _prentice(pairs: pd.DataFrame) -> Row:
    values = pairs[["before", "after"]].to_numpy(float)
    qualifiers = pairs[["qualifier_before", "qualifier_after"]].to_numpy(object)
    try:
        result = censored.prentice_wilcoxon(values, qualifiers)
    except ValueError:
        return {
            "test": _NAMES["prentice"],
            "status": "not estimated",
            "reason": "values below a lower and above an upper limit",
        }
    if result.variant == "no difference":
        return {"test": _NAMES["prentice"], "status": "not estimated", "reason": "no pair with different scores"}
    return {
        "test": f"{_NAMES['prentice']}, {result.variant}", "statistic": result.statistic, "p": result.p,
        "status": "partial", "reason": "a test without an estimate; the size stands in the row of the censored model",
    }  # fmt: skip


def _censored_model(pairs: pd.DataFrame, endpoint: Endpoint, plan: Plan) -> Row:
    log = endpoint.transformation == "log"
    name = "censored ratio" if log else "censored difference"
    out: Row = {"test": _NAMES["censored model"], "estimator": name, "null_value": 1.0 if log else 0.0}
    sides = []
    for side in ("before", "after"):
        low, high = censored.bounds(pairs[side].to_numpy(float), pairs[f"qualifier_{side}"].to_numpy(object))
        if log:
            if min(low[np.isfinite(low)].min(initial=1), high[np.isfinite(high)].min(initial=1)) <= 0:
                return out | {"status": "not estimated", "reason": "values of 0 or below have no logarithm"}
            low = np.where(np.isfinite(low), np.log(np.where(np.isfinite(low), low, 1.0)), -np.inf)
            high = np.log(high)
        sides.append((low, high))
    size = censored.bivariate_normal(sides[0], sides[1], plan.level)
    if size is None:
        return out | {"status": "not estimated", "reason": "too few values inside the limits"}
    values = np.array([size.estimate, size.low, size.high])
    values = np.exp(values) if log else values
    open_end = not np.isfinite(values).all()
    ends = [float(v) if np.isfinite(v) else None for v in values[1:]]
    return out | {
        "estimate": float(values[0]), "ci_low": ends[0], "ci_high": ends[1], "p": size.p,
        "status": "partial" if open_end else "ok", "reason": "the interval is open at one end" if open_end else None,
    }  # fmt: skip


def _described(pairs: pd.DataFrame, endpoint: Endpoint) -> Row:
    out: Row = {}
    for side in ("before", "after"):
        numbers = endpoints.substituted(pairs[side], pairs[f"qualifier_{side}"])
        mean, sd = describe(numbers, geometric=endpoint.transformation == "log")
        quartiles = np.quantile(numbers, [0.25, 0.5, 0.75]).tolist() if len(numbers) else [None] * 3
        out |= {f"mean_{side}": mean, f"sd_{side}": sd}
        out |= {f"{name}_{side}": quartile for name, quartile in zip(("q1", "median", "q3"), quartiles, strict=True)}
    return out


def describe(numbers: np.ndarray, *, geometric: bool = False) -> tuple[float | None, float | None]:
    """Mean and standard deviation (geometric ones on request); what does not exist is None."""
    if len(numbers) == 0 or (geometric and numbers.min() <= 0):
        return None, None
    scaled = np.log(numbers) if geometric else numbers
    back = np.exp if geometric else float
    return float(back(scaled.mean())), float(back(scaled.std(ddof=1))) if len(numbers) > 1 else None


def verdict(answer: Row, favourable: str) -> Row:
    """The direction that was seen, and what it is against the declared favourable one."""
    estimate, null = answer["estimate"], answer["null_value"]
    if estimate is None:
        known = answer["statistic"] is not None and str(answer["test"]).startswith(_NAMES["prentice"])
        sign = np.sign(answer["statistic"]) if known else None
        ends = None
    else:
        flip = -1 if answer["estimator"] == "share of falls" else 1
        sign = flip * np.sign(estimate - null)
        low, high = answer["ci_low"], answer["ci_high"]
        ends = [
            flip * (-1 if low is None else np.sign(low - null)),
            flip * (1 if high is None else np.sign(high - null)),
        ]
    direction = None if sign is None else {1: "rise", -1: "fall", 0: "none"}[int(sign)]
    if favourable == "none":
        against = "not declared"
    elif ends is None or (answer["ci_low"] is None and answer["ci_high"] is None):
        against = "not estimated"
    elif ends[0] == ends[1] != 0:
        against = "favourable" if direction == favourable else "unfavourable"
    else:
        against = "inconclusive"
    return {"direction": direction, "declared_direction": favourable, "favourable": against}
