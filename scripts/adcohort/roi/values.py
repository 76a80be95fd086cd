"""The numbers of a region: first-order statistics of its voxels."""

import math

import numpy as np

PERCENTILES = (5, 10, 25, 75, 90, 95)
# the numbers of one region, in the order of the table
NAMES = (
    "mean",
    "median",
    "sd",
    "min",
    "max",
    *(f"p{percent:02d}" for percent in PERCENTILES),
    "skewness",
    "kurtosis",
    "entropy",
)


def first_order(sample: np.ndarray, bin_width: float) -> dict[str, float | None]:
    """Statistics of a region's values.

    Parameters
    ----------
    sample
        Finite values, at least one.
    bin_width
        Width of the histogram's bins for the entropy, in the values' unit; bins begin at multiples of it.

    Returns
    -------
    dict
        NAMES to numbers. sd has n - 1 (None for one value). Skewness is m3 / m2^1.5 and kurtosis m4 / m2^2 with population
        moments (None where all values are equal), kurtosis is not excess. Percentiles interpolate linearly (type 7).
        Entropy is in bits.
    """
    sample = np.asarray(sample, dtype=np.float64)
    count = sample.size
    mean = float(sample.mean())
    apart = sample - mean
    square = apart * apart
    m2 = float(square.mean())
    ordered = np.sort(sample)
    percentiles = {f"p{percent:02d}": _percentile(ordered, percent / 100) for percent in PERCENTILES}
    flat = m2 <= (1e-12 * max(1.0, abs(mean))) ** 2
    return {
        "mean": mean,
        "median": _percentile(ordered, 0.5),
        "sd": math.sqrt(float(square.sum()) / (count - 1)) if count > 1 else None,
        "min": float(ordered[0]),
        "max": float(ordered[-1]),
        **percentiles,
        "skewness": None if flat else float((square * apart).mean()) / m2**1.5,
        "kurtosis": None if flat else float((square * square).mean()) / m2**2,
        "entropy": entropy(sample, bin_width),
    }


def entropy(sample: np.ndarray, bin_width: float) -> float:
    """Shannon entropy of the values' histogram in bits; bin k holds k * width <= value < (k + 1) * width."""
    bins = np.floor(sample / bin_width).astype(np.int64)
    counts = np.bincount(bins - bins.min()) if np.ptp(bins) < 1 << 20 else np.unique(bins, return_counts=True)[1]
    share = counts[counts > 0] / sample.size
    return abs(float(-(share * np.log2(share)).sum()))


def _percentile(ordered: np.ndarray, share: float) -> float:
    """Type-7 percentile of sorted values; the same as numpy's default, without its start-up."""
    place = share * (ordered.size - 1)
    below = int(place)
    above = min(below + 1, ordered.size - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))
