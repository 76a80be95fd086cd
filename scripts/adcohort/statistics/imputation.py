"""What missing values could do to the primary comparison: completers, multiple imputation, tipping point."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from adcohort.statistics import effects, endpoints
from adcohort.statistics.plan import Endpoint, Plan
from scipy import stats

Row = dict[str, Any]
LEAST_COMPLETE = 5  # fewer participants carry no regression to impute from


class Pooled(NamedTuple):
    """A mean change over imputed data sets by Rubin's rules, with Barnard and Rubin's degrees of freedom."""

    estimate: float
    se: float
    df: float
    fraction: float

    def p(self) -> float:
        """Two-sided p value of no change."""
        return float(2 * stats.t.sf(abs(self.estimate) / self.se, self.df))


def table(values: pd.DataFrame, people: pd.DataFrame, plan: Plan) -> list[Row]:
    """Rows of sensitivity.tsv for every planned endpoint."""
    rows: list[Row] = []
    for code, endpoint in plan.endpoints.items():
        own = values[values["endpoint"] == code]
        rng = np.random.default_rng([plan.seed, *code.encode()])  # an endpoint more or less changes no other's numbers
        rows += of_endpoint(endpoints.course(own, plan.before), people, endpoint, plan, rng)
    return rows


def of_endpoint(
    frame: pd.DataFrame, people: pd.DataFrame, endpoint: Endpoint, plan: Plan, rng: np.random.Generator
) -> list[Row]:
    """Mean change (or geometric mean ratio) of the observed pairs, the completers, and all participants by imputation."""
    log = endpoint.transformation == "log"
    back = np.exp if log else float
    common = {"family": endpoint.family, "endpoint": endpoint.code}
    empty = dict.fromkeys(
        ("estimate", "ci_low", "ci_high", "df", "p", "tipping_shift", "tipping_sd", "fraction_missing", "reason")
    )

    def row(method: str, n: int, n_imputed: int = 0, status: str = "ok", **found: Any) -> Row:
        return {**empty, **common, "method": method, "n": n, "n_imputed": n_imputed, "status": status, **found}

    wide = matrix(frame, people, plan)
    if log:
        if np.nanmin(wide, initial=np.inf) <= 0:
            return [row("primary", 0, status="not estimated", reason="values of 0 or below have no logarithm")]
        wide = np.log(wide)
    whole = ~np.isnan(wide).any(axis=1)
    paired = ~np.isnan(wide[:, [0, -1]]).any(axis=1)
    rows = []
    for method, rows_of in (("primary", paired), ("completers", whole)):
        gaps = wide[rows_of, -1] - wide[rows_of, 0]
        if len(gaps) < 2 or np.ptp(gaps) == 0:
            rows.append(
                row(method, len(gaps), status="not estimated", reason="fewer than two pairs, or all changes equal")
            )
            continue
        t = effects.paired_t(gaps, plan.level)
        low, high = float(back(t.low)), float(back(t.high))
        rows.append(row(method, len(gaps), estimate=float(back(t.estimate)), ci_low=low, ci_high=high, df=t.df, p=t.p))
    known = wide[~np.isnan(wide).all(axis=1)]
    missing = int((np.isnan(known[:, 0]) | np.isnan(known[:, -1])).sum())
    problem = _problem(known, missing)
    if problem:
        return [
            *rows,
            *(
                row(m, len(known), missing, "not estimated", reason=problem)
                for m in ("multiple imputation", "tipping point")
            ),
        ]
    imputed = [impute(known, rng) for _ in range(plan.missing["imputations"])]
    pooled = pool([data[:, -1] - data[:, 0] for data in imputed])
    half = stats.t.isf(plan.alpha / 2, pooled.df) * pooled.se
    rows.append(
        row(
            "multiple imputation", len(known), missing, estimate=float(back(pooled.estimate)), df=pooled.df, p=pooled.p(),
            ci_low=float(back(pooled.estimate - half)), ci_high=float(back(pooled.estimate + half)),
            fraction_missing=pooled.fraction,
        )
    )  # fmt: skip
    rows.append(row("tipping point", len(known), missing, **_tipping(known, imputed, pooled, plan, back)))
    return rows


def matrix(frame: pd.DataFrame, people: pd.DataFrame, plan: Plan) -> np.ndarray:
    """Values by participant (every one of the study) and visit from `before` to `after`; NaN where there is none."""
    names = list(plan.windows)
    names = names[names.index(plan.before) : names.index(plan.after) + 1]
    wide = frame.pivot_table(index="participant_id", columns="visit", values="number", observed=False)
    return wide.reindex(index=people["participant_id"], columns=names).to_numpy(float)


def _problem(known: np.ndarray, missing: int) -> str | None:
    if missing == 0:
        return "nothing is missing" if len(known) else "no values"
    whole = known[~np.isnan(known[:, [0, -1]]).any(axis=1)]
    if len(whole) < LEAST_COMPLETE:
        return f"fewer than {LEAST_COMPLETE} pairs to impute from"
    if np.ptp(whole[:, -1] - whole[:, 0]) == 0:
        return "all changes are equal"
    return None


def impute(known: np.ndarray, rng: np.random.Generator, sweeps: int = 10) -> np.ndarray:
    """One draw of the missing values by chained Bayesian regressions, each visit on the others (normal, ridge 1e-5)."""
    data = known.copy()
    gone = np.isnan(data)
    for column in range(data.shape[1]):
        seen = known[~gone[:, column], column]
        fill = rng.choice(seen, size=int(gone[:, column].sum())) if len(seen) else 0.0
        data[gone[:, column], column] = fill
    order = [column for column in np.argsort(gone.sum(axis=0)) if gone[:, column].any()]
    for _ in range(sweeps):
        for column in order:
            seen = ~gone[:, column]
            if seen.sum() >= LEAST_COMPLETE:
                others = np.c_[np.ones(len(data)), np.delete(data, column, axis=1)]
                # a visit that few have seen cannot carry as many predictors
                others = others[:, : max(2, int(seen.sum()) - 2)]
                data[~seen, column] = _draw(others[seen], data[seen, column], others[~seen], rng)
    return data


def _draw(x: np.ndarray, y: np.ndarray, new: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    inner = x.T @ x
    inverse = np.linalg.inv(inner + 1e-5 * np.diag(np.diag(inner) + 1e-12))
    beta = inverse @ x.T @ y
    free = max(1, len(y) - x.shape[1])
    sigma = np.sqrt(((y - x @ beta) ** 2).sum() / rng.chisquare(free))
    noisy = beta + sigma * np.linalg.cholesky((inverse + inverse.T) / 2) @ rng.standard_normal(len(beta))
    return np.asarray(new @ noisy + sigma * rng.standard_normal(len(new)))


def pool(changes: list[np.ndarray]) -> Pooled:
    """Rubin's rules for the mean change of imputed data sets."""
    m, n = len(changes), len(changes[0])
    means = np.array([change.mean() for change in changes])
    within = float(np.mean([change.var(ddof=1) / n for change in changes]))
    between = float(means.var(ddof=1))
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    complete = n - 1
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    df = observed if share <= 1e-12 else 1 / (share**2 / (m - 1) + 1 / observed)
    return Pooled(float(means.mean()), float(np.sqrt(total)), float(df), float(share))


