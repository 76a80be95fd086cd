"""Pairs with values beyond a limit of detection: what their order says, and what their size may be."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

BELOW, ABOVE = ("<", "<="), (">", ">=")
ENUMERATED_PAIRS = 16  # up to here all sign flips of the paired Prentice-Wilcoxon scores are counted


class Sign(NamedTuple):
    """Sign test: pairs that rose, fell, stayed, are undetermined; share of falls with Clopper-Pearson interval; p."""

    rises: int
    falls: int
    ties: int
    undetermined: int
    share: float
    low: float
    high: float
    p: float
    p_against: float


class Scores(NamedTuple):
    """Paired Prentice-Wilcoxon test: standardised statistic (positive = rise), p, and the variant in words."""

    statistic: float
    p: float
    variant: str


class Size(NamedTuple):
    """Mean difference (on the scale of the values) of a censored bivariate normal model, with profile interval."""

    estimate: float
    low: float
    high: float
    p: float


def bounds(values: np.ndarray, qualifiers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value that each entry may have: ``<`` below its number, ``>`` above it, else the number."""
    values = np.asarray(values, dtype=float)
    qualifiers = np.asarray(qualifiers, dtype=object)
    lowest, highest = values.copy(), values.copy()
    lowest[np.isin(qualifiers, BELOW)] = -np.inf
    highest[np.isin(qualifiers, ABOVE)] = np.inf
    # strictly below or above the number: one step of floating point
    highest[qualifiers == "<"] = np.nextafter(values[qualifiers == "<"], -np.inf)
    lowest[qualifiers == ">"] = np.nextafter(values[qualifiers == ">"], np.inf)
    return lowest, highest


