"""All regions of the study: lesions over visits, one ADC a participant and visit, and everything that was not used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adcohort import tables
from adcohort.errors import StudyError
from adcohort.reasons import Decision, Reason
from adcohort.roi import lesions, levels
from adcohort.roi.sources import Person, Row
from adcohort.roi.values import NAMES

VALUES = [f"adc_{name}" for name in NAMES]
_TOLD = {str(Reason.PARTLY_OUTSIDE), str(Reason.TOUCHES_INVALID)}  # flags that stand in exclusions.tsv too


@dataclass
class Tables:
    """Rows of the stage's tables."""

    roi: list[Row] = field(default_factory=list)
    participants: list[Row] = field(default_factory=list)
    lesions: list[Row] = field(default_factory=list)
    exclusions: list[Row] = field(default_factory=list)


def gather(people: Sequence[Person], visit_order: Sequence[str], options: Mapping[str, Any]) -> Tables:
    """The stage's tables.

    Raises
    ------
    StudyError
        For several readers without a primary one, and lesions with two regions that no reader tells apart.
    """
    if options["baseline"] not in (None, *visit_order):
        raise StudyError(f"roi.baseline: {options['baseline']!r} is no visit; there are {', '.join(visit_order)}.")
    every = [row for person in people for visit in person.measured.values() for row in visit["rows"]]
    reader = lesions.primary_reader(every, options["reader"])
    out = Tables()
    problems: list[str] = []
    for person in people:
        problems += _person(person, visit_order, options, reader, out)
    if problems:
        raise StudyError(problems)
    return out


def _person(
    person: Person, visit_order: Sequence[str], options: Mapping[str, Any], reader: str, out: Tables
) -> list[str]:
    baseline = options["baseline"] or visit_order[0]
    rows = [
        {"participant_id": person.participant_id, "visit": visit, "day": content["day"], **row}
        for visit, content in person.measured.items()
        for row in content["rows"]
        if visit in person.visits
    ]
    known = lesions.identify(rows, visit_order, lesions.mapped_names(options["lesion_names"], person.participant_id))
    if problems := lesions.two_regions(person.participant_id, rows):
        return problems
    runs = {visit: primary_runs(content["runs"], options["runs"]) for visit, content in person.visits.items()}
    _mark_primary(rows, runs, reader)
    _compare(rows, baseline, options["repeatability"])
    missing = _courses(person, known=known, rows=rows, visit_order=visit_order, baseline=baseline, out=out)
    out.roi += [_whole(row, person) for row in rows + missing]
    values = _values(person, rows=rows, runs=runs, baseline=baseline, reader=reader, options=options)
    out.participants += values
    out.exclusions += _exclusions(person, rows + missing, known, values)
    return []


def primary_runs(runs: Sequence[Row], rule: str) -> list[tuple[str, int]]:
    """The runs that give a visit's ADC: the first of the primary acquisition, or all of them."""
    chosen = [run for run in runs if run.get("primary")]
    if not chosen:
        return []
    acquisition = chosen[0]["acquisition"]
    numbers = sorted(int(run["run"]) for run in runs if run["acquisition"] == acquisition)
    return [(acquisition, number) for number in (numbers if rule == "mean" else numbers[:1])]


def _mark_primary(rows: Sequence[Row], runs: Mapping[str, list[tuple[str, int]]], reader: str) -> None:
    """The primary reader's first session on the primary runs; regions without a reader count as the primary reader's."""
    sessions: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda row: row["session"]):
        if row["reader"] in (reader, ""):
            sessions.setdefault((row["visit"], row["lesion"]), row["session"])
    for row in rows:
        row["primary"] = (
            row["reader"] in (reader, "")
            and (row["acquisition"], row["run"]) in runs[row["visit"]]
            and row["session"] == sessions[row["visit"], row["lesion"]]
        )


