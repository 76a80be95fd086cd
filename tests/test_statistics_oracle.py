"""Statistics against R: tests/oracle/make_answers.R made the answers, with the versions in them; R is not needed here."""

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from adcohort.statistics import (
    censored,
    conventions,
    discrimination,
    effects,
    likelihood,
    mixed,
    multiplicity,
    page,
    response,
    signedrank,
)
from scipy import stats

ANSWERS = json.loads((Path(__file__).parent / "oracle" / "answers.json").read_text(encoding="utf-8"))
PAIRS = ANSWERS["pairs"]
MIXED = ANSWERS["mixed"]
CLOSE = {"rtol": 1e-6, "atol": 1e-12}


def changes(answer):
    return np.round(np.array(answer["after"]) - np.array(answer["before"]), 8)


def test_the_answers_name_their_versions():
    assert set(ANSWERS["versions"]) == {
        "R", "lme4", "lmerTest", "emmeans", "coin", "exactRankTests", "pROC", "mvtnorm",
    }  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_paired_t(name):
    answer, result = PAIRS[name]["t"], effects.paired_t(changes(PAIRS[name]))
    np.testing.assert_allclose(
        [result.estimate, result.low, result.high, result.statistic, result.p],
        [answer["estimate"], *answer["ci"], answer["statistic"], answer["p"]],
        **CLOSE,
    )


@pytest.mark.parametrize("name", [name for name in PAIRS if PAIRS[name].get("log_t")])
def test_geometric_mean_ratio(name):
    answer = PAIRS[name]["log_t"]
    result = effects.paired_t(np.log(PAIRS[name]["after"]) - np.log(PAIRS[name]["before"]))
    ours = [*np.exp([result.estimate, result.low, result.high]), result.p]
    np.testing.assert_allclose(ours, [answer["ratio"], *answer["ci"], answer["p"]], **CLOSE)


@pytest.mark.parametrize("name", PAIRS)
def test_exact_signed_rank_with_ties_and_zeros(name):
    gaps = changes(PAIRS[name])
    assert signedrank.signed_rank(gaps).p == pytest.approx(PAIRS[name]["wilcox_exact"]["p"], rel=1e-9)
    assert signedrank.signed_rank(gaps).p == pytest.approx(PAIRS[name]["coin_wilcoxon_p"], rel=1e-9)
    assert signedrank.signed_rank(gaps, "pratt").p == pytest.approx(PAIRS[name]["coin_pratt_p"], rel=1e-9)


@pytest.mark.parametrize("name", ["anorexia_ft", "small"])
def test_hodges_lehmann_without_ties(name):
    answer, result = PAIRS[name]["wilcox_test"], signedrank.shift(changes(PAIRS[name]))
    np.testing.assert_allclose([result.estimate, result.low, result.high], [answer["estimate"], *answer["ci"]], **CLOSE)


@pytest.mark.parametrize("name", PAIRS)
def test_hodges_lehmann_with_ties_is_the_median_of_walsh_averages(name):
    # wilcox.test finds it numerically for tied values (and drops zeros, which we keep)
    gaps = changes(PAIRS[name])
    if (gaps != 0).all():
        assert signedrank.shift(gaps).estimate == pytest.approx(PAIRS[name]["wilcox_test"]["estimate"], abs=1e-3)


@pytest.mark.parametrize("name", PAIRS)
def test_conventions_of_r_are_those_of_r(name):
    gaps = changes(PAIRS[name])
    assert conventions.r_wilcoxon(gaps) == pytest.approx(PAIRS[name]["wilcox_test"]["p"], rel=1e-9)
    assert conventions.spss_wilcoxon(gaps) == pytest.approx(PAIRS[name]["wilcox_plain_p"], rel=1e-9)
    quartiles = PAIRS[name]["quartiles"]
    np.testing.assert_allclose(np.quantile(PAIRS[name]["after"], [0.25, 0.5, 0.75]), quartiles["type7"], **CLOSE)
    weighted = np.quantile(PAIRS[name]["after"], [0.25, 0.5, 0.75], method="weibull")
    np.testing.assert_allclose(weighted, quartiles["type6"], **CLOSE)


@pytest.mark.parametrize("name", PAIRS)
def test_sign_test(name):
    answer, result = PAIRS[name]["sign"], censored.sign_test(np.sign(changes(PAIRS[name])))
    ours = [result.share, result.low, result.high, result.p]
    np.testing.assert_allclose(ours, [answer["share"], *answer["ci"], answer["p"]], **CLOSE)


