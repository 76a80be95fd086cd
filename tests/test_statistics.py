"""The declared plan, comparisons of pairs, courses, ADC and response, missing values: behaviour, and every edge."""

import copy
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from adcohort import study, tables
from adcohort.errors import StudyError
from adcohort.statistics import (
    absence,
    censored,
    comparison,
    conventions,
    discrimination,
    effects,
    endpoints,
    imputation,
    likelihood,
    mixed,
    multiplicity,
    narrative,
    page,
    paired,
    plan,
    response,
    signedrank,
    trend,
    wording,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

pytestmark = pytest.mark.filterwarnings("error")
HOME = Path(__file__).parents[1]
VISITS = {
    "baseline": {"day": 0, "window": [-28, 0]},
    "month1": {"day": 30, "window": [1, 59]},
    "month3": {"day": 90, "window": [60, 134]},
    "month6": {"day": 180, "window": [135, 240]},
}
DECLARED = {
    "before": "baseline",
    "after": "month6",
    "families": {
        "serum": {
            "endpoints": {
                "VEGF": {"test": "t", "transformation": "log"},
                "TGAB": {"test": "wilcoxon", "favourable": "fall"},
            }
        },
        "imaging": {"endpoints": {"ADC": {"favourable": "rise"}}},
    },
}


def declared(**changes):
    rules = study.schema(HOME / "config" / "schema")["properties"]["statistics"]
    return study.with_defaults({**copy.deepcopy(DECLARED), **changes}, rules)


def plan_of(**changes):
    return plan.read(declared(**changes), VISITS)


def values_of(rows):
    """Rows (participant, visit, endpoint, value[, qualifier[, flag[, reference]]]) as endpoints.tsv."""
    full = [(*row, *(None,) * (7 - len(row))) for row in rows]
    frame = pd.DataFrame(
        full, columns=["participant_id", "visit", "endpoint", "value", "qualifier", "flag", "reference"]
    )
    frame["day"] = frame["visit"].map({name: visit["day"] for name, visit in VISITS.items()})
    frame = frame.assign(limit=np.nan, unit="x", source="labs", on_treatment=True)
    return tables.typed(frame, "statistics", "endpoints")


def people_of(n, **more):
    names = [f"sub-{i:02d}" for i in range(1, n + 1)]
    frame = pd.DataFrame({"participant_id": names, "treatment_end": pd.NA, "last_contact": 300, "death": pd.NA})
    return tables.typed(frame.assign(**more), "statistics", "participants")


def cohort(n=12, seed=1, effect=0.3, codes=("VEGF", "TGAB", "ADC")):
    """Every participant at every visit, positive values that rise by `effect` in all."""
    rng = np.random.default_rng(seed)
    rows = []
    for code in codes:
        own = rng.normal(0, 0.3, n)
        for number, visit in enumerate(VISITS):
            noise = rng.normal(0, 0.2, n)
            level = 3 + own + effect * number / 3 + noise
            rows += [(f"sub-{i + 1:02d}", visit, code, float(level[i])) for i in range(n)]
    return values_of(rows)


def primary(values, people, plan_):
    rows = comparison_rows(values, people, plan_)
    return rows[rows["analysis"] == "primary"].set_index("endpoint")


def comparison_rows(values, people, plan_):
    return tables.typed(paired.table(values, people, plan_), "statistics", "paired")


# ---- the plan -----------------------------------------------------------------------------------------------------


def test_the_plans_hash_does_not_heed_the_order_of_keys_and_heeds_every_value():
    one = declared()
    other = dict(reversed(list(copy.deepcopy(one).items())))
    assert plan.digest(one, VISITS) == plan.digest(other, VISITS)
    other["families"]["imaging"]["endpoints"]["ADC"]["favourable"] = "none"
    assert plan.digest(one, VISITS) != plan.digest(other, VISITS)


def test_all_problems_of_a_plan_are_told_at_once():
    bad = declared(before="month9", trend={"visits": ["never"], "unit_days": 30})
    bad["families"]["again"] = copy.deepcopy(bad["families"]["serum"])
    bad["families"]["serum"]["endpoints"]["VEGF"]["populations"] = ["unheard of"]
    with pytest.raises(StudyError) as caught:
        plan.read(bad, VISITS)
    said = "\n".join(caught.value.problems)
    for part in ("'month9'", "'never'", "VEGF stands in serum and again", "'unheard of'"):
        assert part in said


def test_the_example_declares_the_published_families():
    config = yaml.safe_load((HOME / "config" / "config.yaml").read_text(encoding="utf-8"))
    rules = study.schema(HOME / "config" / "schema")["properties"]["statistics"]
    read = plan.read(study.with_defaults(config["statistics"], rules), config["visits"])
    assert {e.family for e in read.endpoints.values()} == {"serum", "immune", "quality_of_life", "imaging"}
    assert {code: e.favourable for code, e in read.endpoints.items() if e.family == "immune"} == {
        "CD3": "none", "CD4": "none", "CD8": "none", "CD4_CD8": "none",
    }  # fmt: skip
    assert read.endpoints["VEGF"].favourable == "none"


def test_rows_follow_the_order_that_is_asked_for():
    read = plan.read(declared(), VISITS, ["ADC", "TGAB"])
    assert list(read.endpoints) == ["ADC", "TGAB", "VEGF"]
    assert list(read.families) == ["imaging", "serum"]


# ---- pairs --------------------------------------------------------------------------------------------------------


@given(st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_shuffled_rows_change_nothing(random):
    values, people = cohort(6), people_of(6)
    order = list(values.index)
    random.shuffle(order)
    shuffled = values.loc[order].reset_index(drop=True)
    one, other = (primary(frame, people, plan_of()) for frame in (values, shuffled))
    pd.testing.assert_frame_equal(one, other)


def test_pairs_are_made_by_participant_not_by_row():
    rows = [("sub-01", "baseline", "ADC", 1.0), ("sub-02", "baseline", "ADC", 2.0), ("sub-03", "baseline", "ADC", 5.0)]
    rows += [("sub-03", "month6", "ADC", 5.5), ("sub-02", "month6", "ADC", 2.25)]
    pairs = endpoints.pairs(values_of(rows), "baseline", "month6", VISITS).dropna(subset=["before", "after"])
    assert (pairs["after"] - pairs["before"]).to_dict() == {"sub-02": 0.25, "sub-03": 0.5}


def test_adc_is_compared_with_the_same_lesions_at_baseline():
    # ten ml at 1.0 and ten ml at 1.6 before; the first lesion has gone, the second has not changed
    rows = [("sub-01", "baseline", "ADC", 1.3), ("sub-01", "month6", "ADC", 1.6, None, None, 1.6)]
    pairs = endpoints.pairs(values_of(rows), "baseline", "month6", VISITS)
    assert pairs.loc["sub-01", "after"] - pairs.loc["sub-01", "before"] == 0
    assert endpoints.course(values_of(rows), "baseline")["number"].tolist() == pytest.approx([1.3, 1.3])


def test_the_partner_of_an_adc_belongs_to_the_baseline_of_the_regions_alone():
    row = {"participant_id": "sub-01", "day": 0, "flags": None, "exceeds_repeatability": None}
    people = pd.DataFrame(
        [
            {**row, "visit": "baseline", "status": "baseline", "adc": 1.3, "adc_baseline": 1.3},
            {**row, "visit": "month1", "status": "matched", "adc": 1.6, "adc_baseline": 1.6},
            {**row, "visit": "month3", "status": "no lesion", "adc": np.nan, "adc_baseline": np.nan},
        ]
    )
    people["exceeds_repeatability"] = people["exceeds_repeatability"].astype("boolean")
    assert endpoints.of_adc(people, "baseline")["reference"].tolist()[1] == 1.6
    assert endpoints.of_adc(people, "month1")["reference"].isna().all()
    assert endpoints.of_adc(people, "baseline")["flag"].tolist()[2] == "no lesion"


def test_last_is_the_latest_value_on_treatment():
    values = values_of([("sub-01", visit, "ADC", float(i)) for i, visit in enumerate(VISITS)])
    values["on_treatment"] = values["visit"] != "month6"
    last = endpoints.pairs(values, "baseline", "last", VISITS)
    assert (last.loc["sub-01", "after"], last.loc["sub-01", "day_after"]) == (2.0, 90)


def test_gather_keeps_one_value_a_visit_and_says_what_it_left_out():
    row = {"visit": "baseline", "day": 0, "qualifier": None, "limit": None, "unit": "x", "flag": None, "record": "r"}
    labs = pd.DataFrame(
        [
            {**row, "participant_id": who, "analyte": "VEGF", "value": v}
            for who, v in (("sub-01", 1), ("sub-01", 2), (None, 3))
        ]
    )
    kept, excluded = endpoints.gather([endpoints.of_labs(labs)], people_of(1), VISITS)
    assert kept["value"].tolist() == [1]
    assert sorted(row["reason"] for row in excluded) == ["duplicate", "unknown participant"]


def test_populations_follow_flags():
    rows = [("sub-01", "baseline", "TGAB", 9, None, "tgab positive; assay unlike"), ("sub-01", "month6", "TGAB", 5)]
    rows += [("sub-02", "baseline", "TGAB", 9), ("sub-02", "month6", "TGAB", 8, None, "tgab positive")]
    pairs = endpoints.pairs(values_of(rows), "baseline", "month6", VISITS)
    keep = {"with_flags_before": ["tgab positive"], "without_flags": []}
    drop = {"with_flags_before": [], "without_flags": ["tgab positive"]}
    assert list(endpoints.in_population(pairs, keep).index) == ["sub-01"]
    assert list(endpoints.in_population(pairs, drop).index) == []


# ---- comparisons --------------------------------------------------------------------------------------------------


def test_the_declared_test_and_scale_are_what_is_reported():
    rows = primary(cohort(12), people_of(14), plan_of())
    assert rows["estimator"].to_dict() == {
        "VEGF": "geometric mean ratio", "TGAB": "Hodges-Lehmann", "ADC": "mean difference",
    }  # fmt: skip
    assert (rows["n"] == 12).all()
    assert (rows["n_missing"] == 2).all()
    assert rows["missing_reasons"].iloc[0] == "2 no value at baseline: not measured"
    assert rows.loc["ADC", "favourable"] == "favourable"
    assert rows.loc["TGAB", "favourable"] == "unfavourable"
    assert rows.loc["VEGF", "favourable"] == "not declared"


def test_families_are_adjusted_apart_and_keep_their_declared_size():
    rows = primary(cohort(12, codes=("VEGF", "ADC")), people_of(12), plan_of())
    assert rows.loc["TGAB", "status"] == "not estimated"
    assert rows.loc["VEGF", "p_adjusted"] == pytest.approx(min(1, 2 * rows.loc["VEGF", "p"]))
    assert rows.loc["ADC", "p_adjusted"] == rows.loc["ADC", "p"]


def test_what_the_plan_does_not_name_is_exploratory_and_unadjusted():
    rows = comparison_rows(cohort(9, codes=("ADC", "MCS")), people_of(9), plan_of())
    mcs = rows[rows["endpoint"] == "MCS"]
    assert mcs["analysis"].tolist() == ["exploratory"]
    assert mcs["p_adjusted"].isna().all()


def test_values_beyond_a_limit_are_tested_by_their_order():
    rows = [(f"sub-{i:02d}", "baseline", "TGAB", 10.0 + i) for i in range(1, 9)]
    rows += [(f"sub-{i:02d}", "month6", "TGAB", 5.0, "<") for i in range(1, 8)]
    rows += [("sub-08", "month6", "TGAB", 25.0, "<")]
    row = primary(values_of(rows), people_of(8), plan_of()).loc["TGAB"]
    assert row["test"] == "sign test (7 fell, 0 rose, 0 equal, 1 undetermined)"
    assert (row["n_censored"], row["n_undetermined"], row["estimate"]) == (8, 1, 1.0)
    assert row["p"] == pytest.approx(2 / 2**7)
    assert row["direction"] == "fall"
    against = comparison_rows(values_of(rows), people_of(8), plan_of()).query("analysis == 'sensitivity'")
    assert against["p"].iloc[0] == pytest.approx(stats.binomtest(1, 8).pvalue)


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ((0.5, "<"), (0.5, ""), 1), ((0.5, "<="), (0.5, ""), None), ((0.5, "<"), (0.2, "<"), None),
        ((0.6, ""), (0.5, "<"), -1), ((0.3, ""), (0.5, "<"), None), ((900, ">"), (900, ""), -1),
        ((900, ">"), (1000, ">"), None), ((0.1, "<"), (900, ">"), 1), ((1, ""), (1, ""), 0), ((900, ">="), (900, ""), None),
    ],
)  # fmt: skip
def test_what_two_limits_say_about_a_direction(before, after, direction):
    sides = [censored.bounds(np.array([float(v)]), np.array([q], dtype=object)) for v, q in (before, after)]
    result = censored.directions(*sides)[0]
    assert np.isnan(result) if direction is None else result == direction


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=3, max_size=9))
@settings(max_examples=40, deadline=None)
def test_prentice_wilcoxon_without_limits_is_the_paired_test_of_pooled_ranks(pairs):
    values = np.array(pairs, float)
    result = censored.prentice_wilcoxon(values, np.full(values.shape, "", dtype=object))
    gaps = np.diff(stats.rankdata(values).reshape(values.shape), axis=1).ravel()
    expected = gaps.sum() / np.sqrt((gaps**2).sum()) if (gaps != 0).any() else 0.0
    assert result.statistic == pytest.approx(expected, abs=1e-9)
    swapped = censored.prentice_wilcoxon(values[:, ::-1], np.full(values.shape, "", dtype=object))
    assert swapped.p == pytest.approx(result.p)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=9), st.sampled_from(["drop", "pratt"]))
