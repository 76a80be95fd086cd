"""From lesions to participants: one ADC a visit, its change, and whether that is more than noise."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

Row = dict[str, Any]


def mean_of_runs(rows: Sequence[Row]) -> Row:
    """A lesion at a visit from its regions on the primary runs: means of ADC and volume."""
    return {
        "adc": fmean(row["adc_mean"] for row in rows),
        "volume": fmean(row["volume_ml"] for row in rows),
    }


def participant_value(
    now: Mapping[str, Row], baseline: Mapping[str, Row], weights: str, is_baseline: bool
) -> dict[str, Any]:
    """One participant's ADC at a visit.

    Parameters
    ----------
    now, baseline
        Measured lesions at the visit and at baseline: name to adc and volume.
    weights
        "baseline volume", "current volume", "equal" or "largest lesion", over the lesions measured at both visits. Volumes at
        baseline as weights keep the value still when no lesion's ADC moves; the volumes of the visit do not.
    is_baseline
        Whether this visit is the baseline itself.

    Returns
    -------
    dict
        status, adc, adc_baseline (same lesions, same weights), lesions, n_lesions, volume_ml, adc_largest and
        adc_current_volumes.
    """
    both = sorted(set(now) & set(baseline))
    empty: dict[str, Any] = {"status": "no lesion", "adc": None, "adc_baseline": None, "lesions": [], "n_lesions": 0}
    empty |= {"volume_ml": None, "adc_largest": None, "adc_current_volumes": None}
    if not now or (baseline and not both):
        return empty
    if not baseline:  # nothing to match: all lesions, the visit's own volumes
        both, old, status = sorted(now), now, "no baseline"
    else:
        old, status = baseline, "baseline" if is_baseline else "matched"
    largest = max(both, key=lambda name: (old[name]["volume"], name))
    if weights == "largest lesion":
        used, weight = [largest], {largest: 1.0}
    else:
        source = now if weights == "current volume" else old
        used = both
        weight = {name: 1.0 if weights == "equal" else source[name]["volume"] for name in used}
    return {
        "status": status,
        "adc": _weighted(now, weight),
        "adc_baseline": _weighted(baseline, weight) if baseline else None,
        "lesions": used,
        "n_lesions": len(used),
        "volume_ml": sum(now[name]["volume"] for name in used),
        "adc_largest": now[largest]["adc"],
        "adc_current_volumes": _weighted(now, {name: now[name]["volume"] for name in both}),
    }


def change(value: float | None, baseline: float | None, repeatability: Mapping[str, Any] | None) -> dict[str, Any]:
    """Absolute and relative change, and whether it is larger than the repeatability coefficient and than its upper limit."""
    out: dict[str, Any] = dict.fromkeys(("change_abs", "change_pct", "exceeds_repeatability", "exceeds_upper_limit"))
    if value is None or baseline is None:
        return out
    out["change_abs"] = value - baseline
    if baseline > 0:
        out["change_pct"] = 100 * (value - baseline) / baseline
        if repeatability:
            out["exceeds_repeatability"] = abs(out["change_pct"]) > repeatability["percent"]
            if repeatability.get("interval"):
                out["exceeds_upper_limit"] = abs(out["change_pct"]) > repeatability["interval"][1]
    return out


def _weighted(lesions: Mapping[str, Row], weight: Mapping[str, float]) -> float:
    return sum(lesions[name]["adc"] * share for name, share in weight.items()) / sum(weight.values())