@pytest.mark.parametrize("name", PAIRS)
def test_standardised_effect_by_the_noncentral_t_distribution(name):
    answer, gaps = PAIRS[name]["dz"], changes(PAIRS[name])
    effect = effects.dz(gaps)
    np.testing.assert_allclose([*effect], [answer["estimate"], *answer["ci"]], **CLOSE)
    assert effects.hedges(effect, len(gaps) - 1).estimate == pytest.approx(answer["hedges"], rel=1e-9)


@pytest.mark.parametrize("method", ["holm", "hochberg", "bh"])
def test_adjustment(method):
    np.testing.assert_allclose(
        multiplicity.adjusted(ANSWERS["adjust"]["p"], method), ANSWERS["adjust"][method], **CLOSE
    )


def model(name):
    data = MIXED[name]["data"]
    keys = {"Dog": ("Dog", "day", "pixel"), "id": ("id", "time", "y")}
    who, when, what = next((keys[k] for k in keys if k in data), ("Subject", *[k for k in data if k != "Subject"]))
    groups, time, y = np.array(data[who]), np.array(data[when], float), np.array(data[what], float)
    ones = np.ones((len(y), 1))
    x = np.c_[ones, time[:, None] == np.unique(time)[1:]] if name.endswith("visits") else np.c_[ones, time]
    slopes = name not in ("sleepstudy_intercept", "orthodont_visits", "singular")
    terms = [likelihood.Term(groups, np.c_[ones, time] if slopes else ones)]
    if "Side" in data:
        sides = np.array([f"{dog}/{side}" for dog, side in zip(data["Dog"], data["Side"], strict=True)])
        terms.append(likelihood.Term(sides, ones))
    return mixed.fit(y, x, terms), x


@pytest.mark.parametrize("name", MIXED)
def test_mixed_models_are_those_of_lme4_and_lmertest(name):
    fit, x = model(name)
    answer = MIXED[name]["fixed"]
    contrasts = [fit.contrast(row) for row in np.eye(x.shape[1])]
    assert fit.converged
    assert fit.singular == answer["singular"]
    assert -fit.deviance / 2 == pytest.approx(answer["loglik"], abs=1e-8)
    assert fit.sigma == pytest.approx(answer["sigma"], rel=1e-6)
    np.testing.assert_allclose([c.estimate for c in contrasts], answer["estimate"], rtol=1e-5)
    np.testing.assert_allclose([c.se for c in contrasts], answer["se"], rtol=1e-5)
    np.testing.assert_allclose([c.df for c in contrasts], answer["df"], rtol=1e-5)
    np.testing.assert_allclose([c.p for c in contrasts], answer["p"], rtol=1e-4)
    spreads = np.concatenate([spread for spread, _ in fit.random_sd()])
    theirs = [value for value in answer["sds"][:-1] if not np.isclose(value, _correlation(fit), atol=1e-4)]
    np.testing.assert_allclose(sorted(spreads), sorted(theirs), rtol=1e-4, atol=1e-6)


def _correlation(fit):
    correlation = fit.random_sd()[0][1]
    return correlation[0, 1] if len(correlation) > 1 else np.nan


@pytest.mark.parametrize("name", [name for name in MIXED if "visits" in MIXED[name]])
def test_means_and_adjacent_differences_are_those_of_emmeans(name):
    fit, x = model(name)
    visits, joint = MIXED[name]["visits"], MIXED[name]["joint"]
    cells = np.eye(x.shape[1])
    cells[:, 0] = 1
    means = [fit.contrast(cell) for cell in cells]
    np.testing.assert_allclose([m.estimate for m in means], visits["mean"], rtol=1e-6)
    np.testing.assert_allclose([m.interval()[0] for m in means], visits["low"], rtol=1e-5)
    np.testing.assert_allclose([m.interval()[1] for m in means], visits["high"], rtol=1e-5)
    steps = [fit.contrast(after - before) for before, after in itertools.pairwise(cells)]
    np.testing.assert_allclose([s.estimate for s in steps], visits["diff"], rtol=1e-5)
    np.testing.assert_allclose([s.se for s in steps], visits["diff_se"], rtol=1e-5)
    np.testing.assert_allclose([s.df for s in steps], visits["diff_df"], rtol=1e-4)
    np.testing.assert_allclose([s.p for s in steps], visits["diff_p"], rtol=1e-4)
    test = fit.joint(mixed.sequential(x)[1:])
    ours = [test.statistic, test.df, test.df_denominator, test.p]
    np.testing.assert_allclose(ours, [joint["f"], joint["df"], joint["df2"], joint["p"]], rtol=1e-4)


