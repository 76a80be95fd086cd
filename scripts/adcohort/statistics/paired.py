"""Before and after: the declared comparison of each endpoint, the other methods beside it, adjusted by family."""

import dataclasses
from typing import Any

import pandas as pd
from adcohort.statistics import absence, endpoints, multiplicity
from adcohort.statistics.comparison import compare
from adcohort.statistics.plan import Endpoint, Plan

Row = dict[str, Any]


def table(values: pd.DataFrame, people: pd.DataFrame, plan: Plan) -> list[Row]:
    """Rows of paired.tsv: every planned endpoint, whatever is known of it, then what else was measured."""
    rows: list[Row] = []
    by_code = dict(iter(values.groupby("endpoint")))
    for code in plan.order(by_code):
        rows += _of_endpoint(by_code.get(code, values.iloc[:0]), people, plan, plan.endpoint(code))
    primary = [row for row in rows if row["analysis"] == "primary"]
    multiplicity.adjust_rows(primary)
    return rows


def _of_endpoint(values: pd.DataFrame, people: pd.DataFrame, plan: Plan, endpoint: Endpoint) -> list[Row]:
    units = values["unit"].dropna()
    unit = units.iloc[0] if len(units) else None

    def row(
        analysis: str,
        after: str,
        pairs: pd.DataFrame,
        population: str = "all",
        method: str | None = None,
        **change: Any,
    ) -> Row:
        declared = dataclasses.replace(endpoint, **change)
        whole = pairs.dropna(subset=["before", "after"])
        missing = (
            absence.reasons(values, people, plan, after, whole.index)
            if population == "all"
            else {"not in the population, or no pair": len(people) - len(whole)}
        )
        return {
            "analysis": analysis,
            "family": endpoint.family or None,
            "endpoint": endpoint.code,
            "unit": unit,
            "population": population,
            "visit_before": plan.before,
            "visit_after": after,
            "n_before": int(pairs["before"].notna().sum()),
            "n_after": int(pairs["after"].notna().sum()),
            "n_missing": len(people) - len(whole),
            "missing_reasons": absence.in_words(missing) or None,
            **compare(whole, declared, plan, method),
        }

    pairs = endpoints.pairs(values, plan.before, plan.after, plan.windows)
    main = row("primary" if endpoint.planned else "exploratory", plan.after, pairs)
    rows = [main]
    if not endpoint.planned:
        return rows
    if main["n_censored"]:
        for method in ("sign", "prentice"):
            if method != endpoint.limit:
                rows.append(row("supporting", plan.after, pairs, method=method))
        rows.append(row("supporting", plan.after, pairs, method="censored model"))
        if main["n_undetermined"]:
            rows.append(row("sensitivity", plan.after, pairs, method="sign against"))
        if endpoint.limit != "substitute":
            rows.append(row("sensitivity", plan.after, pairs, method=endpoint.test))
    others = {("t", "none"), ("wilcoxon", "none"), ("sign", "none"), ("t", endpoint.transformation)}
    others.add(("wilcoxon", endpoint.transformation))
    others -= {(endpoint.test, endpoint.transformation)}
    if not main["n_censored"]:
        for test, scale in sorted(others):
            rows.append(row("supporting", plan.after, pairs, method=test, test=test, transformation=scale))
    if plan.last:
        rows.append(row("secondary", "last", endpoints.pairs(values, plan.before, "last", plan.windows)))
    for name in endpoint.populations:
        some = endpoints.in_population(pairs, plan.populations[name])
        rows.append(row("sensitivity", plan.after, some, population=name))
    return rows