@settings(max_examples=60, deadline=None)
def test_exact_signed_rank_counts_every_flip_of_signs(gaps, zeros):
    gaps = np.array(gaps, float)
    kept = gaps[gaps != 0] if zeros == "drop" else gaps
    ranks = stats.rankdata(np.abs(kept))[kept != 0]
    statistic = ranks[kept[kept != 0] > 0].sum()
    flips = np.array(np.meshgrid(*[[0, 1]] * len(ranks))).reshape(len(ranks), -1).T if len(ranks) else np.zeros((1, 0))
    sums = flips @ ranks
    expected = min(1.0, 2 * min(np.mean(sums <= statistic + 1e-9), np.mean(sums >= statistic - 1e-9)))
    assert signedrank.signed_rank(gaps, zeros).p == pytest.approx(expected)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20), st.floats(-50, 50))
@settings(max_examples=40, deadline=None)
def test_the_hodges_lehmann_estimate_moves_with_the_data_and_lies_in_its_interval(gaps, by):
    one, other = signedrank.shift(np.array(gaps)), signedrank.shift(np.array(gaps) + by)
    assert one.low <= one.estimate <= one.high
    np.testing.assert_allclose(np.array(other[:3]) - np.array(one[:3]), by, atol=1e-9)


def test_the_noise_of_floating_point_breaks_no_tie_and_makes_no_change():
    before, after = np.array([0.1, 0.2, 0.3, 0.7]), np.array([0.3, 0.4, 0.5, 0.7])
    rows = [(f"sub-{i:02d}", "baseline", "TGAB", float(v)) for i, v in enumerate(before + 1, 1)]
    rows += [(f"sub-{i:02d}", "month6", "TGAB", float(v)) for i, v in enumerate(after + 1, 1)]
    row = primary(values_of(rows), people_of(4), plan_of()).loc["TGAB"]
    assert row["test"].endswith("1 zero changes left out")
    assert row["p"] == 0.25


