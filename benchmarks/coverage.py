"""How often the intervals hold the truth, and how often the tests cry wolf: 1,000 synthetic cohorts through the library.

python benchmarks/coverage.py --cohorts 1000 --out benchmarks/results    writes coverage.tsv and coverage.svg

Each cohort has 40 (or 12) participants at four visits (baseline, month1, month3, month6), 15 % of the later values missing
at random. It is drawn twice: with an effect (is the truth in the 95 % interval?) and without one (is p < 0.05?). A rate of
1,000 has a Monte Carlo standard error of 0.7 percentage points at 5 %; the table marks what lies outside three of them.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

HOME = Path(__file__).parents[1]
sys.path.insert(0, str(HOME / "scripts"))

from adcohort import study, tables  # noqa: E402
from adcohort.statistics import (  # noqa: E402
    comparison,
    discrimination,
    endpoints,
    imputation,
    plan,
    signedrank,
    trend,
)
from adcohort.statistics.plan import Endpoint  # noqa: E402

VISITS = {
    "baseline": {"day": 0, "window": [-28, 0]},
    "month1": {"day": 30, "window": [1, 59]},
    "month3": {"day": 90, "window": [60, 134]},
    "month6": {"day": 180, "window": [135, 240]},
}
DAYS = np.array([visit["day"] for visit in VISITS.values()], float)
STEPS = DAYS / DAYS[-1]
BETWEEN, WITHIN, SLOPE = 1.0, 0.6, 0.3  # standard deviations: participants, residual, change of participants by month 6
LIMIT = 4.2  # about a fifth of the values before lie below it
PARTS = ["pairs", "courses", "imputation", "groups"]
Judge = Callable[[str, dict, float], None]


def declared() -> plan.Plan:
    """The plan that the cohorts are analysed by."""
    rules = study.schema(HOME / "config/schema")["properties"]["statistics"]
    settings = {"before": "baseline", "after": "month6", "families": {"f": {"endpoints": {"ADC": {}}}}}
    settings["missing"] = {"imputations": 20}
    return plan.read(study.with_defaults(settings, rules), VISITS)


def draw(rng: np.random.Generator, n: int, effect: float) -> np.ndarray:
    """Values (participants, visits): own level, own course, noise; a mean change of `effect` to the last visit; some missing."""
    own = rng.normal(0, BETWEEN, (n, 1)) + rng.normal(0, SLOPE, (n, 1)) * STEPS
    values = 5 + own + effect * STEPS + rng.normal(0, WITHIN, (n, 4))
    values[:, 1:][rng.uniform(size=(n, 3)) < 0.15] = np.nan
    return values


def frame(values: np.ndarray, limit: float | None = None) -> pd.DataFrame:
    """As endpoints.tsv; values below the limit stand at it with a qualifier."""
    n = len(values)
    who = np.repeat([f"sub-{i:03d}" for i in range(n)], 4)
    flat = values.ravel()
    below = flat < limit if limit is not None else np.zeros(len(flat), bool)
    out = pd.DataFrame(
        {
            "participant_id": who, "visit": np.tile(list(VISITS), n), "day": np.tile(DAYS, n), "endpoint": "ADC",
            "value": np.where(below, limit, flat) if limit is not None else flat,
            "qualifier": np.where(below, "<", None), "limit": np.nan, "unit": "x", "flag": None, "reference": np.nan,
            "source": "roi", "on_treatment": True,
        }
    )  # fmt: skip
    return tables.typed(out, "statistics", "endpoints")


class Tally:
    """Counts of trials and hits by method and what is counted."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, method: str, what: str, hit: bool | None) -> None:
        """One trial; None is no answer and counts as a miss of the interval or as no false alarm."""
        entry = self.counts[(method, what)]
        entry[0] += 1
        entry[1] += bool(hit)

    def take(self, others: dict[tuple[str, str], list[int]]) -> None:
        """Add another tally's counts."""
        for key, (trials, hits) in others.items():
            self.counts[key][0] += trials
            self.counts[key][1] += hits

    def interval(self, method: str, low: float | None, high: float | None, truth: float) -> None:
        """Whether an interval holds the truth; an open end holds everything."""
        held = (low is None or low <= truth) and (high is None or truth <= high)
        self.add(method, "coverage", held and not (low is None and high is None))

    def alarm(self, method: str, p: float | None) -> None:
        """Whether p < 0.05 although there is no effect."""
        self.add(method, "false positives", p is not None and p < 0.05)