def test_sleepstudy_is_the_published_one():
    fit, _ = model("sleepstudy")
    slope = fit.contrast([0, 1])
    assert [round(v, 4) for v in (slope.estimate, slope.se)] == [10.4673, 1.5458]
    assert slope.df == pytest.approx(17, abs=1e-4)
    assert slope.p == pytest.approx(3.26e-6, rel=2e-3)
    assert -fit.deviance / 2 == pytest.approx(-871.814, abs=5e-4)
    spread, correlation = fit.random_sd()[0]
    assert (*spread, fit.sigma) == pytest.approx((24.741, 5.922, 25.592), abs=1e-3)
    assert round(correlation[0, 1], 3) == 0.066


@pytest.mark.parametrize("name", ANSWERS["roc"])
def test_area_under_the_curve_is_that_of_proc(name):
    answer = ANSWERS["roc"][name]
    y, x = np.array(answer["y"]), np.array(answer["x"], float)
    result = discrimination.area(x[y == 1], x[y == 0])
    np.testing.assert_allclose([result.estimate, result.low, result.high], [answer["auc"], *answer["ci"]], **CLOSE)
    _, false_positive, true_positive = discrimination.curve(x[y == 1], x[y == 0])
    np.testing.assert_allclose(false_positive, answer["fpr"], atol=1e-12)
    np.testing.assert_allclose(true_positive, answer["tpr"], atol=1e-12)
    corrected = stats.mannwhitneyu(x[y == 1], x[y == 0], method="asymptotic")
    assert corrected.pvalue == pytest.approx(answer["mann_whitney"]["p"], rel=1e-9)


@pytest.mark.parametrize("name", ANSWERS["roc"])
def test_difference_of_responders_and_others_is_welchs(name):
    answer = ANSWERS["roc"][name]
    y, x = np.array(answer["y"]), np.array(answer["x"], float)
    result = response._welch(x[y == 1], x[y == 0], SimpleNamespace(alpha=0.05))
    theirs = answer["welch"]
    np.testing.assert_allclose(
        [result[key] for key in ("estimate", "ci_low", "ci_high", "df", "p")],
        [theirs["estimate"], *theirs["ci"], theirs["df"], theirs["p"]],
        **CLOSE,
    )


def test_rank_correlation():
    answer = ANSWERS["spearman"]
    rho, low, high, p = discrimination.spearman(answer["x"], answer["y"])
    assert (rho, p) == pytest.approx((answer["rho"], answer["p"]), rel=1e-9)
    assert low < rho < high


def test_page_is_the_ordered_friedman_test_of_coin_and_the_known_answer():
    answer = ANSWERS["page"]
    assert abs(page.page(np.array(answer["matrix"], float)).z) == pytest.approx(answer["z"], rel=1e-6)
    # the example of scipy's documentation, one-sided
    example = [
        [3, 4, 3], [2, 2, 4], [3, 3, 5], [1, 3, 2], [2, 3, 2], [2, 4, 5], [1, 2, 4], [3, 4, 4], [2, 4, 5], [1, 3, 4],
    ]  # fmt: skip
    assert page.page(np.array(example, float)).statistic == 133.5
    assert stats.page_trend_test(example).pvalue == pytest.approx(0.0018191, abs=1e-7)
    # that p takes the example's tied ranks for untied ones; ours counts the orders of the ranks as they are
    few = np.array(example[:3], float)
    ranks = stats.rankdata(few, axis=1)
    orders = [[np.dot(order, [1, 2, 3]) for order in itertools.permutations(row)] for row in ranks]
    sums = [sum(draw) for draw in itertools.product(*orders)]
    assert page.page(few).p_rise == pytest.approx(np.mean(np.array(sums) >= page.page(few).statistic - 1e-9), rel=1e-9)
    untied = np.argsort(np.random.default_rng(1).normal(size=(9, 4)), axis=1).astype(float)
    theirs = stats.page_trend_test(untied, method="exact")
    assert page.page(untied).statistic == theirs.statistic
    assert page.page(untied).p_rise == pytest.approx(theirs.pvalue, rel=1e-9)


@pytest.mark.parametrize("name", ANSWERS["censored"])
def test_censored_model_is_the_one_that_r_maximises(name):
    answer = ANSWERS["censored"][name]
    limit = np.log(answer["limit"])
    sides = []
    for side in ("before", "after"):
        logs = np.log(np.array(answer[side], float))
        below = logs < limit
        sides.append((np.where(below, -np.inf, logs), np.where(below, limit, logs)))
    result = censored.bivariate_normal(*sides)
    # two optimisers agree to about the root of their tolerance
    np.testing.assert_allclose(
        [result.estimate, result.low, result.high], [answer["estimate"], *answer["ci"]], atol=2e-7
    )
    assert result.p == pytest.approx(answer["p"], rel=1e-5)
