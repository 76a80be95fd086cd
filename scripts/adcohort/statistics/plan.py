"""The declared analysis plan: what is compared, how, and in which direction a change would be favourable."""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adcohort.errors import StudyError
from adcohort.visits import Visits, Window

LABELS = {"holm": "Holm", "hochberg": "Hochberg", "bh": "Benjamini-Hochberg", "none": "none"}


@dataclass(frozen=True)
class Endpoint:
    """An endpoint with its declared analysis; one that the plan does not name has no family."""

    code: str
    family: str = ""
    adjustment: str = "none"
    test: str = "wilcoxon"
    transformation: str = "none"
    favourable: str = "none"
    limit: str = "sign"
    populations: tuple[str, ...] = ()

    @property
    def planned(self) -> bool:
        """Whether the plan names it."""
        return bool(self.family)


@dataclass(frozen=True)
class Plan:
    """The plan as the analyses read it; `windows` are the study's visits in their order."""

    before: str
    after: str
    last: bool
    alpha: float
    zeros: str
    endpoints: Mapping[str, Endpoint]
    families: Mapping[str, str]
    populations: Mapping[str, Mapping[str, Any]]
    windows: Mapping[str, Window]
    trend_visits: tuple[str, ...]
    unit_days: float
    seed: int
    adc_response: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def level(self) -> float:
        """Confidence level of the intervals."""
        return 1 - self.alpha

    def endpoint(self, code: str) -> Endpoint:
        """The endpoint's declared analysis, or an exploratory one."""
        return self.endpoints.get(code, Endpoint(code))

    def order(self, codes: Any) -> list[str]:
        """Planned endpoints in the plan's order (all of them), then the others by name."""
        return [*self.endpoints, *sorted(set(codes) - set(self.endpoints))]

    def early(self) -> str | None:
        """Visit of the early ADC change: the declared one, or the first after `before`."""
        names = list(self.windows)
        return self.adc_response["early"] or next(iter(names[names.index(self.before) + 1 :]), None)


def parser(description: str | None) -> argparse.ArgumentParser:
    """Arguments of the programs that analyse endpoints by the plan."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument("endpoints", type=Path, help="endpoints.tsv")
    found.add_argument("--options", type=json.loads, required=True, help="the config's visits and statistics, as JSON")
    found.add_argument("--order", type=str.split, default=[], help="endpoints in the order of the rows")
    return found


def declared(args: argparse.Namespace) -> Plan:
    """The plan that the arguments of `parser` name; raises as `read`."""
    return read(args.options["statistics"], args.options["visits"], args.order)


def read(statistics: Mapping[str, Any], visits: Visits, order: Sequence[str] = ()) -> Plan:
    """The plan from the config's parts `statistics` (defaults filled in) and `visits`; `order` puts endpoints in a row.

    Raises
    ------
    StudyError
        For visits or populations that are not the study's, and for an endpoint in two families, all at once.
    """
    if problems := _problems(statistics, visits):
        raise StudyError(problems)
    endpoints = {
        code: Endpoint(
            code, name, family["adjustment"], declared["test"], declared["transformation"], declared["favourable"],
            declared["limit"], tuple(declared["populations"]),
        )
        for name, family in statistics["families"].items()
        for code, declared in family["endpoints"].items()
    }  # fmt: skip
    endpoints = {code: endpoints[code] for code in dict.fromkeys([*order, *endpoints]) if code in endpoints}
    families = dict.fromkeys(endpoint.family for endpoint in endpoints.values())
    return Plan(
        before=statistics["before"],
        after=statistics["after"],
        last=statistics["last"],
        alpha=statistics["alpha"],
        zeros=statistics["zeros"],
        endpoints=endpoints,
        families={name: statistics["families"][name]["label"] or name for name in families},
        populations=statistics["populations"],
        windows={name: visits[name] for name in sorted(visits, key=lambda name: visits[name]["day"])},
        trend_visits=tuple(statistics["trend"]["visits"] or sorted(visits, key=lambda name: visits[name]["day"])),
        unit_days=statistics["trend"]["unit_days"],
        seed=statistics["seed"],
        adc_response=statistics["adc_response"],
        missing=statistics["missing"],
    )


def digest(statistics: Mapping[str, Any], visits: Visits) -> str:
    """SHA-256 of the plan and the visits, so that a report shows which plan it follows; the order of keys does not count."""
    whole = json.dumps({"statistics": statistics, "visits": visits}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()


def _problems(statistics: Mapping[str, Any], visits: Visits) -> list[str]:
    known = f"Visits: {', '.join(visits)}."
    named = {
        "before": [statistics["before"]],
        "after": [statistics["after"]],
        "trend.visits": statistics["trend"]["visits"] or [],
        "adc_response.early": [name for name in [statistics["adc_response"]["early"]] if name],
    }
    problems = [
        f"config: statistics.{key}: {name!r} is no visit of the study. {known}"
        for key, names in named.items()
        for name in names
        if name not in visits
    ]
    if not problems and visits[statistics["before"]]["day"] >= visits[statistics["after"]]["day"]:
        problems.append("config: statistics: before is not earlier than after. Swap them.")
    seen: dict[str, str] = {}
    for name, family in statistics["families"].items():
        for code, declared in family["endpoints"].items():
            if code in seen:
                problems.append(
                    f"config: statistics.families: {code} stands in {seen[code]} and {name}. Keep it in one family."
                )
            seen[code] = name
            problems += [
                f"config: statistics.families.{name}.endpoints.{code}.populations: {population!r} is not declared. "
                "Describe it under statistics.populations."
                for population in declared["populations"]
                if population not in statistics["populations"]
            ]
    return problems
