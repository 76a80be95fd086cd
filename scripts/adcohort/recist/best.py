"""Best overall response from time-point responses, without and with confirmation, each with its reason."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

RESPONSES = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "ND")
ORDER = (*RESPONSES, "MISSING")  # best first
OBJECTIVE = ("CR", "PR")
CONTROL = ("CR", "PR", "SD", "NON-CR/NON-PD")


class Point(NamedTuple):
    """A time-point response: day since treatment start (or any day number) and one of RESPONSES."""

    day: int
    response: str


class Best(NamedTuple):
    """A best response, the day that it first held, and why."""

    response: str
    day: int | None
    reason: str


class Rules(NamedTuple):
    """The choices of the study's config; the names are the config's keys."""

    confirm_days: int = 28
    stable_days: int = 42
    confirm_over_ne: int = 1
    confirm_over_sd: bool = False
    cr_then_pr: str = "pd"
    after_progression: str = "ignored"
    missing_as_ne: bool = False

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Rules":
        """The rules in the config's stage response."""
        return cls(**{name: settings[name] for name in cls._fields})


def counted(points: Sequence[Point], rules: Rules) -> list[Point]:
    """The points that count, by day: those after the first progression do not; disease after CR is what the rules say."""
    out: list[Point] = []
    complete = False
    for point in sorted(points):
        response = point.response
        if complete and rules.cr_then_pr == "pd" and response in ("PR", "SD", "NON-CR/NON-PD"):
            response = "PD"
        complete = complete or response == "CR"
        out.append(Point(point.day, response))
        if response == "PD" and rules.after_progression == "ignored":
            break
    return out


def unconfirmed(points: Sequence[Point], rules: Rules, start: int = 0) -> Best:
    """The best response when one assessment is enough; SD and NON-CR/NON-PD need their minimum duration from `start`."""
    seen = counted(points, rules)
    for response in OBJECTIVE:
        for point in seen:
            if point.response == response:
                return Best(response, point.day, f"{response} on day {point.day}")
    return _lesser(seen, rules, start)


def confirmed(points: Sequence[Point], rules: Rules, start: int = 0) -> Best:
    """The best response when CR and PR need a second assessment at least `confirm_days` later.

    An unconfirmed CR or PR becomes SD if it lies at least `stable_days` after the start; else PD where that follows, else NE.
    """
    seen = counted(points, rules)
    for response in OBJECTIVE:
        for first in range(len(seen)):
            second = _confirmation(seen, first, response, rules)
            if second is not None:
                days = second.day - seen[first].day
                reason = f"{response} on day {seen[first].day}, confirmed by {second.response} {days} d later"
                return Best(response, seen[first].day, reason)
    return _lesser(seen, rules, start)


def _confirmation(seen: Sequence[Point], first: int, response: str, rules: Rules) -> Point | None:
    """The point that confirms the response of `seen[first]`, or None."""
    accepted = ("CR",) if response == "CR" else OBJECTIVE
    starts = accepted if response == "CR" or rules.cr_then_pr == "pr" else ("PR",)
    if seen[first].response not in starts:
        return None
    not_evaluable = stable = 0
    complete = seen[first].response == "CR"
    for point in seen[first + 1 :]:
        if point.response == "PR" and complete and rules.cr_then_pr != "pr":
            return None
        if point.response in accepted:
            complete = complete or point.response == "CR"
            if point.day - seen[first].day >= rules.confirm_days:
                return point
            continue
        not_evaluable += point.response == "NE"
        stable += point.response == "SD"
        bridged = point.response == "NE" or (point.response == "SD" and response == "PR" and rules.confirm_over_sd)
        if not bridged or not_evaluable > rules.confirm_over_ne or stable > 1:
            return None
    return None


def _lesser(seen: Sequence[Point], rules: Rules, start: int) -> Best:
    """SD and what ranks below it."""
    for response, sources in (("SD", ("CR", "PR", "SD")), ("NON-CR/NON-PD", ("NON-CR/NON-PD",))):
        for point in seen:
            if point.response in sources and point.day - start >= rules.stable_days:
                unproven = f", an unconfirmed {point.response}" if point.response in OBJECTIVE else ""
                return Best(response, point.day, f"{response} at day {point.day}{unproven}")
    for point in seen:
        if point.response == "PD":
            return Best("PD", point.day, f"PD on day {point.day}")
    for point in seen:
        if point.response in ("NE", *CONTROL):
            early = f"{point.response} on day {point.day} is before day {start + rules.stable_days}, and nothing later says more"
            return Best("NE", point.day, "not evaluable" if point.response == "NE" else early)
    for point in seen:
        if point.response == "ND":
            return Best("ND", point.day, "no disease at baseline and none since")
    return Best("NE" if rules.missing_as_ne else "MISSING", None, "no assessment after baseline")