def one_cohort(key: list[int], n: int, effect: float, read: plan.Plan, *, tally: Tally, parts: list[str]) -> None:
    """Methods of the workflow on one cohort; with effect 0 its tests, else its intervals. Groups have their own stream."""
    rng = np.random.default_rng(key)
    values = draw(rng, n, effect)

    def judge(method: str, row: dict, truth: float) -> None:
        if effect:
            tally.interval(method, row["ci_low"], row["ci_high"], truth)
        else:
            tally.alarm(method, row["p"])

    if "pairs" in parts:
        _pairs(values, effect, read, tally, judge)
    if "courses" in parts:
        _courses(values, effect, read, tally, judge)
    if "imputation" in parts:
        course = endpoints.course(frame(values), "baseline")
        people = pd.DataFrame({"participant_id": course["participant_id"].unique()})
        rows = imputation.of_endpoint(course, people, Endpoint("ADC", "f"), read, rng)
        row = next(r for r in rows if r["method"] == "multiple imputation")
        if row["reason"] != "nothing is missing":  # such a cohort has nothing to impute and is no trial
            judge("multiple imputation: mean difference", row, effect)
    if "groups" in parts:
        _groups(np.random.default_rng([*key, 1]), n, effect, tally)


def some_cohorts(
    numbers: range, n: int, effect: float, seed: int, parts: list[str]
) -> dict[tuple[str, str], list[int]]:
    """Counts over cohorts by their numbers: the same cohorts however they are shared out."""
    tally, read = Tally(), declared()
    for number in numbers:
        for size in (effect, 0.0):
            one_cohort([seed, n, number, int(size > 0)], n, size, read, tally=tally, parts=parts)
    return dict(tally.counts)


def _pairs(values: np.ndarray, effect: float, read: plan.Plan, tally: Tally, judge: Judge) -> None:
    pairs = endpoints.pairs(frame(values), "baseline", "month6", VISITS).dropna(subset=["before", "after"])
    sd = float(np.sqrt(SLOPE**2 + 2 * WITHIN**2))

    def compared(table: pd.DataFrame, method: str | None = None, **declared_: str) -> dict:
        return comparison.compare(table, Endpoint("ADC", "f", **declared_), read, method)

    t = compared(pairs, test="t")
    judge("paired t: mean difference", t, effect)
    judge("Wilcoxon: Hodges-Lehmann", compared(pairs, test="wilcoxon"), effect)
    judge("sign test: share of falls", compared(pairs, test="sign"), float(stats.norm.cdf(-effect / sd)))
    logs = pairs.assign(before=np.exp(pairs["before"]), after=np.exp(pairs["after"]))
    ratio = compared(logs, test="t", transformation="log")
    judge("paired t of logs: geometric mean ratio", ratio, float(np.exp(effect)))
    below = endpoints.pairs(frame(values, LIMIT), "baseline", "month6", VISITS).dropna(subset=["before", "after"])
    judge("censored bivariate model: mean difference", compared(below, "censored model"), effect)
    if effect:
        tally.interval("dz (non-central t)", t["effect_ci_low"], t["effect_ci_high"], effect / sd)
        return
    steps = pairs.assign(before=pairs["before"].round(), after=pairs["after"].round())
    tally.alarm("Wilcoxon: values in whole steps (ties, zeros)", compared(steps, test="wilcoxon")["p"])
    tally.alarm("sign test: values below a limit", compared(below, "sign")["p"])
    tally.alarm("paired Prentice-Wilcoxon: values below a limit", compared(below, "prentice")["p"])


def _courses(values: np.ndarray, effect: float, read: plan.Plan, tally: Tally, judge: Judge) -> None:
    rows = trend.of_endpoint(endpoints.course(frame(values), "baseline"), Endpoint("ADC", "f"), read)
    found = {(r["quantity"], r["visit"]): r for r in rows}
    judge("mixed model: change from first to last visit", found[("change from first", "month6")], effect)
    judge("mixed model: adjacent difference", found[("adjacent difference", "month3")], effect * (STEPS[2] - STEPS[1]))
    judge("mixed model: slope", found[("slope", None)], effect / DAYS[-1] * read.unit_days)
    if effect:
        mean = found[("mean", "month6")]
        tally.interval("mixed model: estimated mean", mean["ci_low"], mean["ci_high"], 5 + effect)
    else:
        tally.alarm("mixed model: joint test of visits", found[("visits", None)]["p"])
        tally.alarm("Page's test", found[("page", None)]["p"])