def _tipping(known: np.ndarray, imputed: list[np.ndarray], pooled: Pooled, plan: Plan, back: Any) -> Row:
    """Smallest shift of the imputed values after, against the effect, at which p reaches alpha (for p < alpha now)."""
    if pooled.p() >= plan.alpha:
        return {"status": "not estimated", "reason": "the imputed comparison is not significant: nothing can tip"}
    gone = np.isnan(known[:, -1])
    if not gone.any():
        return {"status": "not estimated", "reason": "no value after is missing"}
    pairs = known[~np.isnan(known[:, [0, -1]]).any(axis=1)]
    spread = float((pairs[:, -1] - pairs[:, 0]).std(ddof=1))
    against = -np.sign(pooled.estimate)
    for step in range(1, plan.missing["tipping_steps"] + 1):
        shift = against * step / 10 * spread
        moved = pool([data[:, -1] + np.where(gone, shift, 0.0) - data[:, 0] for data in imputed])
        if moved.p() >= plan.alpha or np.sign(moved.estimate) == against:
            half = stats.t.isf(plan.alpha / 2, moved.df) * moved.se
            return {
                "estimate": float(back(moved.estimate)), "ci_low": float(back(moved.estimate - half)), "df": moved.df,
                "ci_high": float(back(moved.estimate + half)), "p": moved.p(), "tipping_shift": float(back(shift)),
                "tipping_sd": float(against * step / 10),
            }  # fmt: skip
    reason = f"no shift up to {plan.missing['tipping_steps'] / 10:g} SD of change tips the conclusion"
    return {"reason": reason}
