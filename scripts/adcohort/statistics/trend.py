"""Courses over visits: mixed models with visit as category, slope and Page's test beside them, and careful words."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from adcohort.statistics import endpoints, likelihood, mixed, multiplicity
from adcohort.statistics.page import page
from adcohort.statistics.plan import Endpoint, Plan
from scipy import stats

Row = dict[str, Any]
COLUMNS = (
    "visit_from", "visit", "day", "n", "estimate", "ci_low", "ci_high", "bound_low", "bound_high", "se", "df",
    "statistic", "p", "p_adjusted", "verdict", "words", "model", "reason",
)  # fmt: skip
LEAST_PARTICIPANTS = 3


@dataclass
class Course:
    """Observations of one endpoint over visits, on the scale of the model."""

    participant: np.ndarray
    lesion: np.ndarray | None
    visit: np.ndarray
    time: np.ndarray
    y: np.ndarray
    names: list[str]

    @property
    def units(self) -> np.ndarray:
        """What is measured again at each visit: lesions inside participants, or participants."""
        return self.participant if self.lesion is None else self.lesion


@dataclass
class Chosen:
    """A fitted model with its description and why it is not the first choice."""

    fit: mixed.Fit
    model: str
    reason: str | None


def table(values: pd.DataFrame, lesions: pd.DataFrame, plan: Plan) -> list[Row]:
    """Rows of trend.tsv: planned endpoints and the others, then ADC at the level of lesions."""
    rows: list[Row] = []
    by_code = dict(iter(values.groupby("endpoint")))
    for code in plan.order(by_code):
        own = by_code.get(code, values.iloc[:0])
        rows += of_endpoint(endpoints.course(own, plan.before), plan.endpoint(code), plan, _unit(own))
    if len(lesions):
        frame = lesions.rename(columns={"value": "number"}).assign(flag=pd.NA)
        rows += of_endpoint(frame, plan.endpoint("ADC"), plan, "1e-3 mm2/s", level="lesion")
    primary = [row for row in rows if row["quantity"] == "visits" and row["analysis"] == "primary"]
    for family in dict.fromkeys(row["family"] for row in primary):
        members = [row for row in primary if row["family"] == family]
        method = plan.endpoint(members[0]["endpoint"]).adjustment
        p = multiplicity.adjusted([1.0 if row["p"] is None else row["p"] for row in members], method)
        for row, value in zip(members, p, strict=True):
            row["p_adjusted"] = None if row["p"] is None else float(value)
    return rows


def _unit(values: pd.DataFrame) -> str | None:
    known = values["unit"].dropna()
    return known.iloc[0] if len(known) else None


def of_endpoint(
    frame: pd.DataFrame, endpoint: Endpoint, plan: Plan, unit: str | None = None, level: str = "participant"
) -> list[Row]:
    """All rows of one endpoint; `frame` has participant_id, (lesion,) visit, day, number, flag."""
    first = "primary" if endpoint.planned else "exploratory"
    first = "sensitivity" if level == "lesion" else first
    beside = "supporting" if endpoint.planned and level == "participant" else first
    common = {
        "family": endpoint.family or None, "endpoint": endpoint.code, "unit": unit, "level": level,
        "transformation": endpoint.transformation,
    }  # fmt: skip

    def row(analysis: str, quantity: str, status: str = "ok", **known: Any) -> Row:
        return {
            **dict.fromkeys(COLUMNS),
            **known,
            **common,
            "analysis": analysis,
            "quantity": quantity,
            "status": status,
        }

    data, reason = prepared(frame, endpoint, plan)
    if data is None:
        return [row(first, "visits", "not estimated", reason=reason)]
    rows = _of_visits(data, endpoint, plan, lambda *a, **k: row(first, *a, **k))
    rows += _of_slope(data, endpoint, plan, lambda *a, **k: row(beside, *a, **k))
    if level == "participant":
        rows += _of_page(data, lambda *a, **k: row(beside, *a, **k))
        rows += _beyond_repeatability(frame, plan, lambda *a, **k: row(beside, *a, **k))
    return rows


def prepared(frame: pd.DataFrame, endpoint: Endpoint, plan: Plan) -> tuple[Course | None, str | None]:
    """Observations for the models, or why there is nothing to model."""
    known = frame[frame["number"].notna() & frame["visit"].isin(plan.trend_visits)]
    names = [name for name in plan.trend_visits if (known["visit"] == name).any()]
    if not names:
        return None, "no values"
    if len(names) == 1:
        return None, f"values at one visit alone ({names[0]})"
    numbers = known["number"].to_numpy(float)
    if endpoint.transformation == "log":
        if numbers.min() <= 0:
            return None, "values of 0 or below have no logarithm"
        numbers = np.log(numbers)
    who = known["participant_id"].to_numpy(object).astype(str)
    if len(set(who)) < LEAST_PARTICIPANTS:
        return None, f"fewer than {LEAST_PARTICIPANTS} participants"
    planned = known["visit"].map({name: plan.windows[name]["day"] for name in plan.windows}).astype(float)
    days = known["day"].astype(float).fillna(planned).to_numpy(float)
    lesion = None
    if "lesion" in known:
        lesion = (known["participant_id"].astype(str) + "/" + known["lesion"].astype(str)).to_numpy(object).astype(str)
    visit = known["visit"].map({name: number for number, name in enumerate(names)}).to_numpy(int)
    return Course(who, lesion, visit, days / plan.unit_days, numbers, names), None


def chosen_model(data: Course, x: np.ndarray, fixed: str) -> Chosen | str:
    """The richest model of participants' intercepts and slopes (and lesions' intercepts) that can be fitted.

    The random slope goes where the data cannot carry it: too few observations, no convergence, or a fit at the edge of
    what is possible (singular). A singular model with an intercept alone stays, because its answers are those without it.
    """
    ones = np.ones((len(data.y), 1))
    lesions = [] if data.lesion is None else [likelihood.Term(data.lesion, ones)]
    nested = "" if data.lesion is None else " + intercept of lesions in participants"
    slopes = likelihood.Term(data.participant, np.c_[ones, data.time])
    reason = None
    if len(data.y) <= 2 * len(set(data.participant)):
        reason = "too few values for random slopes"
    else:
        result = _tried(data.y, x, [slopes, *lesions])
        if isinstance(result, mixed.Fit) and result.converged and not _degenerate(result):
            return Chosen(result, f"{fixed} + random intercept and slope of participants{nested}", None)
        if isinstance(result, str):
            return result
        why = "is singular" if result.converged else "does not converge"
        reason = f"the model with random slopes {why}"
    result = _tried(data.y, x, [likelihood.Term(data.participant, ones), *lesions])
    if isinstance(result, str):
        return result
    if not result.converged:
        return "the mixed model does not converge"
    return Chosen(result, f"{fixed} + random intercept of participants{nested}", reason)


def _degenerate(fit: mixed.Fit) -> bool:
    """Whether the participants' covariance has no full rank: an SD of 0 or a correlation of 1."""
    spread, correlation = fit.random_sd()[0]
    return bool(np.any(spread < mixed.SINGULAR * fit.sigma) or abs(correlation[0, 1]) > 1 - 1e-6)