def _groups(rng: np.random.Generator, n: int, effect: float, tally: Tally) -> None:
    cases, others = rng.normal(effect, 1, n * 3 // 5), rng.normal(0, 1, n - n * 3 // 5)
    x = rng.normal(size=n)
    if not effect:
        tally.alarm("Mann-Whitney test", float(stats.mannwhitneyu(cases, others).pvalue))
        tally.alarm("Spearman correlation", discrimination.spearman(x, rng.normal(size=n))[3])
        return
    truth = float(stats.norm.cdf(effect / np.sqrt(2)))
    area = discrimination.area(cases, others)
    tally.interval("AUC: DeLong, plain", area.low, area.high, truth)
    logit = discrimination.logit_area(cases, others)
    tally.interval("AUC: DeLong on the logit scale", logit.low, logit.high, truth)
    tally.interval("AUC: Newcombe", *discrimination.newcombe(area.estimate, len(cases), len(others)), truth)
    boot = discrimination.bootstrap_area(cases, others, rng, 500)
    tally.interval("AUC: bootstrap", boot.low, boot.high, truth)
    shift = signedrank.two_sample_shift(cases, others)
    tally.interval("Hodges-Lehmann shift of two groups", shift.low, shift.high, effect)
    rho = 0.5
    y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=n)
    _, low, high, _ = discrimination.spearman(x, y)
    tally.interval("Spearman correlation", low, high, float(6 / np.pi * np.arcsin(rho / 2)))


def summary(tally: Tally, n: int) -> list[dict[str, object]]:
    """Rates with Monte Carlo limits (three standard errors of the nominal rate)."""
    rows = []
    for (method, what), (trials, hits) in sorted(tally.counts.items(), key=lambda item: (item[0][1], item[0][0])):
        nominal = 95.0 if what == "coverage" else 5.0
        spread = 3 * 100 * np.sqrt(0.05 * 0.95 / trials)
        rate = 100 * hits / trials
        low, high = nominal - spread, nominal + spread
        verdict = (
            "as stated"
            if low <= rate <= high
            else "conservative"
            if (rate > high) == (what == "coverage")
            else "too bold"
        )
        rows.append(
            {
                "participants": n, "what": what, "method": method, "cohorts": trials, "percent": round(rate, 1),
                "expected_low": round(low, 1), "expected_high": round(high, 1), "verdict": verdict,
            }
        )  # fmt: skip
    return rows


def draw_plot(rows: list[dict], path: Path) -> None:
    """Dots with the band of chance, coverage on the left, false positives on the right."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "coverage"
    from matplotlib import pyplot as plt

    sizes = sorted({row["participants"] for row in rows})
    figure, axes = plt.subplots(1, 2, figsize=(13, 6.5), constrained_layout=True)
    for axis, what in zip(axes, ("coverage", "false positives"), strict=True):
        own = [row for row in rows if row["what"] == what]
        names = list(dict.fromkeys(row["method"] for row in own))[::-1]
        axis.axvspan(own[0]["expected_low"], own[0]["expected_high"], color="0.9", zorder=0)
        for size, marker in zip(sizes, "osD^", strict=False):
            shown = [row for row in own if row["participants"] == size]
            axis.plot(
                [row["percent"] for row in shown], [names.index(row["method"]) for row in shown], marker, label=f"n = {size}"
            )  # fmt: skip
        axis.axvline(95 if what == "coverage" else 5, color="0.4", linewidth=0.8)
        axis.set_yticks(range(len(names)), names)
        axis.set_xlabel("intervals that hold the truth, %" if what == "coverage" else "p < 0.05 without an effect, %")
        axis.set_xlim((88, 100.5) if what == "coverage" else (0, 10))
        axis.legend(frameon=False, loc="lower left" if what == "coverage" else "lower right")
    figure.suptitle(f"{own[0]['cohorts']} synthetic cohorts; grey: within three Monte Carlo standard errors")
    figure.savefig(path, metadata={"Date": None})


def write(rows: list[dict[str, object]], folder: Path) -> None:
    """The table and the plot."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "coverage.tsv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    draw_plot(rows, folder / "coverage.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=1000, help="cohorts with and as many without an effect")
    parser.add_argument("--participants", type=int, nargs="+", default=[40, 12], help="sizes of the cohorts")
    parser.add_argument("--effect", type=float, default=0.5, help="mean change (residual SD 0.6)")
    parser.add_argument("--seed", type=int, default=20240229)
    parser.add_argument(
        "--parts", nargs="+", default=["visits", "groups"], help="visits (pairs, courses), groups (AUC …)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=HOME / "benchmarks/results", help="folder for table and plot")
    args = parser.parse_args()
    rows: list[dict[str, object]] = []
    for n in args.participants:
        tally = Tally()
        shares = [range(start, args.cohorts, args.jobs) for start in range(args.jobs)]
        with ProcessPoolExecutor(args.jobs) as pool:
            for part in pool.map(
                some_cohorts, shares, *zip(*[(n, args.effect, args.seed, args.parts)] * args.jobs, strict=True)
            ):
                tally.take(part)
        rows += summary(tally, n)
        write(rows, args.out)  # a size at a time, so that a stopped run leaves what it has
    for row in rows:
        print(*row.values(), sep="\t")


if __name__ == "__main__":
    main()
