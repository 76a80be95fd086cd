"""Adjustment of p values inside the declared families."""

from collections.abc import Sequence
from typing import Any

import numpy as np

METHODS = {"holm": "holm", "hochberg": "simes-hochberg", "bh": "fdr_bh"}


def adjusted(p: Sequence[float], method: str) -> np.ndarray:
    """Adjusted p values: holm, hochberg, bh, or none (as they are)."""
    from statsmodels.stats.multitest import multipletests

    values = np.asarray(p, dtype=float)
    if method == "none" or len(values) == 0:
        return values
    return np.minimum(1.0, multipletests(values, method=METHODS[method])[1])


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
