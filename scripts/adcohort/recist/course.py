"""One participant's course: the baseline and its checks, the assessments after it, and their responses."""

from collections.abc import Callable, Mapping
from typing import Any

from adcohort.reasons import Decision, Reason
from adcohort.recist import response
from adcohort.recist.sheet import Measurement, Notes

MOST_TARGETS, MOST_AN_ORGAN = 5, 2
MEASURABLE_MM, MEASURABLE_NODE_MM = 10.0, 15.0
NODES = "lymph nodes"
Rows = list[dict[str, Any]]


def timepoints(
    found: list[Measurement],
    label: Callable[[int], str],
    reappearance_is_progression: bool,
    notes: Notes,
    withheld: Callable[[int], str | None] = lambda day: None,
) -> Rows:
    """The baseline and every later assessment as rows of timepoints.tsv (without participant_id, visit and role).

    The baseline is the last assessment on or before day 0; earlier ones are not used.
    """
    if not found:
        return []
    who = found[0].participant_id
    before = sorted({one.day for one in found if one.day <= 0})
    if not before:
        for day in sorted({one.day for one in found}):
            notes.add(Reason.NO_BASELINE, "no assessment on or before day 0", who=who, day=day, record="assessment")
        return []
    baseline = before[-1]
    here = {one.lesion for one in found if one.day == baseline}
    for day in before[:-1]:
        detail = f"the baseline is that of day {baseline}"
        if other := sorted({one.lesion for one in found if one.day == day} - here):
            detail += (
                f", which has no {', '.join(other)} (response.same_assessment_days joins the days of one assessment)"
            )
        notes.add(Reason.TWO_BASELINES, detail, who=who, day=day, record="assessment")
    targets, nontargets = _baseline([one for one in found if one.day == baseline], notes)
    organs = {one.lesion: one.organ for one in found if one.day == baseline}
    later = [one for one in found if one.day > baseline]
    usable = [one for one in later if _is_usable(one, organs, {t.name for t in targets}, set(nontargets), notes)]
    certain: dict[str, int] = {}
    for one in usable:
        if one.role == "new" and one.finding != "equivocal":
            certain.setdefault(one.lesion, one.day)
    assessments = [
        _assessment(day, label, [one for one in usable if one.day == day], certain)
        for day in sorted({one.day for one in later})
    ]
    _note_missing([target.name for target in targets] + nontargets, later, notes)
    points = response.evaluate(
        label(baseline),
        targets,
        nontargets,
        assessments,
        reappearance_is_progression=reappearance_is_progression,
        withheld=withheld,
    )
    return [_baseline_row(baseline, targets, nontargets), *map(_row, points)]


def _baseline(found: list[Measurement], notes: Notes) -> tuple[list[response.Target], list[str]]:
    """Target and non-target lesions of the baseline, checked against what RECIST 1.1 asks of them."""
    targets = []
    for one in found:
        if one.role != "target":
            continue
        if one.value is None:
            notes.add(
                Reason.NOT_MEASURABLE,
                f"{one.lesion} has no diameter at baseline: it cannot be a target lesion",
                who=one.participant_id,
                day=one.day,
                record=one.record,
            )
            continue
        least = MEASURABLE_NODE_MM if one.node else MEASURABLE_MM
        if one.value < least:
            _flag(
                notes, Reason.NOT_MEASURABLE, one, f"{one.lesion}: {one.value:g} mm, RECIST 1.1 asks for {least:g} mm"
            )
        targets.append(response.Target(one.lesion, one.organ, one.node, one.value))
    if len(targets) > MOST_TARGETS:
        _flag(
            notes, Reason.TOO_MANY_TARGETS, found[0], f"{len(targets)} target lesions, RECIST 1.1 allows {MOST_TARGETS}"
        )
    organs: dict[str, int] = {}
    for target in targets:
        organ = NODES if target.node else target.organ
        organs[organ] = organs.get(organ, 0) + 1
    for organ, count in sorted(organs.items()):
        if count > MOST_AN_ORGAN:
            where = NODES if organ == NODES else "one organ"
            _flag(notes, Reason.TOO_MANY_TARGETS, found[0], f"{count} in {where}, RECIST 1.1 allows {MOST_AN_ORGAN}")
    return targets, [one.lesion for one in found if one.role == "non-target" and one.finding != "absent"]


