"""The flow of participants and visits: who has a usable record of each modality, who is missing, and how far apart in days."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from adcohort import participants, visits

Rows = list[dict[str, Any]]
STUDY = "participants"
# stage: its table with one row a record, and which rows are records that are used (column: accepted values, None = any value)
SOURCES: Mapping[str, tuple[str, Mapping[str, Sequence[str] | None]]] = {
    "ingest": ("series.tsv", {"role": ["diffusion"], "status": ["accepted"]}),
    "adc": ("adc.tsv", {}),
    "roi": ("participants.tsv", {"adc": None}),
    "labs": ("labs.tsv", {}),
    "questionnaires": ("scores.tsv", {"score": None}),
    "adverse_events": ("events.tsv", {}),
    "response": ("timepoints.tsv", {"overall": ["baseline", "CR", "PR", "SD", "NON-CR/NON-PD", "PD", "ND"]}),
}
IMAGING = ("ingest", "adc", "roi")
DATED = ("adverse_events", "response")  # every dated record counts: nobody is missing one at a visit
UNTIMED = ("adverse_events",)  # happen when they happen: no distance to a visit's other modalities


def read(path: Path, stage: str) -> pd.DataFrame:
    """The records of a stage that are used: participant_id, visit (may be empty), day."""
    table = pd.read_csv(path, sep="\t", dtype="string", keep_default_na=False, na_values=[""])
    for column, accepted in SOURCES[stage][1].items():
        table = table[table[column].notna() if accepted is None else table[column].isin(accepted)]
    records = table[["participant_id", "visit", "day"]].copy()
    records["day"] = pd.to_numeric(records["day"]).astype("Int64")
    return records[records["participant_id"].notna()]


def count(
    people: pd.DataFrame,
    records: Mapping[str, pd.DataFrame],
    exclusions: pd.DataFrame,
    windows: Mapping[str, visits.Visits],
) -> Rows:
    """Rows of flow.tsv: for the study and each modality, over all visits and (but for the dated ones) at each visit.

    Parameters
    ----------
    people
        The participants; their last contact tells who could still come to a visit.
    records
        Stage to the records that are used.
    exclusions
        All stages' exclusions.
    windows
        Stage to its visits; the study's own stand under ``participants``. At a visit the study counts who has a record of
        any modality that follows visits; nothing where no such modality is in the study.
    """
    everybody = set(people["participant_id"])
    days = participants.days(people).set_index("participant_id")
    seen = days[["last_contact", "death"]].max(axis=1)
    last = {str(who): int(day) for who, day in seen.dropna().items()}
    whole = pd.concat([_nothing(), *records.values()], ignore_index=True)
    visited = pd.concat(
        [_nothing(), *(table for stage, table in records.items() if stage not in DATED)], ignore_index=True
    )
    has_visits = any(stage not in DATED for stage in records)
    rows: Rows = []
    for modality, table in {STUDY: whole, **records}.items():
        own = exclusions if modality == STUDY else exclusions[exclusions["stage"] == modality]
        for visit in (None, *(windows[modality] if modality not in DATED else ())):
            source = visited if modality == STUDY and visit else table
            here = source if visit is None else source[source["visit"] == visit]
            counts = modality != STUDY or visit is None or has_visits
            noted = own if visit is None else own[own["visit"] == visit]
            opens = None if visit is None else windows[modality][visit]["window"][0]
            left = {who for who, day in last.items() if opens is not None and day < opens}
            present = set(here["participant_id"]) & everybody
            rows.append(
                {
                    "modality": modality,
                    "visit": visit,
                    "participants": len(everybody),
                    "expected": len(everybody - left) if last else None,
                    "with_record": len(present) if counts else None,
                    "missing": len(everybody - left - present) if counts else None,
                    "left": len(left) if last else None,
                    "records": len(here),
                    "excluded": int((noted["decision"] == "excluded").sum()),
                    "flagged": int((noted["decision"] == "flagged").sum()),
                }
            )
    return rows


def gaps(records: Mapping[str, pd.DataFrame], windows: Mapping[str, visits.Visits]) -> Rows:
    """Days between the modalities of one participant and visit; imaging counts once, by its last stage with records.

    A modality with several days at a visit counts by the one nearest to the visit's planned day.
    """
    imaging = [stage for stage in IMAGING if stage in records and len(records[stage])]
    timed = [stage for stage in records if stage not in UNTIMED and (stage not in IMAGING or stage in imaging[-1:])]
    chosen = {stage: _days(records[stage], windows[stage]) for stage in timed}
    order = {visit: place for place, visit in enumerate(windows[STUDY])}
    rows = [
        {
            "participant_id": who,
            "visit": visit,
            "modality": one,
            "day": day,
            "other": two,
            "other_day": chosen[two][who, visit],
            "gap_days": chosen[two][who, visit] - day,
        }
        for one, two in itertools.combinations(timed, 2)
        for (who, visit), day in chosen[one].items()
        if (who, visit) in chosen[two]
    ]
    return sorted(
        rows, key=lambda row: (row["participant_id"], order[row["visit"]])
    )  # stable: pairs stay in their order


def summary(found: Rows, study: visits.Visits) -> Rows:
    """Rows of gap_summary.tsv: median and largest distance a visit and pair of modalities, in the order of the visits."""
    order = {visit: place for place, visit in enumerate(study)}
    stages = {stage: place for place, stage in enumerate(SOURCES)}
    groups: dict[tuple[str, str, str], list[int]] = {}
    for row in found:
        groups.setdefault((row["visit"], row["modality"], row["other"]), []).append(abs(row["gap_days"]))
    return [
        {
            "visit": visit,
            "modality": one,
            "other": two,
            "n": len(distances),
            "median_days": float(pd.Series(distances).median()),
            "largest_days": max(distances),
        }
        for (visit, one, two), distances in sorted(
            groups.items(), key=lambda item: (order[item[0][0]], stages[item[0][1]], stages[item[0][2]])
        )
    ]


def _days(table: pd.DataFrame, windows: visits.Visits) -> dict[tuple[str, str], int]:
    best: dict[tuple[str, str], int] = {}
    for who, visit, day in table.dropna().drop_duplicates().itertuples(index=False):
        if visit not in windows:
            continue
        window, key = windows[visit], (str(who), str(visit))
        if key not in best or visits.distance(int(day), window) < visits.distance(best[key], window):
            best[key] = int(day)
    return best


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"participant_id": [], "visit": [], "day": []}, dtype="string").astype({"day": "Int64"})