def _compare(rows: Sequence[Row], baseline: str, repeatability: Mapping[str, Any] | None) -> None:
    """Change against baseline: of the same lesion, reader, session and acquisition, else of the primary region."""
    before = [row for row in rows if row["visit"] == baseline and row["status"] == "measured"]
    for row in rows:
        candidates = [
            old
            for old in before
            if old["lesion"] == row["lesion"]
            and (old["reader"], old["session"]) == (row["reader"], row["session"])
            and (old["acquisition"] == row["acquisition"] or (old["primary"] and row["primary"]))
        ]
        old = min(
            candidates,
            key=lambda old: (old["acquisition"] != row["acquisition"], old["run"] != row["run"], old["run"]),
            default=None,
        )
        value = row.get("adc_mean") if row["visit"] != baseline else None
        row.update(levels.change(value, old["adc_mean"] if old else None, repeatability))
        if old is not None and row["visit"] != baseline:
            row["flags"] = [*row["flags"], *lesions.changes(row, old)]


def _courses(
    person: Person,
    *,
    known: Sequence[lesions.Lesion],
    rows: Sequence[Row],
    visit_order: Sequence[str],
    baseline: str,
    out: Tables,
) -> list[Row]:
    """Lesion table, flags of new and renamed lesions, and a row for each visit at which a lesion has no region."""
    missing = []
    links = {name.casefold(): name for name in person.response}
    for lesion in known:
        own = [row for row in rows if row["lesion"] == lesion.name]
        primary = [row for row in own if row["primary"]] or own
        status = {row["visit"]: row["status"] for row in reversed(primary)}
        linked = links.get(lesion.name.casefold(), "")
        gone = person.response.get(linked, set())
        course = lesions.course(lesion, status, visit_order, person.visits, gone)
        first = min(lesion.visits, key=visit_order.index)
        new = first != baseline and course[baseline] not in ("not imaged", "measured")
        for row in own:
            row["response_lesion"] = linked
            row["flags"] = [*row["flags"], *([str(Reason.NEW_LESION)] if new else [])]
            if lesion.renamed and row["label"].casefold() != lesion.labels[0].casefold():
                row["flags"] = [*row["flags"], str(Reason.RENAMED)]
        missing += [
            {"visit": visit, "lesion": lesion.name, "status": state, "response_lesion": linked, "primary": True}
            | {"reason": str(_WHY[state]) if state in _WHY else "", "flags": []}
            for visit, state in course.items()
            if visit not in status
        ]
        out.lesions.append(
            {
                "participant_id": person.participant_id,
                "lesion": lesion.name,
                "response_lesion": linked,
                "labels": "; ".join(lesion.labels),
                "identified_by": lesion.identified_by,
                "first_visit": first,
                "new": new,
                "renamed": lesion.renamed,
                "n_measured": sum(state == "measured" for state in course.values()),
                "course": "; ".join(f"{visit}={state}" for visit, state in course.items()),
            }
        )
    return missing


_WHY = {"not drawn": Reason.LESION_NOT_DRAWN, "resolved": Reason.LESION_RESOLVED}


def _whole(row: Row, person: Person) -> Row:
    """A row with every column of the table."""
    visit = person.visits.get(row["visit"])
    full = dict.fromkeys(tables.columns("roi", "roi")) | {"participant_id": person.participant_id}
    full |= {"day": visit["day"] if visit else None}
    full |= {name: value for name, value in row.items() if name in full}
    full["flags"] = "; ".join(dict.fromkeys(row["flags"]))
    return {name: None if value == "" else value for name, value in full.items()}


