"""Wilcoxon's signed-rank test: exact also with ties and zeros, and the Hodges-Lehmann estimate with its interval."""

from typing import NamedTuple

import numpy as np
from scipy import stats

EXACT_PAIRS = 200  # up to here the null distribution is counted out; beyond, the normal one is right to four digits


class SignedRank(NamedTuple):
    """Sum of the ranks of positive differences, its two-sided p, pairs that carry ranks, and the variant in words."""

    statistic: float
    p: float
    n_ranked: int
    variant: str


class Shift(NamedTuple):
    """Hodges-Lehmann estimate, interval, and the level that the interval attains (it is discrete)."""

    estimate: float
    low: float
    high: float
    level: float


def signed_rank(differences: np.ndarray, zeros: str = "drop") -> SignedRank:
    """Two-sided signed-rank test of symmetry about 0.

    Parameters
    ----------
    differences
        One number a pair, none missing.
    zeros
        ``drop`` leaves zero differences out (Wilcoxon), ``pratt`` ranks them with the others and then leaves them out.

    The null distribution flips the signs of the ranks as they are, mid-ranks included, so that ties need no correction.
    """
    differences = np.asarray(differences, dtype=float)
    if zeros == "drop":
        differences = differences[differences != 0]
    ranks = stats.rankdata(_rounded(np.abs(differences)))
    ranked = differences != 0
    ranks, positive = ranks[ranked], differences[ranked] > 0
    statistic = float(ranks[positive].sum())
    if len(ranks) == 0:
        return SignedRank(statistic, 1.0, 0, "no difference")
    if len(ranks) <= EXACT_PAIRS:
        return SignedRank(statistic, _exact_p(ranks, statistic), len(ranks), "exact")
    return SignedRank(statistic, normal_p(ranks, statistic, correct=True), len(ranks), "normal, continuity-corrected")


def normal_p(ranks: np.ndarray, statistic: float, *, correct: bool) -> float:
    """Two-sided p by the normal distribution; mid-ranks make the correction for ties."""
    spread = np.sqrt((ranks**2).sum() / 4)
    distance = statistic - ranks.sum() / 2
    if correct:
        distance -= np.sign(distance) * 0.5
    return float(min(1.0, 2 * stats.norm.sf(abs(distance) / spread)))


def _exact_p(ranks: np.ndarray, statistic: float) -> float:
    chances = null_chances(np.rint(2 * ranks).astype(int))
    twice = round(2 * statistic)
    return float(min(1.0, 2 * min(chances[: twice + 1].sum(), chances[twice:].sum())))


def null_chances(steps: np.ndarray) -> np.ndarray:
    """Chances of each possible sum of a random half of the steps (whole numbers), by counting (shift algorithm)."""
    chances = np.zeros(int(steps.sum()) + 1)
    chances[0] = 1.0
    reach = 0
    for step in np.sort(steps):
        reach += int(step)
        chances[step : reach + 1] = chances[step : reach + 1] + chances[: reach + 1 - step]
        chances[: reach + 1] *= 0.5
    return chances


def shift(differences: np.ndarray, level: float = 0.95) -> Shift:
    """Hodges-Lehmann estimate (median of all pairwise averages, zeros included) with the interval that inverts the test.

    The interval's limits are order statistics of the averages; with few pairs it is the widest there is, and `level`
    says what it attains.
    """
    averages = walsh_averages(differences)
    n = len(differences)
    total = n * (n + 1) // 2
    if n <= EXACT_PAIRS:
        below = np.cumsum(null_chances(np.arange(1, n + 1)))
        position = max(1, int(np.searchsorted(below, (1 - level) / 2 * (1 - 1e-12))))
        attained = 1 - 2 * below[position - 1]
    else:
        spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        position = max(1, int(np.floor(total / 2 - stats.norm.isf((1 - level) / 2) * spread)))
        attained = level
    return Shift(
        float(np.median(averages)), float(averages[position - 1]), float(averages[total - position]), float(attained)
    )


def walsh_averages(differences: np.ndarray) -> np.ndarray:
    """All averages of two differences, each with itself included, sorted."""
    differences = np.asarray(differences, dtype=float)
    first, second = np.triu_indices(len(differences))
    return np.sort((differences[first] + differences[second]) / 2)


def two_sample_shift(ones: np.ndarray, others: np.ndarray, level: float = 0.95) -> Shift:
    """Hodges-Lehmann shift of two groups (ones minus others) with the Mann-Whitney interval (normal quantile)."""
    gaps = np.sort(np.subtract.outer(np.asarray(ones, float), np.asarray(others, float)).ravel())
    m, n = len(ones), len(others)
    spread = np.sqrt(m * n * (m + n + 1) / 12)
    position = max(1, int(np.floor(m * n / 2 - stats.norm.isf((1 - level) / 2) * spread)))
    return Shift(float(np.median(gaps)), float(gaps[position - 1]), float(gaps[m * n - position]), level)


def _rounded(sizes: np.ndarray) -> np.ndarray:
    """Sizes without the last digits of floating point, so that 0.3 - 0.1 ties with 0.2."""
    scale = sizes.max(initial=0.0)
    return np.round(sizes / scale, 12) if scale > 0 else sizes
