"""Endpoint values: laboratory, questionnaires and ADC in one table, and the pairs that comparisons are made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from adcohort import tables
from adcohort.reasons import Reason
from adcohort.statistics.censored import ABOVE, BELOW
from adcohort.visits import Visits

COLUMNS = [
    "participant_id",
    "visit",
    "day",
    "endpoint",
    "value",
    "qualifier",
    "limit",
    "unit",
    "flag",
    "reference",
    "source",
]
BEYOND_REPEATABILITY = "exceeds repeatability"


def of_labs(labs: pd.DataFrame) -> pd.DataFrame:
    """Values of labs.tsv; the endpoint is the analyte."""
    return labs.rename(columns={"analyte": "endpoint"}).assign(reference=np.nan, source="labs")[COLUMNS]


def of_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of scores.tsv; the endpoint is the scale. A scale that could not be scored keeps its row without a value."""
    out = scores.rename(columns={"scale": "endpoint", "score": "value"}).assign(
        qualifier=pd.NA, limit=np.nan, unit="points", reference=np.nan, source="questionnaires"
    )
    return (out if "flag" in out else out.assign(flag=pd.NA))[COLUMNS]


def of_adc(people: pd.DataFrame, before: str) -> pd.DataFrame:
    """ADC of roi/participants.tsv; a visit without lesion has no value.

    The value at baseline of the same lesions is the partner in a comparison that starts from that very baseline; one
    that starts from another visit has none.
    """
    partner = people["adc_baseline"] if set(people["visit"][people["status"] == "baseline"]) == {before} else np.nan
    beyond = people["exceeds_repeatability"].fillna(False).map({True: BEYOND_REPEATABILITY, False: ""})
    without = people["status"].where(people["adc"].isna(), "").astype("string")
    parts = pd.DataFrame({"status": without, "beyond": beyond, "flags": people["flags"].fillna("")})
    return people.assign(
        endpoint="ADC", value=people["adc"], reference=partner, qualifier=pd.NA, limit=np.nan,
        unit="1e-3 mm2/s", flag=parts.apply(lambda row: "; ".join(p for p in row if p) or pd.NA, axis=1)
        if len(people) else pd.Series(dtype="string"), source="roi",
    )[COLUMNS]  # fmt: skip


def of_lesions(roi: pd.DataFrame) -> pd.DataFrame:
    """ADC of single lesions: the measured rows that count for their visit, the mean over runs."""
    counted = roi[(roi["status"] == "measured") & roi["primary"].fillna(False) & roi["adc_mean"].notna()]
    return (
        counted.groupby(["participant_id", "lesion", "visit"], sort=True)
        .agg(day=("day", "first"), value=("adc_mean", "mean"), volume_ml=("volume_ml", "mean"))
        .reset_index()
    )


def gather(
    parts: list[pd.DataFrame], people: pd.DataFrame, visits: Visits
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """One value a participant, visit and endpoint, and the rows that are not used.

    Parameters
    ----------
    parts
        Frames of `of_labs`, `of_scores`, `of_adc`.
    people
        participant_id, treatment_end (day).
    visits
        The study's visits; their order sorts the table.

    Returns
    -------
    endpoints
        The table endpoints.tsv.
    exclusions
        Rows for exclusions.tsv: values that stand twice, and values of nobody in the study.
    """
    dtypes = tables.typed([], "statistics", "endpoints").dtypes
    whole = pd.concat([part.astype(dtypes[COLUMNS].to_dict()) for part in parts]) if parts else _nothing(dtypes)
    whole = whole[whole["visit"].notna()]
    order = {name: number for number, name in enumerate(visits)}
    whole = whole.assign(rank=whole["visit"].map(order)).sort_values(
        ["endpoint", "participant_id", "rank", "day", "source"], kind="stable", ignore_index=True
    )
    twice = whole.duplicated(["endpoint", "participant_id", "visit"])
    strange = ~whole["participant_id"].isin(people["participant_id"])
    exclusions = [
        tables.exclusion(
            "statistics",
            Reason.UNKNOWN_PARTICIPANT if strange[i] else Reason.DUPLICATE,
            participant_id=None if strange[i] else row.participant_id,
            visit=row.visit,
            day=None if pd.isna(row.day) else int(row.day),
            record=row.endpoint,
            detail="" if strange[i] else "a second value of this endpoint at this visit",
        )
        for i, row in zip(whole.index[twice | strange], whole[twice | strange].itertuples(), strict=True)
    ]
    kept = whole[~twice & ~strange].drop(columns="rank")
    ends = kept["participant_id"].map(people.set_index("participant_id")["treatment_end"])
    during = kept["day"].isna() | ends.isna() | (kept["day"] <= ends).fillna(False)
    return kept.assign(on_treatment=during.astype("boolean")), exclusions


def _nothing(dtypes: Any) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=dtypes[name]) for name in COLUMNS})


