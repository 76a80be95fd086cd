"""Missing values: why they are missing, and what they could do to the conclusions."""

from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd
from adcohort.statistics.plan import Plan

NOT_MEASURED = "not measured"


def reasons(values: pd.DataFrame, people: pd.DataFrame, plan: Plan, after: str, paired: Iterable[str]) -> Counter[str]:
    """Why participants have no pair of one endpoint, with counts; `paired` are those who have one."""
    out: Counter[str] = Counter()
    without = people[~people["participant_id"].isin(set(paired))]
    for person in without.itertuples():
        own = values[values["participant_id"] == person.participant_id]
        known = set(own["visit"][own["value"].notna()])
        if plan.before not in known:
            out[f"no value at {plan.before}: {reason(person, own, plan, plan.before)}"] += 1
        elif after == "last":
            out[f"no value on treatment after {plan.before}"] += 1
        else:
            out[f"no value at {after}: {reason(person, own, plan, after)}"] += 1
    return out


def reason(person: object, own: pd.DataFrame, plan: Plan, visit: str) -> str:
    """Why a participant has no value of an endpoint at a visit; `own` are the participant's rows of the endpoint."""
    first = plan.windows[visit]["window"][0]
    noted = own["flag"][(own["visit"] == visit) & own["value"].isna()].dropna()
    if len(noted):
        return str(noted.iloc[0])
    death, contact = getattr(person, "death", None), getattr(person, "last_contact", None)
    if death is not None and pd.notna(death) and death < first:
        return "died before"
    if contact is not None and pd.notna(contact) and contact < first:
        return "follow-up ended before"
    return NOT_MEASURED


def in_words(counts: Mapping[str, int]) -> str:
    """Reasons with counts, the most frequent first."""
    return "; ".join(f"{n} {text}" for text, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if n)
