"""How many participants had an adverse event, and how many per time at risk. Participants count, not events."""

from collections.abc import Mapping
from typing import Any

from adcohort import proportions

Rows = list[dict[str, Any]]
DAYS_PER_YEAR = 365.25
GRADES = {"any": 1, "3+": 3}


def incidence(events: Rows, at_risk: Mapping[str, int | None], alpha: float) -> Rows:
    """Incidence of treatment-emergent events: of any term, by system organ class and by term; any grade and grade 3 or more.

    Parameters
    ----------
    events
        Events with participant_id, day, soc, term, meddra_code, grade, emergent.
    at_risk
        Every treated participant to the last day of the treatment-emergent period, None where that is not known.
    alpha
        Intervals have the level 1 - alpha.
    """
    emergent = [event for event in events if event["emergent"]]
    groups: dict[tuple[str, str | None, str | None], Rows] = {("any", None, None): emergent}
    for event in emergent:
        groups.setdefault(("soc", event["soc"], None), []).append(event)
        groups.setdefault(("term", event["soc"], event["term"]), []).append(event)
    rows = []
    for (level, soc, term), group in groups.items():
        for grades, lowest in GRADES.items():
            counted = [event for event in group if event["grade"] >= lowest]
            facts = {
                "level": level,
                "soc": soc,
                "term": term,
                "meddra_code": group[0]["meddra_code"] if level == "term" else None,
                "grades": grades,
            }
            rows.append(facts | _counts(counted, at_risk, alpha))
    order = {"any": 0, "soc": 1, "term": 2}
    return sorted(
        rows, key=lambda row: (order[row["level"]], -_any_grade(rows, row), row["soc"] or "", row["term"] or "")
    )


def _any_grade(rows: Rows, row: Mapping[str, Any]) -> int:
    """Participants with any grade of a row's group: the most frequent stand first, its grades together."""
    keys = ("level", "soc", "term")
    return next(r["participants"] for r in rows if r["grades"] == "any" and all(r[k] == row[k] for k in keys))


def _counts(counted: Rows, at_risk: Mapping[str, int | None], alpha: float) -> dict[str, Any]:
    people = {event["participant_id"] for event in counted}
    exact = proportions.share(len(people), len(at_risk), alpha)
    wilson = proportions.share(len(people), len(at_risk), alpha, "wilson")
    return {
        "participants": len(people),
        "n": len(at_risk),
        "percent": exact.percent,
        "ci_low": exact.low,
        "ci_high": exact.high,
        "wilson_low": wilson.low,
        "wilson_high": wilson.high,
        "events": len(counted),
    } | _rate(counted, at_risk, alpha)


def _rate(counted: Rows, at_risk: Mapping[str, int | None], alpha: float) -> dict[str, Any]:
    """Participants with a first event over the time up to it (first and last day included)."""
    empty: dict[str, Any] = dict.fromkeys(("person_years", "rate", "rate_low", "rate_high"))
    if unknown := [who for who, last in at_risk.items() if last is None]:
        return empty | {"status": f"exposure-adjusted rate refused: no last dose for {len(unknown)} participants"}
    first: dict[str, int | None] = {}
    for event in counted:
        day, earlier = event["day"], first.get(event["participant_id"])
        first[event["participant_id"]] = day if earlier is None else min(earlier, day if day is not None else earlier)
    days = 0
    for who, last in at_risk.items():
        onset = first.get(who)
        days += max(1, (last if onset is None else min(onset, last)) + 1)  # type: ignore[operator,type-var]
    years = days / DAYS_PER_YEAR
    low, high = _poisson_interval(len(first), alpha)
    return {
        "person_years": years,
        "rate": 100 * len(first) / years,
        "rate_low": 100 * low / years,
        "rate_high": 100 * high / years,
        "status": "ok",
    }


def _poisson_interval(count: int, alpha: float) -> tuple[float, float]:
    from scipy.stats import chi2

    low = float(chi2.ppf(alpha / 2, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.ppf(1 - alpha / 2, 2 * count + 2)) / 2
