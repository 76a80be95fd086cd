"""Page's test: do the values of each participant rise (or fall) in the order of the visits."""

import itertools
from typing import NamedTuple

import numpy as np
from scipy import stats

COUNTED_VISITS = 6  # 720 orders of one participant; beyond, the normal distribution


class Page(NamedTuple):
    """Page's L, its standardised value, two-sided p, and the variant."""

    statistic: float
    z: float
    p: float
    p_rise: float
    variant: str


def page(values: np.ndarray) -> Page:
    """Page's test for completers, two-sided; mid-ranks and their own null distribution where values are tied.

    Parameters
    ----------
    values
        Shape (participants, visits in order), none missing.
    """
    ranks = stats.rankdata(np.asarray(values, dtype=float), axis=1)
    people, visits = ranks.shape
    order = np.arange(1, visits + 1)
    statistic = float((ranks @ order).sum())
    centre = people * visits * (visits + 1) ** 2 / 4
    spread = ((order - order.mean()) ** 2).sum() * ((ranks - (visits + 1) / 2) ** 2).sum() / (visits - 1)
    if spread == 0:
        return Page(statistic, 0.0, 1.0, 1.0, "no order")
    z = float((statistic - centre) / np.sqrt(spread))
    if visits <= COUNTED_VISITS:
        chances, lowest = _null(ranks, order)
        at = round(2 * statistic) - lowest
        above, below = float(chances[at:].sum()), float(chances[: at + 1].sum())
        return Page(statistic, z, min(1.0, 2 * min(above, below)), min(1.0, above), "exact")
    return Page(statistic, z, float(2 * stats.norm.sf(abs(z))), float(stats.norm.sf(z)), "normal")


def _null(ranks: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, int]:
    """Chances of 2 L, from its lowest value on: the participants' own distributions over all orders, convolved."""
    orders = np.array(list(itertools.permutations(order)))
    chances, lowest = np.ones(1), 0
    kinds, counts = np.unique(np.sort(ranks, axis=1), axis=0, return_counts=True)
    for kind, count in zip(kinds, counts, strict=True):
        sums = np.rint(2 * (orders @ kind)).astype(int)
        own = np.bincount(sums - sums.min()) / len(sums)
        for _ in range(int(count)):
            chances = np.convolve(chances, own)
        lowest += int(sums.min()) * int(count)
    return chances, lowest