def _tried(y: np.ndarray, x: np.ndarray, terms: list[likelihood.Term]) -> mixed.Fit | str:
    try:
        return mixed.fit(y, x, terms)
    except np.linalg.LinAlgError as problem:
        return f"no mixed model: {problem}"


def _of_visits(data: Course, endpoint: Endpoint, plan: Plan, row: Any) -> list[Row]:
    back = np.exp if endpoint.transformation == "log" else float
    size = len(data.names)
    x = (data.visit[:, None] == np.arange(size)).astype(float)
    x[:, 0] = 1.0
    found = chosen_model(data, x, "visit as category")
    if isinstance(found, str):
        return [row("visits", "not estimated", reason=found)]
    status = "fallback" if found.reason else "ok"
    told = {"model": found.model, "reason": found.reason}
    test = found.fit.joint(mixed.sequential(x)[1:])
    rows = [
        row(
            "visits", status, n=len(set(data.units)), statistic=test.statistic, df=test.df_denominator, p=test.p, **told
        )
    ]
    cells = np.eye(size)
    cells[:, 0] = 1.0
    one_sided = []
    for number, name in enumerate(data.names):
        here = data.visit == number
        mean = found.fit.contrast(cells[number])
        low, high = mean.interval(plan.level)
        rows.append(
            row(
                "mean", status, visit=name, day=float(np.median(data.time[here]) * plan.unit_days), n=int(here.sum()),
                estimate=float(back(mean.estimate)), ci_low=float(back(low)), ci_high=float(back(high)), se=mean.se,
                df=mean.df, **told,
            )
        )  # fmt: skip
    steps = [("adjacent difference", number - 1, number) for number in range(1, size)]
    steps += [("change from first", 0, number) for number in range(1, size)]
    for quantity, start, stop in steps:
        gap = found.fit.contrast(cells[stop] - cells[start])
        low, high = gap.interval(plan.level)
        bounds = gap.interval(1 - 2 * plan.alpha)
        both = set(data.units[data.visit == start]) & set(data.units[data.visit == stop])
        rows.append(
            row(
                quantity, status, visit_from=data.names[start], visit=data.names[stop], n=len(both),
                estimate=float(back(gap.estimate)), ci_low=float(back(low)), ci_high=float(back(high)), se=gap.se,
                df=gap.df, statistic=gap.statistic, p=gap.p, bound_low=float(back(bounds[0])),
                bound_high=float(back(bounds[1])), **told,
            )
        )  # fmt: skip
        if quantity == "adjacent difference":
            one_sided.append((data.names[start], data.names[stop], gap.estimate, *bounds))
    verdict, words = continuous(endpoint.code, one_sided, plan.alpha)
    rows.append(row("continuous", status, n=len(set(data.units)), verdict=verdict, words=words, **told))
    return rows


