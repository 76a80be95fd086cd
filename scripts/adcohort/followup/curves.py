"""Kaplan-Meier: curve, median with interval, number at risk."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

Rows = list[dict[str, Any]]


class Median(NamedTuple):
    """A Kaplan-Meier median with its interval; None where the curve (or its bound) stays above one half."""

    days: float | None
    low: float | None
    high: float | None


def kaplan_meier(days: Sequence[int], events: Sequence[bool], alpha: float) -> tuple[Median, Rows]:
    """The median and the curve, one row a day on which something happens (day 0 included); log-log intervals.

    Rows hold day, survival, ci_low, ci_high, at_risk (just before the day), events, censored.
    """
    if not len(days):
        return Median(None, None, None), []
    from lifelines import KaplanMeierFitter
    from lifelines.utils import median_survival_times

    fitted = KaplanMeierFitter(alpha=alpha).fit(list(days), list(events))
    bounds = fitted.confidence_interval_survival_function_
    at_half = median_survival_times(bounds)
    table = fitted.event_table
    rows = []
    for day in table.index:
        low, high = (float(bound) for bound in bounds.loc[day])
        rows.append(
            {
                "day": int(day),
                "survival": float(fitted.survival_function_.loc[day].iloc[0]),
                "ci_low": low if math.isfinite(low) else None,
                "ci_high": high if math.isfinite(high) else None,
                "at_risk": int(table.loc[day, "at_risk"]),
                "events": int(table.loc[day, "observed"]),
                "censored": int(table.loc[day, "censored"]),
            }
        )
    low, high = (float(bound) for bound in at_half.iloc[0])
    return Median(_finite(float(fitted.median_survival_time_)), _finite(low), _finite(high)), rows


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