def _flag(notes: Notes, reason: Reason, one: Measurement, detail: str) -> None:
    notes.add(reason, detail, who=one.participant_id, day=one.day, record=one.record, decision=Decision.FLAGGED)


def _is_usable(
    one: Measurement, organs: Mapping[str, str], targets: set[str], nontargets: set[str], notes: Notes
) -> bool:
    """Whether a later row is of a lesion that the baseline has, in its organ, or of a new one."""
    if one.role == "new":
        return True
    known = targets if one.role == "target" else nontargets
    if one.lesion not in known:
        detail = f"{one.lesion} is no {one.role} lesion of the baseline; a new one has the role new"
        notes.add(Reason.UNKNOWN_LESION, detail, who=one.participant_id, day=one.day, record=one.record)
        return False
    if one.organ and organs[one.lesion] and one.organ != organs[one.lesion]:
        detail = f"{one.lesion} is in another organ than at baseline"
        notes.add(Reason.ORGAN_CHANGED, detail, who=one.participant_id, day=one.day, record=one.record)
        return False
    return True


def _assessment(
    day: int, label: Callable[[int], str], found: list[Measurement], certain: Mapping[str, int]
) -> response.Assessment:
    new = {
        one.lesion: "equivocal" if one.finding == "equivocal" else "unequivocal" for one in found if one.role == "new"
    }
    new = {
        one.lesion: new[one.lesion]
        for one in found
        if one.role == "new" and one.finding not in ("absent", "not evaluable")
    }
    return response.Assessment(
        day=day,
        label=label(day),
        targets={one.lesion: one.value for one in found if one.role == "target"},
        nontargets={one.lesion: _state(one) for one in found if one.role == "non-target"},
        new=new,
        confirmed_later={
            name: label(certain[name]) for name, state in new.items() if state == "equivocal" and name in certain
        },
    )


def _state(one: Measurement) -> str | None:
    """A non-target lesion's state. A row without a finding says that the lesion was seen."""
    states = {"absent": "absent", "merged": "present", "progression": "progression", "not evaluable": None}
    return states.get(one.finding or "", "present")


def _note_missing(lesions: list[str], later: list[Measurement], notes: Notes) -> None:
    """A lesion of the baseline without a row at an assessment is missing there, not gone."""
    for day in sorted({one.day for one in later}):
        named = {one.lesion for one in later if one.day == day}
        for name in lesions:
            if name not in named:
                notes.add(
                    Reason.LESION_MISSING,
                    f"{name} has no row at this assessment",
                    who=later[0].participant_id,
                    day=day,
                    record=name,
                    decision=Decision.FLAGGED,
                )


def _baseline_row(day: int, targets: list[response.Target], nontargets: list[str]) -> dict[str, Any]:
    total = round(sum(lesion.diameter for lesion in targets), response.DIGITS) if targets else None
    return {
        "day": day,
        "sum_mm": total,
        "nadir_mm": None,
        "baseline_pct": None,
        "nadir_pct": None,
        "nadir_change_mm": None,
        "n_targets": len(targets),
        "n_missing": 0,
        "target": "baseline" if targets else "none",
        "nontarget": "baseline" if nontargets else "none",
        "new_lesion": "no",
        "overall": "baseline",
        "reason": f"baseline: {len(targets)} target and {len(nontargets)} non-target lesions",
    }


def _row(point: response.Timepoint) -> dict[str, Any]:
    row = {name: value for name, value in vars(point).items() if name != "label"}
    place = point.label if point.label.startswith("day ") else f"{point.label} (day {point.day})"
    return row | {"reason": f"{point.reason}; at {place}" if point.overall == "PD" else point.reason}