def continuous(code: str, steps: list[tuple[str, str, float, float, float]], alpha: float) -> tuple[str, str]:
    """The rule for the word continuous, and what was seen.

    `steps` are (from, to, estimate, one-sided lower bound, one-sided upper bound), 0 = no change. A change is called
    continuous only if every adjacent difference goes one way with its one-sided bound beyond 0.
    """
    level = f"{100 * (1 - alpha):g} %"
    spans = [f"{start} to {stop}" for start, stop, *_ in steps]
    if len(steps) > 1 and all(low > 0 for *_, low, _ in steps):
        return "continuous rise", f"{code} rose from visit to visit (every one-sided {level} bound above no change)."
    if len(steps) > 1 and all(high < 0 for *_, high in steps):
        return "continuous fall", f"{code} fell from visit to visit (every one-sided {level} bound below no change)."
    groups: dict[str, list[str]] = {"rose": [], "fell": [], "showed no clear change": []}
    for span, (_, _, _, low, high) in zip(spans, steps, strict=True):
        groups["rose" if low > 0 else "fell" if high < 0 else "showed no clear change"].append(span)
    parts = [f"{what} from {' and from '.join(where)}" for what, where in groups.items() if where]
    return "not continuous", f"{code} {'; it '.join(parts)} (one-sided {level} bounds)."


def _of_slope(data: Course, endpoint: Endpoint, plan: Plan, row: Any) -> list[Row]:
    back = np.exp if endpoint.transformation == "log" else float
    if np.ptp(data.time) == 0:
        return [row("slope", "not estimated", reason="all values have one day")]
    found = chosen_model(data, np.c_[np.ones(len(data.time)), data.time], "linear in time")
    if isinstance(found, str):
        return [row("slope", "not estimated", reason=found)]
    slope = found.fit.contrast(np.array([0.0, 1.0]))
    low, high = slope.interval(plan.level)
    return [
        row(
            "slope", "fallback" if found.reason else "ok", n=len(set(data.units)), estimate=float(back(slope.estimate)),
            ci_low=float(back(low)), ci_high=float(back(high)), se=slope.se, df=slope.df, statistic=slope.statistic,
            p=slope.p, model=f"{found.model}; per {plan.unit_days:g} days", reason=found.reason,
        )
    ]  # fmt: skip


def completers(data: Course) -> np.ndarray:
    """Values of the participants with one at every visit, shape (participants, visits)."""
    wide = pd.DataFrame({"who": data.participant, "visit": data.visit, "y": data.y})
    return wide.pivot_table(index="who", columns="visit", values="y").dropna().to_numpy(float)


def _of_page(data: Course, row: Any) -> list[Row]:
    whole = completers(data)
    if len(data.names) < 3:
        return [row("page", "not estimated", reason="an order needs three visits")]
    if len(whole) < 2:
        return [row("page", "not estimated", n=len(whole), reason="fewer than two completers")]
    result = page(whole)
    words = f"Page's L for {len(whole)} completers, {result.variant}, two-sided"
    if result.variant == "no order":
        return [row("page", "not estimated", n=len(whole), words=words, reason="no completer's values differ")]
    return [row("page", n=len(whole), statistic=result.statistic, estimate=result.z, p=result.p, words=words)]


def _beyond_repeatability(frame: pd.DataFrame, plan: Plan, row: Any) -> list[Row]:
    """Share of participants whose change exceeds the repeatability coefficient, by visit, where the values say so."""
    flags = frame["flag"].fillna("").astype(str)
    rows: list[Row] = []
    if not flags.str.contains(endpoints.BEYOND_REPEATABILITY, regex=False).any():
        return rows
    for name in plan.trend_visits:
        here = flags[(frame["visit"] == name) & frame["number"].notna()]
        if name != plan.before and len(here):
            beyond = int(here.str.contains(endpoints.BEYOND_REPEATABILITY, regex=False).sum())
            interval = stats.binomtest(beyond, len(here)).proportion_ci(plan.level)
            rows.append(
                row(
                    "beyond repeatability", visit_from=plan.before, visit=name, n=len(here),
                    estimate=beyond / len(here), ci_low=float(interval.low), ci_high=float(interval.high),
                    words=f"{beyond} of {len(here)} beyond the repeatability coefficient (Clopper-Pearson)",
                )
            )  # fmt: skip
    return rows