# ---- edges: a row with a reason, never a warning or a crash ---------------------------------------------------------

EDGES = {
    "nothing": [],
    "one participant": [("sub-01", "baseline", "X", 1.0), ("sub-01", "month6", "X", 2.0)],
    "one visit": [(f"sub-{i:02d}", "baseline", "X", float(i)) for i in range(1, 9)],
    "two participants": [(f"sub-{i:02d}", v, "X", i + 0.1 * k**i) for i in (1, 2) for k, v in enumerate(VISITS)],
    "all equal": [(f"sub-{i:02d}", v, "X", 2.0) for i in range(1, 9) for v in VISITS],
    "all changes equal": [(f"sub-{i:02d}", v, "X", i + 0.5 * k) for i in range(1, 9) for k, v in enumerate(VISITS)],
    "all below the limit": [(f"sub-{i:02d}", v, "X", 0.5, "<") for i in range(1, 9) for v in VISITS],
    "all above the limit": [(f"sub-{i:02d}", v, "X", 900.0, ">") for i in range(1, 9) for v in VISITS],
    "both limits": [
        (f"sub-{i:02d}", v, "X", 0.5 if i % 2 else 900.0, "<" if i % 2 else ">") for i in range(1, 9) for v in VISITS
    ],
    "nobody twice": [(f"sub-{i:02d}", v, "X", float(i)) for i, v in enumerate([*VISITS] * 3, 1)],
    "zero and negative": [(f"sub-{i:02d}", v, "X", i - 4.0 * k) for i in range(1, 9) for k, v in enumerate(VISITS)],
    "values without number": [(f"sub-{i:02d}", v, "X", None, None, "too few items") for i in range(1, 9) for v in VISITS],
    "one with all": [("sub-01", v, "X", float(k)) for k, v in enumerate(VISITS)],
    "huge and tiny": [
        (f"sub-{i:02d}", v, "X", 10.0 ** (i * 30 - 120) * (1 + k)) for i in range(1, 8) for k, v in enumerate(VISITS)
    ],
}  # fmt: skip