def directions(before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """1 rise, -1 fall, 0 no change, NaN undetermined, for pairs of (lowest, highest) as `bounds` gives them."""
    (low_before, high_before), (low_after, high_after) = before, after
    exact = (low_before == high_before) & (low_after == high_after)
    out = np.full(len(low_before), np.nan)
    out[exact] = np.sign(high_after[exact] - low_before[exact])
    out[~exact & (low_after > high_before)] = 1
    out[~exact & (high_after < low_before)] = -1
    return out


def sign_test(signs: np.ndarray, level: float = 0.95) -> Sign:
    """Exact sign test of pairs with a known direction; ties and undetermined pairs are counted, not tested.

    ``p_against`` is the p value if every undetermined pair went against what is seen.
    """
    rises, falls, ties = (int((signs == value).sum()) for value in (1, -1, 0))
    undetermined = int(np.isnan(signs).sum())
    known = rises + falls
    if known == 0:
        return Sign(rises, falls, ties, undetermined, np.nan, np.nan, np.nan, 1.0, 1.0)
    result = stats.binomtest(falls, known)
    interval = result.proportion_ci(level)
    worst = min(falls, rises) + undetermined
    return Sign(
        rises, falls, ties, undetermined, falls / known, float(interval.low), float(interval.high), float(result.pvalue),
        float(stats.binomtest(worst, known + undetermined).pvalue),
    )  # fmt: skip


def prentice_wilcoxon(values: np.ndarray, qualifiers: np.ndarray) -> Scores:
    """Paired Prentice-Wilcoxon test (O'Brien and Fleming) of pairs censored on one side.

    Parameters
    ----------
    values, qualifiers
        Shape (n, 2): before and after; qualifiers that are set are all below a limit, or all above one.

    Raises
    ------
    ValueError
        For values censored on both sides.
    """
    values = np.asarray(values, dtype=float)
    below, above = np.isin(qualifiers, BELOW), np.isin(qualifiers, ABOVE)
    if below.any() and above.any():
        raise ValueError("values beyond both limits")
    flip, censored = -1.0 if below.any() else 1.0, below | above
    scores = prentice_scores(flip * values.ravel(), censored.ravel()).reshape(values.shape)
    gaps = flip * (scores[:, 1] - scores[:, 0])
    gaps = gaps[np.abs(gaps) > 1e-12]
    if len(gaps) == 0:
        return Scores(0.0, 1.0, "no difference")
    statistic = gaps.sum() / np.sqrt((gaps**2).sum())
    if len(gaps) <= ENUMERATED_PAIRS:
        flips = np.array(list(itertools.product((-1, 1), repeat=len(gaps))))
        p = float(np.mean(np.abs(flips @ np.abs(gaps)) >= abs(gaps.sum()) * (1 - 1e-12)))
        return Scores(float(statistic), p, "exact")
    return Scores(float(statistic), float(2 * stats.norm.sf(abs(statistic))), "normal")


def prentice_scores(values: np.ndarray, censored: np.ndarray) -> np.ndarray:
    """Prentice-Wilcoxon scores of right-censored values: 1 - 2 S for a value, 1 - S for a censored one; ties share."""
    survival = 1.0
    score_of, survival_at = {}, {}
    for value in np.unique(values[~censored]):
        at_risk = int((values >= value).sum())
        events = int(((values == value) & ~censored).sum())
        steps = survival * np.cumprod([(at_risk - i) / (at_risk - i + 1) for i in range(events)])
        score_of[value] = float(np.mean(1 - 2 * steps))
        survival_at[value] = survival = float(steps[-1])
    times = np.array(list(survival_at))
    out = np.empty(len(values))
    for i, (value, beyond) in enumerate(zip(values, censored, strict=True)):
        if beyond:
            passed = times[times <= value]
            out[i] = 1 - (survival_at[passed[-1]] if len(passed) else 1.0)
        else:
            out[i] = score_of[value]
    return out


def bivariate_normal(
    before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray], level: float = 0.95
) -> Size | None:
    """Mean difference by maximum likelihood when both values of a pair may be censored; None if it is not identified.

    `before` and `after` are (lowest, highest) as `bounds` gives them, already on the scale of the model. The interval
    inverts the likelihood ratio; at least three uncensored values on each side are needed.
    """
    seen = [np.isfinite(low) & np.isfinite(high) for low, high in (before, after)]
    if min(s.sum() for s in seen) < 3 or (seen[0] & seen[1]).sum() < 3:
        return None
    if (before[0] == -np.inf).sum() + (after[0] == -np.inf).sum() == 0 and np.isfinite(
        np.r_[before[1], after[1]]
    ).all():
        return _uncensored(before[0], after[0], level)
    start = _start(before, after, seen)

    def at(shift: float | None, guess: np.ndarray) -> tuple[float, np.ndarray]:
        def loss(free: np.ndarray) -> float:
            mean, gap, *rest = free if shift is None else (free[0], shift, *free[1:])
            return -_log_likelihood(before, after, seen, np.r_[mean, mean + gap, rest])

        found = optimize.minimize(loss, guess, method="BFGS", options={"gtol": 1e-6})
        return float(found.fun), found.x

    best, where = at(None, start)
    warm = np.delete(where, 1)  # each search along the profile starts where the last one ended
    wanted = float(np.sqrt(stats.chi2.isf(1 - level, 1)))

    def excess(gap: float) -> float:
        """Signed root of the likelihood ratio, almost linear in the gap, above what the level wants."""
        nonlocal warm
        loss, warm = at(gap, warm)
        return float(np.sqrt(2 * max(loss - best, 0.0))) - wanted

    width = max(float(np.exp(where[2:4]).max()) / np.sqrt(len(seen[0])), 1e-8)
    ends = []
    for direction in (-1, 1):
        warm = np.delete(where, 1)
        ends.append(_cross(excess, float(where[1]), direction * width, wanted))
    p = float(stats.chi2.sf(max(0.0, 2 * (at(0.0, np.delete(where, 1))[0] - best)), 1))
    return Size(float(where[1]), ends[0], ends[1], p)


def _uncensored(before: np.ndarray, after: np.ndarray, level: float) -> Size:
    gaps, n = after - before, len(before)
    spread = gaps.std()
    half = spread * np.sqrt(np.expm1(stats.chi2.isf(1 - level, 1) / n))
    ratio = n * np.log1p((gaps.mean() / spread) ** 2)
    return Size(
        float(gaps.mean()), float(gaps.mean() - half), float(gaps.mean() + half), float(stats.chi2.sf(ratio, 1))
    )