def pairs(values: pd.DataFrame, before: str, after: str, visits: Visits) -> pd.DataFrame:
    """Pairs of one endpoint by participant: before, after, their qualifiers, flags and days.

    ``after`` may be ``last``: the latest value on treatment after the visit `before`. Where a value names its own
    partner (`reference`), that one is taken. A participant with one of the two has a row with a missing number.
    """
    known = values[values["value"].notna()].set_index("participant_id")
    one = known[known["visit"] == before]
    if after == "last":
        order = list(visits)
        later = known[known["visit"].isin(order[order.index(before) + 1 :]) & known["on_treatment"].fillna(True)]
        rank = later["visit"].map({name: number for number, name in enumerate(order)})
        two = later.assign(rank=rank).sort_values(["rank"], kind="stable").groupby(level=0).tail(1)
    else:
        two = known[known["visit"] == after]
    index = sorted(set(one.index) | set(two.index))
    one, two = one.reindex(index), two.reindex(index)
    partner = two["reference"].notna() & one["value"].notna()
    return pd.DataFrame(
        {
            "before": one["value"].where(~partner, two["reference"]).astype(float),
            "after": two["value"].astype(float),
            "qualifier_before": one["qualifier"].fillna("").astype(str),
            "qualifier_after": two["qualifier"].fillna("").astype(str),
            "flags_before": one["flag"].fillna("").astype(str),
            "flags_after": two["flag"].fillna("").astype(str),
            "day_after": two["day"].astype(float),
        },
        index=pd.Index(index, name="participant_id"),
    )


def in_population(table: pd.DataFrame, population: Mapping[str, Any]) -> pd.DataFrame:
    """Pairs that belong to a declared population, by the flags of their values."""
    first = table["flags_before"].map(_flags)
    either = first.combine(table["flags_after"].map(_flags), lambda one, two: one | two)
    keep = either.map(lambda flags: not flags & set(population["without_flags"])).astype(bool)
    if population["with_flags_before"]:
        keep &= first.map(lambda flags: bool(flags & set(population["with_flags_before"]))).astype(bool)
    return table[keep]


def _flags(text: str) -> set[str]:
    return {part.strip() for part in text.split(";") if part.strip()}


def substituted(values: pd.Series, qualifiers: pd.Series) -> np.ndarray:
    """Numbers for values beyond a limit, where one is needed: lower limit / sqrt 2, the upper limit itself."""
    numbers = np.asarray(values, dtype=float)
    return np.where(np.isin(qualifiers.astype(object), BELOW), numbers / np.sqrt(2), numbers)


def censored(qualifiers: pd.Series) -> np.ndarray:
    """Whether values lie beyond a limit."""
    return np.isin(qualifiers.astype(object), BELOW + ABOVE)


def course(values: pd.DataFrame, before: str) -> pd.DataFrame:
    """One endpoint's values for models over visits: beyond-limit values substituted, ADC as own baseline plus change.

    Lesions come and go. The mean of those that are left moves when no lesion changes, so that the change of the same
    lesions (value - reference) is put on the participant's own baseline, where there is one.
    """
    known = values[values["value"].notna()]
    out = known.assign(number=substituted(known["value"], known["qualifier"].fillna("")))
    own = out["participant_id"].map(out[out["visit"] == before].set_index("participant_id")["number"])
    matched = out["reference"].notna() & own.notna()
    out.loc[matched, "number"] = (own + out["number"] - out["reference"])[matched].astype(float)
    return out[["participant_id", "visit", "day", "number", "flag"]]