@pytest.mark.parametrize("code", ["VEGF", "TGAB", "ADC"])
@pytest.mark.parametrize("name", EDGES)
def test_every_edge_has_a_row_with_a_reason(name, code):
    rows = [(who, visit, code, *rest) for who, visit, _, *rest in EDGES[name]]
    values, people, read = values_of(rows), people_of(8), plan_of()
    found = comparison_rows(values, people, read)
    shown = found[(found["analysis"] == "primary") & (found["endpoint"] == code)]
    assert len(shown) == 1
    bad = found[found["status"] != "ok"]
    assert bad["reason"].notna().all()
    ok = found[found["status"] == "ok"]
    assert ok[["estimate", "p"]].notna().all().all()
    for frame in (
        tables.typed(trend.table(values, values_of([]), read), "statistics", "trend"),
        tables.typed(imputation.table(values, people, read), "statistics", "sensitivity"),
        tables.typed(response.table(values, None, people, read)[0], "statistics", "adc_response"),
    ):
        assert frame[frame["status"] == "not estimated"]["reason"].notna().all()
    tables.typed(absence.table(values, people, read), "statistics", "missing")
    tables.typed(conventions.table(values, read), "statistics", "conventions")


@pytest.mark.parametrize("name", EDGES)
def test_one_lesion_and_other_edges_of_lesions(name):
    lesions = pd.DataFrame(
        [(who, "L1", visit, VISITS[visit]["day"], value, 1.0) for who, visit, _, value, *_ in EDGES[name] if value is not None],
        columns=["participant_id", "lesion", "visit", "day", "value", "volume_ml"],
    )  # fmt: skip
    lesions = tables.typed(lesions if len(lesions) else [], "statistics", "lesion_values")
    rows = tables.typed(trend.table(values_of([]), lesions, plan_of()), "statistics", "trend")
    assert rows[rows["status"] == "not estimated"]["reason"].notna().all()


