"""Where programs differ: the numbers that a co-author will see in R and SPSS for the same pairs, side by side."""

from typing import Any

import numpy as np
import pandas as pd
from adcohort.statistics import endpoints, signedrank, trend
from adcohort.statistics.page import page
from adcohort.statistics.plan import Endpoint, Plan
from scipy import stats

R_EXACT_BELOW = 50  # wilcox.test counts out below this many differences, if none is tied or zero
SPSS_EXACT_SIGN = 25  # NPAR TESTS /SIGN is exact up to here


def table(values: pd.DataFrame, plan: Plan) -> list[dict[str, Any]]:
    """Rows of conventions.tsv, for the primary pairs of every planned endpoint without values beyond a limit."""
    rows: list[dict[str, Any]] = []
    for code, endpoint in plan.endpoints.items():
        own = values[values["endpoint"] == code]
        pairs = endpoints.pairs(own, plan.before, plan.after, plan.windows).dropna(subset=["before", "after"])
        beyond = endpoints.censored(pairs["qualifier_before"]) | endpoints.censored(pairs["qualifier_after"])
        rows += of_course(own, endpoint, plan)
        if len(pairs) > 1 and not beyond.any():
            rows += of_pairs(pairs["before"].to_numpy(float), pairs["after"].to_numpy(float), endpoint, plan)
    return rows


def of_course(values: pd.DataFrame, endpoint: Endpoint, plan: Plan) -> list[dict[str, Any]]:
    """Page's test: programs differ in sides, ties and exactness."""
    data, _ = trend.prepared(endpoints.course(values, plan.before), endpoint, plan)
    whole = trend.completers(data) if data is not None else np.empty((0, 0))
    if whole.shape[0] < 2 or whole.shape[1] < 3:
        return []
    ours = page(whole)
    return [
        _row(
            endpoint, "p, Page's test", ours.p, float(2 * stats.norm.sf(abs(ours.z))), None,
            f"{ours.variant}, two-sided; ties as mid-ranks", "coin::friedman_test, ordered: normal, two-sided, corrected for "
            "ties (scipy.stats.page_trend_test: one-sided, not corrected)", "not in SPSS",
        )
    ]  # fmt: skip


def _row(endpoint: Endpoint, quantity: str, ours: Any, r: Any, spss: Any, *words: str) -> dict[str, Any]:
    own = [None if v is None or not np.isfinite(v) else float(v) for v in (ours, r, spss)]
    numbers = [v for v in own if v is not None]
    differ = bool(np.ptp(numbers) > 1e-6 * max(abs(v) for v in numbers)) if numbers else False
    keys = ("adcohort_convention", "r_convention", "spss_convention")
    return {
        "endpoint": endpoint.code, "quantity": quantity, "adcohort": own[0], "r": own[1], "spss": own[2],
        "differ": differ, **dict(zip(keys, words, strict=True)),
    }  # fmt: skip


def of_pairs(before: np.ndarray, after: np.ndarray, endpoint: Endpoint, plan: Plan) -> list[dict[str, Any]]:
    """The numbers of one endpoint that depend on the program."""

    def row(quantity: str, ours: Any, r: Any, spss: Any, *words: str) -> dict[str, Any]:
        return _row(endpoint, quantity, ours, r, spss, *words)

    gaps = after - before
    # the noise of floating point would break ties, as it does in R
    scale = float(np.abs(np.r_[before, after]).max()) or 1.0
    gaps = np.round(gaps / scale, 12) * scale
    ours = signedrank.signed_rank(gaps, plan.zeros)
    rows = [
        row(
            "p, Wilcoxon signed-rank test", ours.p, r_wilcoxon(gaps), spss_wilcoxon(gaps),
            f"{ours.variant}; ties as mid-ranks; zero changes: {plan.zeros}",
            "wilcox.test(after, before, paired = TRUE): exact below 50 pairs without ties and zeros, else normal with "
            "continuity correction; zeros dropped",
            "NPAR TESTS /WILCOXON: normal, corrected for ties, no continuity correction; zeros dropped",
        ),
        row(
            "p, sign test", stats.binomtest(int((gaps < 0).sum()), int((gaps != 0).sum())).pvalue
            if (gaps != 0).any() else None, r_sign(gaps), spss_sign(gaps),
            "exact binomial; zeros dropped", "binom.test: exact binomial; zeros dropped by hand",
            "NPAR TESTS /SIGN: exact up to 25 changes, else normal with continuity correction",
        ),
    ]  # fmt: skip
    moved = gaps[gaps != 0]
    kept = float(np.median(signedrank.walsh_averages(moved))) if len(moved) else None
    rows.append(
        row(
            "Hodges-Lehmann estimate", float(np.median(signedrank.walsh_averages(gaps))), kept, kept,
            "median of the Walsh averages of all changes, zeros among them",
            "wilcox.test(conf.int = TRUE): zeros dropped (and found numerically where values are tied)",
            "NPTESTS, Hodges-Lehmann: as R (from memory)",
        )
    )  # fmt: skip
    for side, numbers in (("before", before), ("after", after)):
        for name, share in (("first", 0.25), ("third", 0.75)):
            type7 = np.quantile(numbers, share)
            rows.append(
                row(
                    f"{name} quartile {side}", type7, type7, np.quantile(numbers, share, method="weibull"),
                    "type 7 (linear)", "quantile(): type 7", "EXAMINE, FREQUENCIES: type 6 (weighted average)",
                )
            )  # fmt: skip
    spread = np.sqrt((before.var(ddof=1) + after.var(ddof=1)) / 2)
    if np.ptp(gaps) > 0 and spread > 0:
        dz = gaps.mean() / gaps.std(ddof=1)
        rows.append(
            row(
                "Cohen's d of the change", dz, gaps.mean() / spread, dz,
                "dz: SD of the changes", "effsize and others with pooled = TRUE: average SD of the two visits (dav)",
                "T-TEST PAIRS from version 27: SD of the changes",
            )
        )  # fmt: skip
    return rows


def r_wilcoxon(gaps: np.ndarray) -> float:
    """p value of R's wilcox.test with its defaults (R 4)."""
    kept = gaps[gaps != 0]
    if len(kept) == 0:
        return float("nan")
    ranks = stats.rankdata(np.abs(kept))
    statistic = float(ranks[kept > 0].sum())
    if len(kept) == len(gaps) < R_EXACT_BELOW and len(np.unique(ranks)) == len(ranks):
        return signedrank.signed_rank(kept).p
    return signedrank.normal_p(ranks, statistic, correct=True)


def spss_wilcoxon(gaps: np.ndarray) -> float:
    """p value of SPSS's NPAR TESTS /WILCOXON."""
    kept = gaps[gaps != 0]
    if len(kept) == 0:
        return float("nan")
    ranks = stats.rankdata(np.abs(kept))
    return signedrank.normal_p(ranks, float(ranks[kept > 0].sum()), correct=False)


def r_sign(gaps: np.ndarray) -> float:
    """p value of the exact sign test."""
    known = int((gaps != 0).sum())
    return float(stats.binomtest(int((gaps < 0).sum()), known).pvalue) if known else float("nan")


def spss_sign(gaps: np.ndarray) -> float:
    """p value of SPSS's NPAR TESTS /SIGN."""
    known = int((gaps != 0).sum())
    if known <= SPSS_EXACT_SIGN:
        return r_sign(gaps)
    more = max(int((gaps < 0).sum()), int((gaps > 0).sum()))
    distance = (more - 0.5 - known / 2) / (np.sqrt(known) / 2)
    return float(min(1.0, 2 * stats.norm.sf(max(distance, 0.0))))
