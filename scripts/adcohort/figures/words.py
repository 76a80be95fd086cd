"""Names and numbers as people read them: endpoints, estimates, directions. Shared by figures and report."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from adcohort import resources


def known(kind: str, code: Any) -> str:
    """Display name of a code; an unknown one stands for itself."""
    names = resources.load("figures/names.yaml")[kind]
    return str(names.get(str(code), str(code).replace("_", " ")))


def endpoint(code: Any, long: bool = False) -> str:
    """Display name of an endpoint: ``CD4_CD8`` is CD4+/CD8+; ``PF`` in long form is Physical functioning (PF)."""
    short = known("endpoints", code)
    if not long or (name := resources.load("figures/names.yaml")["long_names"].get(str(code))) is None:
        return short
    return name if str(short) in name else f"{name} ({short})"


def family(code: Any, labels: dict[str, str] | None = None) -> str:
    """Display name of a family of endpoints: the plan's label, else its key, with a capital."""
    name = (labels or {}).get(str(code)) or known("families", code)
    return name[:1].upper() + name[1:]


def unit(text: Any) -> str:
    """A unit as people write it (10⁻³ mm²/s), nothing where there is none."""
    if text is None or pd.isna(text):
        return ""
    known_units = resources.load("figures/names.yaml")["units"]
    return str(known_units.get(str(text), str(text).replace("[IU]", "IU")))


def number(value: Any, digits: int = 2) -> str:
    """A number with fixed digits, a true minus sign, an en dash where there is none."""
    if value is None or pd.isna(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{digits}f}"


def digits(*values: Any) -> int:
    """Digits behind the point that keep about three figures of the largest value."""
    sizes = [abs(float(value)) for value in values if value is not None and not pd.isna(value)]
    size = max(sizes, default=0.0)
    return 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 3


def interval(low: Any, high: Any, places: int = 2) -> str:
    """An interval in words, readable with negative bounds: −1.2 to 3.4."""
    return f"{number(low, places)} to {number(high, places)}"


def reached(days: Any) -> str:
    """A time in days, or that it was not reached."""
    return "not reached" if pd.isna(days) else number(days, 0)


def p_value(p: Any) -> str:
    """A p value as journals print it: two or three digits, never 0."""
    if p is None or pd.isna(p):
        return "–"
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def p_text(p: Any, name: str = "p") -> str:
    """``adj. p < 0.001`` or ``adj. p = 0.12``."""
    value = p_value(p)
    if value == "–":
        return f"{name} not available"
    return f"{name} {value}" if value.startswith("<") else f"{name} = {value}"


def is_ratio(row: Any) -> bool:
    """Whether an estimate is a ratio, so that 1 means no change."""
    return pd.notna(row["null_value"]) and bool(row["null_value"] == 1)


def estimate(row: Any) -> str:
    """``−12.3 (−15.0 to −9.6)``: an estimate with its interval; ratios begin with ×, shares of falls "
    "are in percent."""
    if pd.isna(row["estimate"]):
        return "not estimated"
    value, low, high = row["estimate"], row["ci_low"], row["ci_high"]
    if row["estimator"] == "share of falls":
        return f"{number(100 * value, 0)} % fell ({interval(100 * low, 100 * high, 0)})"
    places = max(digits(value, low, high), 2) if is_ratio(row) else digits(value, low, high)
    return f"{'×' if is_ratio(row) else ''}{number(value, places)} ({interval(low, high, places)})"


def direction(row: Any) -> str:
    """What was seen, claiming no more than the interval does: rose, fell, or no clear change."""
    if pd.isna(row["estimate"]):
        return "not estimated"
    null, low, high = row["null_value"], row["ci_low"], row["ci_high"]
    up, down = ("fell", "rose") if row["estimator"] == "share of falls" else ("rose", "fell")
    if pd.isna(low) or pd.isna(high):
        return "no interval"
    if low >= null and high > null:
        return up if low > null else f"{up}, interval reaching no change"
    if high <= null and low < null:
        return down if high < null else f"{down}, interval reaching no change"
    return "no clear change"


def in_order(rows: pd.DataFrame, families: Mapping[str, Any]) -> pd.DataFrame:
    """Rows of paired.tsv or trend.tsv with families and endpoints in the plan's order; others keep theirs, behind."""
    order = {
        (family, code): (i, j)
        for i, (family, plan) in enumerate(families.items())
        for j, code in enumerate(plan["endpoints"])
    }
    behind = (len(families), 0)
    places = [order.get((family, code), behind) for family, code in zip(rows["family"], rows["endpoint"], strict=True)]
    return rows.iloc[sorted(range(len(rows)), key=places.__getitem__)].reset_index(drop=True)


def listed(parts: list[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def count(n: int, noun: str) -> str:
    """``1 participant``, ``2 participants``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
