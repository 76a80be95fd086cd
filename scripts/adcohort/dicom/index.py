"""The index of a study's image files: every series with its decision, and for each visit the runs to convert."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adcohort import bids, bvalues, visits
from adcohort.dicom import drawings, grouping, sidecars
from adcohort.dicom.grouping import Run
from adcohort.dicom.series import File, Series, gather
from adcohort.reasons import Reason


@dataclass
class Index:
    """What was found. `manifests` and `scans` go by visit name; rows of `series` and `exclusions` hold no patient's data."""

    series: list[dict[str, Any]] = field(default_factory=list)
    exclusions: list[dict[str, Any]] = field(default_factory=list)
    manifests: dict[str, dict[str, Any]] = field(default_factory=dict)
    scans: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Person:
    """A participant: pseudonym and start of treatment."""

    participant_id: str
    start: dt.date


class _When:
    """Who and when of every series."""

    def __init__(self, people: Mapping[str, Person]) -> None:
        self.people = people

    def who(self, patient: str) -> Person | None:
        return self.people.get(patient.strip())

    def day(self, patient: str, date: str) -> int | None:
        person = self.who(patient)
        try:
            moment = dt.datetime.strptime(date, "%Y%m%d").date()
        except ValueError:
            return None
        return (moment - person.start).days if person else None


def build(found: Iterable[File], people: Mapping[str, Person], windows: visits.Visits) -> Index:
    """Decide, from headers alone, what every file of a tree is and which runs stand for which visit.

    Parameters
    ----------
    found
        The tree's files.
    people
        Participants by patient identifier (and by pseudonym).
    windows
        The visits.
    """
    every, outside = gather(found)
    when = _When(people)
    runs = grouping.runs_of(every)
    _number_series(every, when)
    chosen = _choose_days(runs, when, windows)
    out = Index()
    by_series = {id(one): run for run in runs for one in run.series}
    for run in runs:
        _decide_run(run, when, windows, chosen)
        _place_run(run, when, windows, out)
    for one in every:
        out.series.append(_series_row(one, by_series.get(id(one)), when, windows))
        out.links.append(
            {"series": one.number, "uid": one.uid, "patient": one.patient, "files": [f.path for f in one.files]}
        )
        out.objects += _region_objects(one, when)
    _add_outside(outside, when, windows, out)
    _add_scans(every, when, out)
    out.series.sort(
        key=lambda row: (row["participant_id"] or "~", row["day"] or 0, row["series"] or 10**9, row["reason"])
    )
    return out


def _number_series(every: list[Series], when: _When) -> None:
    """Numbers within each participant and day (or within all unknown ones), so that new days change no older number."""
    groups: dict[Any, list[Series]] = defaultdict(list)
    for one in every:
        person = when.who(one.patient)
        groups[(person.participant_id, one.date) if person else None].append(one)
    for members in groups.values():
        members.sort(key=lambda one: (one.head.get("series_number") or 0, one.uid, one.patient))
        for number, one in enumerate(members, start=1):
            one.number = number


def _choose_days(runs: list[Run], when: _When, windows: visits.Visits) -> dict[tuple[str, str], int]:
    """For each participant and visit, the day of its window with a usable run that lies nearest to the planned day."""
    days: dict[tuple[str, str], set[int]] = defaultdict(set)
    for run in runs:
        person, day = when.who(run.series[0].patient), when.day(run.series[0].patient, run.date)
        visit = visits.visit_of(day, windows) if day is not None else None
        if person and visit and not run.reason:
            days[person.participant_id, visit].add(day or 0)
    return {key: min(each, key=lambda day: visits.distance(day, windows[key[1]])) for key, each in days.items()}


def _decide_run(run: Run, when: _When, windows: visits.Visits, chosen: Mapping[tuple[str, str], int]) -> None:
    """Refuse runs of unknown patients, of days outside every window, and of days that are not the nearest."""
    person = when.who(run.series[0].patient)
    if person is None:
        run.reason, run.detail = Reason.UNKNOWN_PARTICIPANT, ""
        return
    day = when.day(run.series[0].patient, run.date)
    visit = visits.visit_of(day, windows) if day is not None else None
    if visit is None:
        run.reason, run.detail = visits.without_visit(day, windows), ""
    elif not run.reason and chosen[person.participant_id, visit] != day:
        run.reason = Reason.NOT_NEAREST_IN_WINDOW
        run.detail = f"day {chosen[person.participant_id, visit]} is nearer to day {windows[visit]['day']}"