CELL = st.one_of(st.none(), st.integers(-3, 12).map(float), st.floats(0.01, 50))
QUALIFIER = st.sampled_from([None, None, None, "<", ">", "<=", ">="])


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(list(VISITS)), CELL, QUALIFIER), max_size=20))
@settings(max_examples=12, deadline=None)
def test_any_values_give_whole_tables(cells):
    unique = {(who, visit): (value, qualifier) for who, visit, value, qualifier in cells}
    rows = [
        (f"sub-{who:02d}", visit, code, value, qualifier if value is not None else None)
        for (who, visit), (value, qualifier) in unique.items()
        for code in ("VEGF", "TGAB", "ADC")
    ]
    values, people, read = values_of(rows), people_of(5), plan_of(missing={"imputations": 3, "tipping_steps": 3})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = comparison_rows(values, people, read)
        made = {
            "paired": found,
            "trend": tables.typed(trend.table(values, values_of([]), read), "statistics", "trend"),
            "sensitivity": tables.typed(imputation.table(values, people, read), "statistics", "sensitivity"),
            "adc_response": tables.typed(response.table(values, None, people, read)[0], "statistics", "adc_response"),
        }
    assert found["p"].dropna().between(0, 1).all()
    whole = found.dropna(subset=["estimate", "ci_low", "ci_high"])
    assert (whole["ci_low"] <= whole["estimate"] + 1e-9).all()
    assert (whole["estimate"] <= whole["ci_high"] + 1e-9).all()
    narrative.results(read, made)


def test_tables_hold_only_the_levels_of_their_contract():
    values, people, read = cohort(12), people_of(13), plan_of()
    values.loc[values["endpoint"].eq("TGAB") & (values["value"] < 3), ["value", "qualifier"]] = [3.0, "<"]
    values.loc[values["endpoint"].eq("ADC") & (values["visit"] == "month6"), "flag"] = endpoints.BEYOND_REPEATABILITY
    best = best_of(13, ["PR"] * 6 + ["SD"] * 6 + ["MISSING"])
    lesions = values[values["endpoint"] == "ADC"].assign(lesion="L1", volume_ml=1.0)
    lesions = tables.typed(lesions[[*tables.columns("statistics", "lesion_values")]], "statistics", "lesion_values")
    answers, curves = response.table(values, best, people, read)
    made = {
        "paired": paired.table(values, people, read),
        "trend": trend.table(values, lesions, read),
        "adc_response": answers,
        "roc": curves,
        "missing": absence.table(values, people, read),
        "sensitivity": imputation.table(values, people, read),
        "conventions": conventions.table(values, read),
    }
    for table, rows in made.items():
        frame = tables.typed(rows, "statistics", table)
        assert len(frame), table
        for column, facts in tables.columns("statistics", table).items():
            if "levels" in facts:
                assert set(frame[column].dropna()) <= set(facts["levels"]), f"{table}.{column}"


# ---- courses over visits --------------------------------------------------------------------------------------------


def test_continuous_needs_every_adjacent_difference():
    up = [("a", "b", 0.2, 0.1, 0.3), ("b", "c", 0.2, 0.05, 0.3)]
    assert trend.continuous("ADC", up, 0.05)[0] == "continuous rise"
    down = [(a, b, -e, -high, -low) for a, b, e, low, high in up]
    assert trend.continuous("ADC", down, 0.05)[0] == "continuous fall"
    flat = [*up, ("c", "d", 0.01, -0.02, 0.04)]
    verdict, words = trend.continuous("ADC", flat, 0.05)
    assert verdict == "not continuous"
    assert words == (
        "ADC rose from a to b and from b to c; it showed no clear change from c to d (one-sided 95 % bounds)."
    )
    assert trend.continuous("ADC", up[:1], 0.05)[0] == "not continuous"


def test_a_rise_and_fall_is_not_called_continuous_though_slope_and_page_are_significant():
    rng = np.random.default_rng(2)
    means, n = (1.00, 1.20, 1.15, 1.10), 40
    own = rng.normal(0, 0.1, n)
    rows = [
        (f"sub-{i + 1:02d}", visit, "ADC", float(mean + own[i] + rng.normal(0, 0.07)))
        for mean, visit in zip(means, VISITS, strict=True)
        for i in range(n)
    ]
    read = plan_of()
    frame = tables.typed(trend.table(values_of(rows), values_of([]), read), "statistics", "trend")
    adc = frame[frame["endpoint"] == "ADC"].set_index("quantity")
    assert adc.loc["page", "p"] < 0.05
    assert adc.loc["continuous", "verdict"] == "not continuous"
    assert "fell" in adc.loc["continuous", "words"] or "no clear change" in adc.loc["continuous", "words"]