def _start(before: tuple[np.ndarray, ...], after: tuple[np.ndarray, ...], seen: list[np.ndarray]) -> np.ndarray:
    """Mean before, gap, log SDs and atanh of the correlation, from the limits taken as values."""
    one, two = (
        np.where(s, low, np.where(np.isfinite(low), low, high))
        for s, (low, high) in zip(seen, (before, after), strict=True)
    )
    spreads = [max(side.std(), 1e-6 * max(1.0, abs(side.mean()))) for side in (one, two)]
    both = np.corrcoef(one, two)[0, 1] if min(one.std(), two.std()) > 0 else 0.0
    return np.r_[one.mean(), two.mean() - one.mean(), np.log(spreads), np.arctanh(np.clip(both, -0.9, 0.9))]


def _log_likelihood(
    before: tuple[np.ndarray, ...], after: tuple[np.ndarray, ...], seen: list[np.ndarray], where: np.ndarray
) -> float:
    means, spreads, r = where[:2], np.exp(np.clip(where[2:4], -50, 50)), np.tanh(np.clip(where[4], -8, 8))
    low, high = (
        np.stack([(side[end] - m) / s for side, m, s in zip((before, after), means, spreads, strict=True)])
        for end in (0, 1)
    )
    rest = np.sqrt(1 - r * r)
    both = seen[0] & seen[1]
    total = (_log_density(low[0][both]) + _log_density((low[1][both] - r * low[0][both]) / rest)).sum()
    total -= both.sum() * (np.log(rest) + np.log(spreads).sum())
    for one, two in ((0, 1), (1, 0)):
        half = seen[one] & ~seen[two]
        given = r * low[one][half]
        chance = special.ndtr((high[two][half] - given) / rest) - special.ndtr((low[two][half] - given) / rest)
        total += (_log_density(low[one][half]) - np.log(spreads[one]) + np.log(np.maximum(chance, 1e-300))).sum()
    neither = ~seen[0] & ~seen[1]
    return float(total + np.log(np.maximum(_rectangle(low[:, neither], high[:, neither], r), 1e-300)).sum())


def _log_density(z: np.ndarray) -> np.ndarray:
    return -0.5 * z * z - 0.5 * np.log(2 * np.pi)


def _rectangle(low: np.ndarray, high: np.ndarray, r: float) -> np.ndarray:
    """Chances that standard bivariate normal pairs lie between the bounds (2, n), by quadrature over the first."""
    nodes, weights = _LEGENDRE
    start, stop = np.clip(low[0], -9, 9)[:, None], np.clip(high[0], -9, 9)[:, None]
    points = start + (stop - start) * nodes
    rest = np.sqrt(1 - r * r)
    inner = special.ndtr((high[1][:, None] - r * points) / rest) - special.ndtr((low[1][:, None] - r * points) / rest)
    return ((stop - start) * np.exp(_log_density(points)) * inner) @ weights


def _cross(excess: Callable[[float], float], centre: float, step: float, wanted: float) -> float:
    """Where the excess (``-wanted`` at the centre) crosses 0 on the side of `step`: secants, and bisection where they fail."""
    last, at_last = centre, -wanted
    end, at_end = centre + step, excess(centre + step)
    for _ in range(12):
        if at_end == at_last:
            break
        ahead = end - at_end * (end - last) / (at_end - at_last)
        if not 0 < (ahead - centre) / step < 1e3:
            break
        last, at_last, end, at_end = end, at_end, ahead, excess(ahead)
        if abs(end - last) < 1e-7 * abs(step):
            return float(end)
    end = centre + step
    for _ in range(60):
        if excess(end) > 0:
            return float(optimize.brentq(excess, centre, end, xtol=1e-7 * abs(step)))
        end = centre + 1.6 * (end - centre)
    return float(np.sign(step) * np.inf)


_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_LEGENDRE = ((_POINTS + 1) / 2, _WEIGHTS / 2)
