"""A share of participants with its intervals."""

from typing import Literal, NamedTuple

Method = Literal["clopper-pearson", "wilson"]


class Share(NamedTuple):
    """A share in percent with its interval; all empty when there is nobody to count."""

    percent: float | None
    low: float | None
    high: float | None


def share(count: int, n: int, alpha: float = 0.05, method: Method = "clopper-pearson") -> Share:
    """`count` of `n` participants in percent, with an interval of 1 - alpha.

    Raises
    ------
    ValueError
        For a count below 0 or above n.
    """
    from statsmodels.stats.proportion import proportion_confint

    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n}")
    if n == 0:
        return Share(None, None, None)
    low, high = proportion_confint(count, n, alpha, method="beta" if method == "clopper-pearson" else "wilson")
    return Share(100 * count / n, 100 * float(low), 100 * float(high))