def _place_run(run: Run, when: _When, windows: visits.Visits, out: Index) -> None:
    """Put a run into its visit's manifest, or among the exclusions."""
    person, day = when.who(run.series[0].patient), when.day(run.series[0].patient, run.date)
    visit = visits.visit_of(day, windows) if day is not None else None
    if run.reason or person is None or visit is None:
        out.exclusions.append(_exclusion(run, person, visit, day))
        return
    head = run.series[0].head
    name = bids.visit_name(person.participant_id, visit)
    manifest = out.manifests.setdefault(
        name, {"participant_id": person.participant_id, "visit": visit, "day": day, "runs": []}
    )
    out.scans.setdefault(name, {"date": run.date, "frames_of_reference": []})
    out.scans[name]["frames_of_reference"] += [one.head["frame_of_reference"] for one in run.series]
    manifest["runs"].append(
        {
            "acquisition": run.label,
            "run": run.number,
            "stem": bids.stem(person.participant_id, visit, run.label, run.number),
            "series": [one.number for one in run.series],
            "series_uids": [one.uid for one in run.series],
            "frame_of_reference": head["frame_of_reference"],
            "vendor": head["vendor"],
            "scanner": scanner(head),
            "b_values": run.b_values,
            "sidecar": sidecars.of_run(run.series),
            **run.plan,
        }
    )


def scanner(head: Mapping[str, Any]) -> str:
    """``MAGNETOM Skyra 3 T``: model and field strength."""
    field_strength = head.get("technical", {}).get("MagneticFieldStrength")
    return " ".join(part for part in (head.get("model", ""), f"{field_strength:g} T" if field_strength else "") if part)


def _exclusion(run: Run, person: Person | None, visit: str | None, day: int | None) -> dict[str, Any]:
    numbers = " ".join(str(one.number) for one in run.series)
    name = f"acq-{run.label}, " if run.label else ""
    return {
        "participant_id": person.participant_id if person else None,
        "visit": visit,
        "day": day,
        "record": f"{name}series {numbers}",
        "reason": str(run.reason),
        "detail": run.detail,
    }


def _series_row(one: Series, run: Run | None, when: _When, windows: visits.Visits) -> dict[str, Any]:
    person, day = when.who(one.patient), when.day(one.patient, one.date)
    reason, detail, status = one.reason, one.detail, "ignored"
    if run is not None:
        status = "excluded" if run.reason else "accepted"
        reason, detail = str(run.reason), run.detail or one.detail
    elif person is None:
        detail = "; ".join(part for part in (detail, str(Reason.UNKNOWN_PARTICIPANT)) if part)
    usable = run is not None and run.number and not run.reason
    return {
        "series": one.number,
        "participant_id": person.participant_id if person else None,
        "visit": visits.visit_of(day, windows) if day is not None else None,
        "day": day,
        "acquisition": run.label if run and usable else None,
        "run": run.number if run and usable else None,
        "role": one.role,
        "b_values": " ".join(map(str, sorted(set(bvalues.named(one.b_values).values())))) or None,
        "n_files": len(one.files),
        "vendor": one.head.get("vendor") or None,
        "scanner": scanner(one.head) or None,
        "status": status,
        "reason": reason or None,
        "detail": detail or None,
    }


def _add_outside(outside: list[tuple[File, str, str]], when: _When, windows: visits.Visits, out: Index) -> None:
    """Rows for the files that are part of no series, counted by participant, day, reason and detail."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for file, reason, detail in outside:
        head = file.instance.head
        person = when.who(head.get("patient", "")) if head else None
        day = when.day(head["patient"], head.get("date", "")) if person else None
        counts[person.participant_id if person else None, day, str(reason), detail] += 1
        out.links.append({"series": None, "reason": str(reason), "files": [file.path]})
    for (who, day, reason, detail), n in sorted(counts.items(), key=str):
        visit = visits.visit_of(day, windows) if day is not None else None
        nothing = dict.fromkeys(("series", "acquisition", "run", "b_values", "vendor", "scanner"))
        row = {"participant_id": who, "visit": visit, "day": day, "reason": reason, "detail": detail or None}
        out.series.append({**nothing, **row, "role": "file", "n_files": n, "status": "ignored"})
        if reason not in (Reason.NOT_DICOM, Reason.DICOMDIR):
            out.exclusions.append({**row, "detail": detail, "record": f"{n} file{'s' if n > 1 else ''}"})


def _region_objects(one: Series, when: _When) -> list[dict[str, Any]]:
    person = when.who(one.patient)
    return [
        {
            "participant_id": person.participant_id if person else None,
            "day": when.day(one.patient, one.date),
            "kind": drawings.KINDS[file.instance.head["sop_class"]],
            "path": file.path,
            "hash": file.hash,
            **file.instance.head["refers"],
        }
        for file in one.files
        if file.instance.head["sop_class"] in drawings.KINDS
    ]


def _add_scans(every: list[Series], when: _When, out: Index) -> None:
    """For each visit of the index, the image series of its examination (what regions can refer to)."""
    roles: dict[tuple[str, int | None], dict[str, str]] = defaultdict(dict)
    for one in every:
        person = when.who(one.patient)
        if person and one.role != "object":
            roles[person.participant_id, when.day(one.patient, one.date)][one.uid] = one.role
    for name, manifest in out.manifests.items():
        scan = out.scans[name]
        scan["frames_of_reference"] = sorted(set(scan["frames_of_reference"]) - {""})
        scan["series"] = roles[manifest["participant_id"], manifest["day"]]
        manifest["runs"].sort(key=lambda run: (run["acquisition"], run["run"]))
