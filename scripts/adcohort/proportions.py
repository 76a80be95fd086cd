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
    from scipy.stats import binomtest

    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n}")
    if n == 0:
        return Share(None, None, None)
    kind: Literal["exact", "wilson"] = "exact" if method == "clopper-pearson" else "wilson"
    interval = binomtest(count, n).proportion_ci(1 - alpha, method=kind)
    return Share(100 * count / n, 100 * float(interval.low), 100 * float(interval.high))