def test_estimated_means_of_whole_data_are_the_means_and_logs_give_ratios():
    values, read = cohort(10), plan_of()
    frame = tables.typed(trend.table(values, values_of([]), read), "statistics", "trend")
    for code, back in (("ADC", np.mean), ("VEGF", stats.gmean)):
        own = values[values["endpoint"] == code]
        means = frame[(frame["endpoint"] == code) & (frame["quantity"] == "mean")].set_index("visit")["estimate"]
        for visit in VISITS:
            assert means[visit] == pytest.approx(back(own["value"][own["visit"] == visit].astype(float)), rel=1e-6)
        steps = frame[(frame["endpoint"] == code) & (frame["quantity"] == "adjacent difference")].set_index("visit")
        gap = means["month1"] / means["baseline"] if code == "VEGF" else means["month1"] - means["baseline"]
        assert steps.loc["month1", "estimate"] == pytest.approx(gap, rel=1e-6)


def test_too_few_values_for_slopes_fall_back_and_say_so():
    values = cohort(8)
    two = values[values["visit"].isin(["baseline", "month6"])]
    frame = tables.typed(trend.table(two, values_of([]), plan_of()), "statistics", "trend")
    row = frame[(frame["quantity"] == "visits") & (frame["endpoint"] == "ADC")].iloc[0]
    assert (row["status"], row["reason"]) == ("fallback", "too few values for random slopes")
    # two visits and whole data: the mixed model is the paired t test
    t = primary(two, people_of(8), plan_of()).loc["ADC"]
    step = frame[(frame["quantity"] == "adjacent difference") & (frame["endpoint"] == "ADC")].iloc[0]
    assert (step["estimate"], step["df"], step["p"]) == pytest.approx((t["estimate"], 7, t["p"]), rel=1e-4)


def test_the_model_does_not_depend_on_the_order_of_rows_or_on_the_unit():
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(9), 4).astype(str)
    time = np.tile(np.arange(4.0), 9)
    y = rng.normal(0, 1, 9)[np.repeat(np.arange(9), 4)] + 0.3 * time + rng.normal(0, 0.5, 36)
    x = np.c_[np.ones(36), time]
    fit = mixed.fit(y, x, [likelihood.Term(groups, x)])
    order = rng.permutation(36)
    again = mixed.fit(1000 * y[order], x[order], [likelihood.Term(groups[order], x[order])])
    one, other = (f.contrast([0, 1]) for f in (fit, again))
    assert other.estimate == pytest.approx(1000 * one.estimate, rel=1e-5)
    assert other.df == pytest.approx(one.df, rel=1e-3)
    assert other.p == pytest.approx(one.p, rel=1e-3)


