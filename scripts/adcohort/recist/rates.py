"""Response and disease control rates, confirmed and not, of all treated and of the evaluable."""

from collections.abc import Mapping, Sequence
from typing import Any

from adcohort import proportions
from adcohort.recist import best

Rows = list[dict[str, Any]]


def rates(rows: Sequence[Mapping[str, Any]], alpha: float) -> Rows:
    """ORR and DCR, confirmed and not, of all treated and of the evaluable, by Clopper-Pearson and Wilson."""
    out: Rows = []
    methods: tuple[proportions.Method, ...] = ("clopper-pearson", "wilson")
    for endpoint, counts in (("ORR", best.OBJECTIVE), ("DCR", best.CONTROL)):
        for is_confirmed in (True, False):
            column = "confirmed_best" if is_confirmed else "best"
            for population in ("all treated", "evaluable"):
                group = [row for row in rows if population == "all treated" or row["evaluable"]]
                responders = sum(row[column] in counts for row in group)
                for method in methods:
                    share = proportions.share(responders, len(group), alpha, method)
                    out.append(
                        {
                            "endpoint": endpoint,
                            "confirmed": is_confirmed,
                            "population": population,
                            "responders": responders,
                            "n": len(group),
                            "percent": share.percent,
                            "ci_low": share.low,
                            "ci_high": share.high,
                            "method": method,
                        }
                    )
    return out
