"""Within-session repeatability: how far runs of one protocol on one day differ under one region.

It holds the noise of a measurement without repositioning and redrawing, so it is smaller than that of a change between visits
and must not judge one.
"""

from typing import Any

import numpy as np
import pandas as pd

KIND = "within session"
MEASURES = ("adc_mean", "adc_median")
RC = 1.96 * np.sqrt(2)  # two measurements differ by less in 95 %
GROUP = ["participant_id", "visit", "day", "acquisition", "reader", "session", "lesion"]


def table(roi: pd.DataFrame, measures: tuple[str, ...] = MEASURES) -> list[dict[str, Any]]:
    """Rows of repeatability.tsv: each lesion at each visit that has repeats, then all of a reader and acquisition pooled.

    Parameters
    ----------
    roi
        roi.tsv; measured rows count. Lesions of one participant are taken as independent.
    """
    measured = roi[roi["status"] == "measured"].copy()
    measured[["reader", "session"]] = measured[["reader", "session"]].fillna("")
    rows: list[dict[str, Any]] = []
    for measure in measures:
        values = measured.dropna(subset=[measure])
        groups = [group for _, group in values.groupby(GROUP, dropna=False, sort=True) if len(group) > 1]
        for group in groups:
            rows.append(_row("lesion", [group], measure))
        pools: dict[tuple[str, str], list[pd.DataFrame]] = {}
        for group in groups:
            pools.setdefault((group["acquisition"].iloc[0], group["reader"].iloc[0]), []).append(group)
        rows += [_row("pooled", pool, measure) for _, pool in sorted(pools.items())]
        if len({acquisition for acquisition, _ in pools}) > 1:
            for reader in sorted({reader for _, reader in pools}):
                own = [group for (_, who), pool in pools.items() if who == reader for group in pool]
                rows.append(_row("pooled", own, measure) | {"acquisition": None})
    return rows


def statistics(groups: list[np.ndarray]) -> dict[str, float | None]:
    """Within-group variation of groups of repeats (two or more values each), with 95 % intervals from chi-square.

    The coefficient of variation is the root mean square of the groups' own, weighted by their degrees of freedom.
    """
    from scipy.stats import chi2

    df = np.array([len(group) - 1 for group in groups])
    means = np.array([group.mean() for group in groups])
    variances = np.array([group.var(ddof=1) for group in groups])
    total = int(df.sum())
    wsd = float(np.sqrt((df * variances).sum() / total))
    wcv = float(100 * np.sqrt((df * variances / means**2).sum() / total)) if (means > 0).all() else None
    low, high = (float(np.sqrt(total / chi2.ppf(p, total))) for p in (0.975, 0.025))
    out: dict[str, float | None] = {"mean": float(means.mean()), "wsd": wsd, "rc": RC * wsd}
    for name, value in (("wcv", wcv), ("rc", None if wcv is None else RC * wcv)):
        out[f"{name}_percent"] = value
        out[f"{name}_ci_low"] = None if value is None else value * low
        out[f"{name}_ci_high"] = None if value is None else value * high
    return out


def _row(level: str, groups: list[pd.DataFrame], measure: str) -> dict[str, Any]:
    first = groups[0].iloc[0]
    single = level == "lesion"
    values = [group[measure].to_numpy(dtype=float) for group in groups]
    count = sum(map(len, values))
    return {
        "level": level,
        "participant_id": first["participant_id"] if single else None,
        "visit": first["visit"] if single else None,
        "lesion": first["lesion"] if single else None,
        "acquisition": first["acquisition"],
        "reader": first["reader"] or None,
        "measure": measure,
        "n_groups": len(groups),
        "n_participants": len({group["participant_id"].iloc[0] for group in groups}),
        "n_values": count,
        "df": count - len(groups),
        **{key: None if value is None else float(f"{value:.6g}") for key, value in statistics(values).items()},
        "kind": KIND,
    }
