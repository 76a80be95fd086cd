"""Agreement of readers: intraclass correlation, Bland-Altman limits and overlap."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

FEWEST = 3  # lesions for a correlation or limits


def icc(measured: np.ndarray, form: str, level: float = 0.95) -> tuple[float, float, float]:
    """Intraclass correlation of single measurements with its interval.

    Parameters
    ----------
    measured
        Values [lesion, reader or session].
    form
        "ICC(2,1)": two-way random, absolute agreement (between readers). "ICC(3,1)": two-way mixed, consistency (within a
        reader). Shrout and Fleiss 1979; intervals after McGraw and Wong 1996.
    """
    x = np.asarray(measured, dtype=float)
    n, k = x.shape
    grand = x.mean()
    between = k * float(((x.mean(axis=1) - grand) ** 2).sum()) / (n - 1)
    readers = n * float(((x.mean(axis=0) - grand) ** 2).sum()) / (k - 1)
    rest = float(((x - x.mean(axis=1, keepdims=True) - x.mean(axis=0) + grand) ** 2).sum()) / ((n - 1) * (k - 1))
    tail = (1 + level) / 2
    if form == "ICC(3,1)":
        value = (between - rest) / (between + (k - 1) * rest) if between + rest > 0 else np.nan
        if not value < 1 - 1e-12:
            return value, value, value
        ratio, free = between / rest, (n - 1) * (k - 1)
        low = ratio / stats.f.ppf(tail, n - 1, free)
        high = ratio * stats.f.ppf(tail, free, n - 1)
        return value, (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)
    total = between + (k - 1) * rest + k * (readers - rest) / n
    value = (between - rest) / total if total > 0 else np.nan
    if not value < 1 - 1e-12:  # the same values twice, or none that differ: no interval to speak of
        return value, value, value
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    free = (a * readers + b * rest) ** 2 / ((a * readers) ** 2 / (k - 1) + (b * rest) ** 2 / ((n - 1) * (k - 1)))
    upper, lower = stats.f.ppf(tail, n - 1, free), stats.f.ppf(tail, free, n - 1)
    noise = k * readers + (k * n - k - n) * rest
    low = n * (between - upper * rest) / (upper * noise + n * between)
    high = n * (lower * between - rest) / (noise + n * lower * between)
    return value, low, high


def limits(one: np.ndarray, two: np.ndarray, level: float = 0.95) -> dict[str, float]:
    """Bland-Altman: bias (second minus first) and 95 % limits of agreement, with their intervals (Bland and Altman 1999)."""
    difference = np.asarray(two, float) - np.asarray(one, float)
    n = difference.size
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    z = float(stats.norm.ppf(0.975))
    t = float(stats.t.ppf((1 + level) / 2, n - 1))
    wide = t * sd * float(np.sqrt(1 / n + z * z / (2 * (n - 1))))
    half = t * sd / float(np.sqrt(n))
    return {
        "bias": bias,
        "bias_ci_low": bias - half,
        "bias_ci_high": bias + half,
        "loa_low": bias - z * sd,
        "loa_high": bias + z * sd,
        "loa_low_ci_low": bias - z * sd - wide,
        "loa_high_ci_high": bias + z * sd + wide,
    }


def compare(
    rows: Sequence[Mapping[str, Any]], overlaps: Sequence[Mapping[str, Any]], visit_order: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of agreement.tsv: every pair of readers, and of sessions of one reader, at each visit and over all visits.

    Parameters
    ----------
    rows
        One row a lesion, visit, reader and session: participant_id, visit, reader, session, lesion, status, adc_mean,
        volume_ml; of one run a visit.
    overlaps
        Dice of each pair: participant_id, visit, lesion, reader_a, session_a, reader_b, session_b, dice.
    """
    who = sorted({(row["reader"], row["session"]) for row in rows if row["reader"]})  # nobody agrees with nobody
    out = []
    for number, first in enumerate(who):
        for second in who[number + 1 :]:
            for visit in (*visit_order, "all"):
                here = [row for row in rows if visit in (row["visit"], "all") and row["status"] == "measured"]
                sides = [
                    {_key(row): row for row in here if (row["reader"], row["session"]) == one}
                    for one in (first, second)
                ]
                if not (sides[0] and sides[1]):
                    continue
                seen = {(key[0], key[1]) for key in sides[0]} & {(key[0], key[1]) for key in sides[1]}
                sides = [{key: row for key, row in side.items() if key[:2] in seen} for side in sides]
                dices = [
                    o["dice"]
                    for o in overlaps
                    if visit in (o["visit"], "all")
                    and (o["reader_a"], o["session_a"], o["reader_b"], o["session_b"]) == (*first, *second)
                    and o["dice"] is not None
                ]
                out += [_pair(visit, (first, second), sides, dices, measure) for measure in ("adc_mean", "volume_ml")]
    return out


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["participant_id"], row["visit"], row["lesion"]


def _pair(visit: str, readers: tuple[Any, Any], sides: Any, dices: Any, measure: str) -> dict[str, Any]:
    first, second = readers
    between = first[0] != second[0]
    both = sorted(set(sides[0]) & set(sides[1]))
    one, two = (np.array([side[key][measure] for key in both], dtype=float) for side in sides)
    form = "ICC(2,1)" if between else "ICC(3,1)"
    enough = len(both) >= FEWEST
    names = ("bias", "bias_ci_low", "bias_ci_high", "loa_low", "loa_high", "loa_low_ci_low", "loa_high_ci_high")
    correlation = (
        [float(v) if np.isfinite(v) else None for v in icc(np.column_stack([one, two]), form)] if enough else [None] * 3
    )
    return {
        "visit": visit,
        "comparison": "between" if between else "within",
        "reader_a": first[0],
        "session_a": first[1],
        "reader_b": second[0],
        "session_b": second[1],
        "measure": measure,
        "units": {"adc_mean": "1e-3 mm2/s", "volume_ml": "mL"}[measure],
        "n": len(both),
        "n_participants": len({key[0] for key in both}),
        "only_a": len(set(sides[0]) - set(sides[1])),
        "only_b": len(set(sides[1]) - set(sides[0])),
        "mean_a": float(one.mean()) if both else None,
        "mean_b": float(two.mean()) if both else None,
        "icc_form": form,
        "icc": correlation[0],
        "icc_ci_low": correlation[1],
        "icc_ci_high": correlation[2],
        **(limits(one, two) if enough else dict.fromkeys(names)),
        "dice_mean": float(np.mean(dices)) if dices else None,
        "dice_median": float(np.median(dices)) if dices else None,
        "dice_min": float(np.min(dices)) if dices else None,
        "status": "ok" if enough else "too few",
    }
