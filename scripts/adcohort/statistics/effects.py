"""Mean changes: the paired t test with its interval, and standardised effects with non-central t intervals."""

from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats


class Mean(NamedTuple):
    """Mean of differences with t interval and test."""

    estimate: float
    low: float
    high: float
    statistic: float
    df: float
    p: float


class Effect(NamedTuple):
    """A standardised effect with its interval."""

    estimate: float
    low: float
    high: float


def paired_t(differences: np.ndarray, level: float = 0.95) -> Mean:
    """Paired t test of differences (at least two, not all equal)."""
    differences = np.asarray(differences, dtype=float)
    n = len(differences)
    error = differences.std(ddof=1) / np.sqrt(n)
    mean = differences.mean()
    half = stats.t.isf((1 - level) / 2, n - 1) * error
    statistic = mean / error
    p = 2 * stats.t.sf(abs(statistic), n - 1)
    return Mean(float(mean), float(mean - half), float(mean + half), float(statistic), n - 1.0, float(p))


def dz(differences: np.ndarray, level: float = 0.95) -> Effect:
    """Cohen's dz: mean over standard deviation of the differences; its interval inverts the non-central t distribution."""
    differences = np.asarray(differences, dtype=float)
    n = len(differences)
    estimate = differences.mean() / differences.std(ddof=1)
    low, high = (noncentrality(estimate * np.sqrt(n), n - 1, q) / np.sqrt(n) for q in _tails(level))
    return Effect(float(estimate), float(low), float(high))


def hedges(effect: Effect, df: float) -> Effect:
    """Hedges' g: an effect and its interval times the exact small-sample correction."""
    factor = np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2) if df > 1 else np.nan
    return Effect(*(float(factor * value) for value in effect))


def noncentrality(statistic: float, df: float, quantile: float) -> float:
    """Non-centrality under which the observed t stands at this quantile."""

    def miss(nc: float) -> float:
        return _below(statistic, df, nc) - quantile

    reach = 1.0
    while miss(statistic - reach) < 0 or miss(statistic + reach) > 0:
        reach *= 2
        if reach > 1e6:
            return float("nan")
    return float(optimize.brentq(miss, statistic - reach, statistic + reach, xtol=1e-12, rtol=1e-14))


def _below(statistic: float, df: float, nc: float) -> float:
    """Distribution function of the non-central t; by quadrature over the chi-square where SciPy's series fails (few pairs)."""
    value = float(special.nctdtr(df, nc, statistic))
    if not np.isnan(value):
        return value
    nodes, weights = np.polynomial.legendre.leggauss(500)
    spread = np.sqrt(special.chdtri(df, 1 - (nodes + 1) / 2) / df)
    return float(weights @ special.ndtr(statistic * spread - nc) / 2)


def _tails(level: float) -> tuple[float, float]:
    return 1 - (1 - level) / 2, (1 - level) / 2