@given(st.integers(2, 7), st.integers(3, 5), st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_page_is_mirrored_by_a_mirrored_order(people, visits, seed):
    values = np.random.default_rng(seed).integers(0, 4, (people, visits)).astype(float)
    one, other = page.page(values), page.page(values[:, ::-1])
    assert one.z == pytest.approx(-other.z, abs=1e-9)
    assert one.p == pytest.approx(other.p, rel=1e-9)


# ---- ADC and response -------------------------------------------------------------------------------------------------


def best_of(n, responses, day=70, progression=None):
    frame = pd.DataFrame({"participant_id": [f"sub-{i:02d}" for i in range(1, n + 1)], "confirmed_best": responses})
    return frame.assign(best=frame["confirmed_best"], day=day, confirmed_day=day, progression_day=progression)


def test_a_response_that_was_known_by_then_does_not_enter():
    values, people, read = cohort(8, codes=("ADC",)), people_of(8), plan_of()
    best = best_of(8, ["PR", "PR", "PR", "PR", "SD", "SD", "PD", "NE"], day=[30, 31, 70, 70, 70, 70, 20, 70])
    best["progression_day"] = [None, None, None, None, None, 200, 20, None]
    known = response.predictor("early change of ADC", values, read)
    cases, others, out = response.groups(known, best, people, read)
    assert (len(cases), len(others)) == (3, 2)
    assert dict(out) == {"response or progression known by then": 2, "response not evaluable": 1}
    rows, _ = response.table(values, best, people, read)
    frame = tables.typed(rows, "statistics", "adc_response")
    early = frame[(frame["predictor"] == "early change of ADC") & (frame["quantity"] == "AUC")]
    assert early["landmark"].str.startswith("none").sum() == 1  # what the landmark changes stands beside it


def test_a_fixed_landmark_also_leaves_out_what_was_measured_after_it():
    read = plan_of(
        adc_response={"early": None, "landmark_day": 20, "confirmed": True, "markers": None, "bootstrap": 200}
    )
    values, people = cohort(6, codes=("ADC",)), people_of(6)
    known = response.predictor("early change of ADC", values, read)
    cases, others, out = response.groups(known, best_of(6, ["PR"] * 3 + ["SD"] * 3), people, read)
    assert len(cases) + len(others) == 0
    assert dict(out) == {"ADC after the landmark": 6}


@pytest.mark.parametrize("flip", [False, True])
def test_complete_separation_has_an_interval_that_is_not_a_point(flip):
    cases, others = np.arange(10, 18.0), np.arange(8.0)
    area = discrimination.area(others, cases) if flip else discrimination.area(cases, others)
    assert area.method == "Newcombe"
    assert area.estimate == (0.0 if flip else 1.0)
    assert 0.05 < area.high - area.low < 0.5


def test_the_logit_interval_stays_inside_and_gives_way_at_the_edge():
    cases, others = np.array([3.0, 4, 5, 6, 9, 2]), np.array([1.0, 2.5, 0, 3.5])
    plain, logit = discrimination.area(cases, others), discrimination.logit_area(cases, others)
    assert plain.high == 1.0
    assert logit.low < logit.estimate == plain.estimate < logit.high < 1
    assert discrimination.logit_area(cases + 9, others).method == "Newcombe"


@given(st.lists(st.integers(0, 6), min_size=2, max_size=8), st.lists(st.integers(0, 6), min_size=2, max_size=8))
@settings(max_examples=40, deadline=None)
def test_the_area_is_the_chance_of_a_higher_value(cases, others):
    area = discrimination.area(np.array(cases, float), np.array(others, float))
    wins = np.mean([(a > b) + 0.5 * (a == b) for a in cases for b in others])
    assert area.estimate == pytest.approx(wins)
    assert 0 <= area.low <= area.estimate <= area.high <= 1
    _, false_positive, true_positive = discrimination.curve(np.array(cases, float), np.array(others, float))
    assert np.trapezoid(true_positive, false_positive) == pytest.approx(wins)


# ---- missing values ---------------------------------------------------------------------------------------------------


def test_missing_values_have_reasons_patterns_and_courses():
    values = cohort(4, codes=("ADC",))
    gone = ((values["participant_id"] == "sub-02") & (values["visit"] == "month6")) | (
        (values["participant_id"] == "sub-03") & values["visit"].isin(["month3", "month6"])
    )
    people = people_of(5, last_contact=[300, 300, 50, 300, 300], death=[pd.NA, pd.NA, pd.NA, pd.NA, -1])
    rows = tables.typed(absence.table(values[~gone], people, plan_of()), "statistics", "missing")
    adc = rows[rows["endpoint"] == "ADC"]
    reasons = adc[(adc["kind"] == "reason") & (adc["visit"] == "month6")].set_index("reason")["n"].to_dict()
    assert reasons == {"not measured": 1, "follow-up ended before": 1, "died before": 1}
    patterns = adc[adc["kind"] == "pattern"].set_index("pattern")["n"].to_dict()
    assert patterns == {"1111": 2, "1110": 1, "1100": 1, "0000": 1}
    course = adc[(adc["kind"] == "course") & (adc["visit"] == "baseline")].set_index("reason")["n"].to_dict()
    assert course == {"value at month6": 2, "not measured": 1, "follow-up ended before": 1}


def test_imputation_keeps_what_is_known_and_repeats_itself():
    rng = np.random.default_rng(1)
    known = rng.normal(size=(12, 3))
    known[2, 2] = known[5, 1] = np.nan
    one, other = (imputation.impute(known, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one[~np.isnan(known)], known[~np.isnan(known)])
    assert np.isfinite(one).all()


def test_rubins_rules_without_missing_values_are_the_t_test():
    gaps = np.random.default_rng(2).normal(0.4, 1, 15)
    pooled, t = imputation.pool([gaps, gaps, gaps]), effects.paired_t(gaps)
    assert pooled.estimate == pytest.approx(t.estimate)
    assert pooled.se == pytest.approx(t.estimate / t.statistic)
    assert pooled.fraction == 0


def test_a_tipping_point_goes_against_the_effect():
    values, people = cohort(20, effect=0.6, codes=("ADC",)), people_of(20)
    late = values["participant_id"].isin([f"sub-{i:02d}" for i in range(1, 8)]) & (values["visit"] == "month6")
    rows = tables.typed(imputation.table(values[~late], people, plan_of()), "statistics", "sensitivity")
    row = rows[(rows["endpoint"] == "ADC") & (rows["method"] == "tipping point")].iloc[0]
    assert row["n_imputed"] == 7
    assert row["tipping_shift"] < 0 < row["estimate"]
    assert row["p"] >= 0.05


# ---- words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.399426, "0.399"), (-36.0, "−36.0"), (9.99999, "10.0"), (0, "0.00"), (1234.5, "1234"), (-0.0001234, "−0.000123"),
        (None, "not estimated"), (float("inf"), "infinity"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(1e-9, "p < 0.001"), (0.0123, "p = 0.012"), (0.2, "p = 0.20"), (0.999, "p > 0.99"), (None, "p not estimated")],
)
def test_p_values_are_never_zero_or_ns(p, text):
    assert wording.p_text(p) == text


def test_every_number_of_the_text_stands_in_the_table():
    read, people = plan_of(), people_of(12)
    rows = comparison_rows(cohort(12), people, read)
    row = rows[(rows["analysis"] == "primary") & (rows["endpoint"] == "ADC")].iloc[0]
    text = narrative.change(row, read)
    for column in ("estimate", "ci_low", "ci_high"):
        assert wording.number(row[column]) in text
    assert f"n = {row['n']} pairs" in text
    assert wording.p_text(row["p"]) in text
    assert "improve" not in text


def test_methods_say_what_the_plan_says_and_cite_what_exists():
    values, people, read = cohort(12), people_of(12), plan_of()
    made = {
        "paired": comparison_rows(values, people, read),
        "trend": tables.typed(trend.table(values, values_of([]), read), "statistics", "trend"),
        "sensitivity": tables.typed(imputation.table(values, people, read), "statistics", "sensitivity"),
        "adc_response": tables.typed(response.table(values, None, people, read)[0], "statistics", "adc_response"),
    }
    digest = plan.digest(declared(), VISITS)
    paragraphs = wording.methods(read, digest, made, "Python")
    text = " ".join(p["text"] for p in paragraphs)
    assert digest in text
    assert "month6 against baseline" in text
    assert "{" not in text
    references = yaml.safe_load((HOME / "resources/statistics/references.yaml").read_text(encoding="utf-8"))
    assert {r for p in paragraphs for r in p["references"]} <= set(references)
    words = yaml.safe_load((HOME / "resources/statistics/methods.yaml").read_text(encoding="utf-8"))
    assert {r for entry in words.values() for r in entry.get("references", [])} <= set(references)


def test_checklists_leave_to_the_authors_what_the_study_has_not():
    items = yaml.safe_load((HOME / "resources/statistics/checklists.yaml").read_text(encoding="utf-8"))
    without, whole = wording.checklists(items, []), wording.checklists(items, ["adverse_events"])
    assert {row["answered"] for rows in whole.values() for row in rows} <= {
        "yes",
        "partly",
        "authors",
        "not applicable",
    }
    harm = {row["item"]: row for row in without["TREND"]}["19"]
    assert (harm["answered"], harm["where"]) == ("authors", "not in this study: adverse_events")


# ---- other ----------------------------------------------------------------------------------------------------------------


def test_a_verdict_needs_the_whole_interval():
    answer = {
        "estimate": 0.2,
        "null_value": 0.0,
        "ci_low": 0.1,
        "ci_high": 0.3,
        "estimator": "mean difference",
        "test": "t",
    }
    assert comparison.verdict(answer, "rise")["favourable"] == "favourable"
    assert comparison.verdict(answer, "fall")["favourable"] == "unfavourable"
    assert comparison.verdict(answer | {"ci_low": -0.1}, "rise")["favourable"] == "inconclusive"
    assert comparison.verdict(answer | {"ci_low": None}, "rise")["favourable"] == "inconclusive"
    assert comparison.verdict(answer, "none")["favourable"] == "not declared"


def test_adjustment_of_nothing_is_nothing():
    assert len(multiplicity.adjusted([], "holm")) == 0
    np.testing.assert_array_equal(multiplicity.adjusted([0.2, 0.1], "none"), [0.2, 0.1])


def test_noncentral_intervals_hold_for_extreme_statistics():
    assert effects.noncentrality(0.0, 5, 0.5) == pytest.approx(0, abs=1e-9)
    low, high = effects.noncentrality(30.0, 39, 0.975), effects.noncentrality(30.0, 39, 0.025)
    assert low < 30 < high
    assert stats.nct.cdf(30.0, 39, low) == pytest.approx(0.975, abs=1e-6)


@pytest.mark.parametrize("df", [1.0, 2.0, 3.0, 7.0])
@pytest.mark.parametrize("statistic", [-60.0, 3.0, 12.0, 40.0, 300.0])
def test_huge_effects_of_few_pairs_have_an_interval(statistic, df):
    low, high = effects.noncentrality(statistic, df, 0.975), effects.noncentrality(statistic, df, 0.025)
    assert low < statistic < high
    assert np.isfinite([low, high]).all()


def test_the_quadrature_agrees_with_the_series_where_both_are_there(monkeypatch):
    by_series = effects.noncentrality(4.0, 6, 0.025)
    monkeypatch.setattr(effects.special, "nctdtr", lambda *_: np.nan)
    assert effects.noncentrality(4.0, 6, 0.025) == pytest.approx(by_series, abs=1e-4)


@pytest.mark.parametrize(("y", "rho", "p"), [
    ([1, 2, 3], 1.0, 2 / 6),
    ([1, 2, 3, 4], 1.0, 2 / 24),
    ([5, 4, 3, 2, 1], -1.0, 2 / 120),
    ([2, 1, 3, 4, 5], 0.9, 2 * 5 / 120),  # the published table of exact probabilities
])  # fmt: skip
def test_a_rank_correlation_of_few_pairs_has_its_exact_p(y, rho, p):
    found = discrimination.spearman(np.arange(len(y)), np.array(y))
    assert (found[0], found[3]) == (pytest.approx(rho), pytest.approx(p))
