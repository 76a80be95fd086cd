"""Adjustment of p values inside the declared families."""

from collections.abc import Sequence
from typing import Any

import numpy as np

METHODS = ("holm", "hochberg", "bh")


def adjusted(p: Sequence[float], method: str) -> np.ndarray:
    """Adjusted p values: holm, hochberg, bh (Benjamini and Hochberg), or none (as they are)."""
    values = np.asarray(p, dtype=float)
    if method == "none" or len(values) == 0:
        return values
    m = len(values)
    order = np.argsort(values, kind="stable")
    rank = np.arange(1, m + 1)
    factor = m / rank if method == "bh" else m - rank + 1
    stepped = values[order] * factor
    if method == "holm":  # step down: no adjusted p below that of a smaller p
        stepped = np.maximum.accumulate(stepped)
    else:  # step up: none above that of a larger p
        stepped = np.minimum.accumulate(stepped[::-1])[::-1]
    out = np.empty(m)
    out[order] = np.minimum(1.0, stepped)
    return out


def adjust_rows(rows: list[dict[str, Any]]) -> None:
    """Fill p_holm, p_hochberg, p_bh and p_adjusted by family, in place.

    A family keeps its declared size: an endpoint without a p value counts as one with p = 1.
    """
    for family in dict.fromkeys(row["family"] for row in rows):
        members = [row for row in rows if row["family"] == family]
        p = [1.0 if row["p"] is None else row["p"] for row in members]
        for method in METHODS:
            for row, value in zip(members, adjusted(p, method), strict=True):
                row[f"p_{method}"] = None if row["p"] is None else float(value)
        for row in members:
            row["p_adjusted"] = row["p"] if row["adjustment"] == "none" else row[f"p_{row['adjustment']}"]