def _values(
    person: Person,
    *,
    rows: Sequence[Row],
    runs: Mapping[str, list[tuple[str, int]]],
    baseline: str,
    reader: str,
    options: Mapping[str, Any],
) -> list[Row]:
    """The participant's row at each accepted visit."""
    repeatability = options["repeatability"]
    measured: dict[str, dict[str, Row]] = {visit: {} for visit in person.visits}
    for visit in person.visits:
        used = [row for row in rows if row["visit"] == visit and row["primary"] and row["status"] == "measured"]
        for name in sorted({row["lesion"] for row in used}):
            measured[visit][name] = levels.mean_of_runs([row for row in used if row["lesion"] == name])
    first = _scan(person, baseline, runs)
    out = []
    for visit, content in person.visits.items():
        is_baseline = visit == baseline
        value = levels.participant_value(
            measured[visit], measured.get(baseline, {}), options["weights"], is_baseline=is_baseline
        )
        scan = _scan(person, visit, runs) or {}
        change = levels.change(None if is_baseline else value["adc"], value["adc_baseline"], repeatability)
        value["lesions"] = "; ".join(value["lesions"])
        flags = [] if is_baseline else lesions.changes(scan, first)
        out.append(
            {"participant_id": person.participant_id, "visit": visit, "day": content["day"], "reader": reader or None}
            | {"acquisition": scan.get("acquisition"), "scanner": scan.get("scanner"), "b_values": scan.get("b_values")}
            | {"runs": " ".join(str(number) for _, number in runs[visit]), "n_measured": len(measured[visit])}
            | {"weights": options["weights"], "repeatability_pct": repeatability and repeatability["percent"]}
            | value
            | change
            | {"flags": "; ".join(flags)}
        )
    return out


def _scan(person: Person, visit: str, runs: Mapping[str, list[tuple[str, int]]]) -> Row | None:
    """Acquisition, scanner and b values of a visit's primary run."""
    if not runs.get(visit):
        return None
    acquisition, number = runs[visit][0]
    found = next(
        run for run in person.visits[visit]["runs"] if (run["acquisition"], int(run["run"])) == (acquisition, number)
    )
    bs = found.get("b_values") or []
    return {
        "acquisition": acquisition,
        "scanner": found.get("scanner"),
        "b_values": bs if isinstance(bs, str) else " ".join(f"{b:g}" for b in bs),
    }


def _exclusions(
    person: Person, rows: Sequence[Row], known: Sequence[lesions.Lesion], values: Sequence[Row]
) -> list[Row]:
    """Regions and visits that give no value, and what to bear in mind of those that do."""
    out = []

    def tell(
        reason: str, visit: str | None, record: str, detail: str = "", decision: Decision = Decision.EXCLUDED
    ) -> None:
        day = person.visits[visit]["day"] if visit in person.visits else None
        out.append(
            tables.exclusion(
                "roi",
                Reason(reason),
                participant_id=person.participant_id,
                visit=visit,
                day=day,
                record=record,
                detail=detail,
                decision=decision,
            )
        )

    for visit, content in person.measured.items():
        for problem in content["problems"]:
            tell(problem["reason"], visit, problem["record"], problem["detail"])
    for row in rows:
        if row["primary"] and row["reason"]:
            gone = row["status"] == "resolved"
            record = f"lesion {row['lesion']}"
            tell(row["reason"], row["visit"], record, decision=Decision.FLAGGED if gone else Decision.EXCLUDED)
        for flag in row["flags"]:
            if row["primary"] and flag in _TOLD:
                detail = f"{row['n_usable']} usable voxels of {row['n_voxels']} inside the image"
                tell(flag, row["visit"], f"lesion {row['lesion']}", detail, Decision.FLAGGED)
    if not known:
        for visit in person.visits:
            tell(Reason.NO_REGION, visit, "visit", "no lesion was drawn at any visit of the participant")
    for lesion in known:
        if lesion.renamed:
            named = f"drawn as {', '.join(lesion.labels)}"
            tell(Reason.RENAMED, None, f"lesion {lesion.name}", named, Decision.FLAGGED)
    for value in values:
        for flag in filter(None, value["flags"].split("; ")):
            tell(flag, value["visit"], "visit", "compared with the baseline scan", Decision.FLAGGED)
    return out
