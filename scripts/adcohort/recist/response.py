"""Time-point responses of RECIST 1.1 from the lesions of one participant. Days and millimetres; no tables here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

PARTIAL = 0.7  # of the baseline sum or less
PROGRESSION = 1.2  # of the nadir or more, and
PROGRESSION_MM = 5.0  # at least so much above it
NORMAL_NODE_MM = 10.0  # short axis below which a node is normal
TOO_SMALL_MM = 5.0
DIGITS = 6  # sums are compared after rounding, so that 70.0 % of 33.1 mm is what it is on paper


@dataclass(frozen=True)
class Target:
    """A target lesion of the baseline; a node counts by its short axis."""

    name: str
    organ: str
    node: bool
    diameter: float


@dataclass(frozen=True)
class Assessment:
    """What one assessment found. Lesions of the baseline that are not named count as missing.

    Parameters
    ----------
    day
        Since treatment start.
    label
        How reasons name the day: its visit, or ``day 57``.
    targets
        Lesion to diameter in mm, None where it could not be evaluated.
    nontargets
        Lesion to ``absent``, ``present``, ``progression`` or None.
    new
        New lesion to ``unequivocal`` or ``equivocal``; `confirmed_later` names equivocal ones that became unequivocal.
    """

    day: int
    label: str
    targets: Mapping[str, float | None] = field(default_factory=dict)
    nontargets: Mapping[str, str | None] = field(default_factory=dict)
    new: Mapping[str, str] = field(default_factory=dict)
    confirmed_later: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Timepoint:
    """The response of one assessment, with the sums that it comes from and the decision in words."""

    day: int
    label: str
    sum_mm: float | None
    nadir_mm: float | None
    baseline_pct: float | None
    nadir_pct: float | None
    nadir_change_mm: float | None
    n_targets: int
    n_missing: int
    target: str
    nontarget: str
    new_lesion: str
    overall: str
    reason: str


@dataclass(frozen=True)
class _Sums:
    """Sums of one assessment: total (None with a missing lesion), the part measured, and what they are compared with.

    `gone`: every target lesion is; `seen`: at least one that has a value is still there.
    """

    total: float | None
    measured: float
    missing: list[str]
    baseline: float
    nadir: float
    nadir_label: str
    gone: bool
    seen: bool

    @property
    def change_mm(self) -> float:
        return round(self.measured - self.nadir, DIGITS)

    @property
    def progressed(self) -> bool:
        """Both thresholds over the nadir; a missing lesion can only add, so the measured part may prove it alone."""
        return self.change_mm >= PROGRESSION_MM and round(self.measured - PROGRESSION * self.nadir, DIGITS) >= 0

    @property
    def partial(self) -> bool:
        return self.baseline > 0 and round(self.measured - PARTIAL * self.baseline, DIGITS) <= 0


def evaluate(
    baseline_label: str,
    targets: Sequence[Target],
    nontargets: Sequence[str],
    assessments: Sequence[Assessment],
    *,
    reappearance_is_progression: bool = True,
    withheld: Callable[[int], str | None] = lambda day: None,
) -> list[Timepoint]:
    """The response of each assessment after the baseline, in the order of days.

    Target lesions are judged against the baseline (PR) and the nadir, the smallest complete sum so far with the baseline's
    (PD: +20 % and +5 mm). A sum with a missing lesion enters neither; it proves progression if the measured part alone does.
    A complete response of nodes is a short axis below 10 mm. After an overall complete response any disease is progression,
    unless `reappearance_is_progression` is false. Where `withheld` gives a reason for a day, a complete response of the
    lesions is partial (a marker that is not normal yet).
    """
    nadir, nadir_label = round(sum(lesion.diameter for lesion in targets), DIGITS), baseline_label
    baseline = nadir
    complete_at: str | None = None
    out = []
    for assessment in sorted(assessments, key=lambda a: a.day):
        sums = _sums(targets, assessment, baseline, nadir, nadir_label)
        target, why_target = _target(targets, sums)
        nontarget, why_nontarget = _nontarget(nontargets, assessment)
        new, why_new = _new(assessment)
        overall, reason = _overall(target, nontarget, new, (why_target, why_nontarget, why_new))
        if overall == "CR" and (why := withheld(assessment.day)):
            overall = "PR" if targets else "NON-CR/NON-PD"
            reason = f"{overall}: lesions gone; {why}"
        again = sums.seen or nontarget == "NON-CR/NON-PD"
        if complete_at and overall != "PD" and again and reappearance_is_progression:
            overall, reason = "PD", f"PD: disease again after complete response at {complete_at}"
        if overall == "CR" and complete_at is None:
            complete_at = assessment.label
        out.append(_timepoint(assessment, targets, sums, (target, nontarget, new, overall, reason)))
        if targets and sums.total is not None and sums.total < nadir:
            nadir, nadir_label = sums.total, assessment.label
    return out


def _sums(targets: Sequence[Target], found: Assessment, baseline: float, nadir: float, nadir_label: str) -> _Sums:
    values = {lesion.name: found.targets.get(lesion.name) for lesion in targets}
    missing = [name for name, value in values.items() if value is None]
    measured = round(sum(value for value in values.values() if value is not None), DIGITS)
    there = [
        value >= NORMAL_NODE_MM if lesion.node else value > 0
        for lesion in targets
        if (value := values[lesion.name]) is not None
    ]
    total = None if missing else measured
    return _Sums(total, measured, missing, baseline, nadir, nadir_label, not missing and not any(there), any(there))


def _target(targets: Sequence[Target], sums: _Sums) -> tuple[str, str]:
    if not targets:
        return "none", ""
    if sums.gone:
        nodes = f" (nodes below {NORMAL_NODE_MM:g} mm)" if any(lesion.node for lesion in targets) else ""
        return "CR", f"all target lesions gone{nodes}"
    if sums.progressed:
        percent = f"{signed(percent_of(sums.measured, sums.nadir))} % and " if sums.nadir else ""
        part = " by the measured lesions alone" if sums.missing else ""
        return "PD", f"{percent}{signed(sums.change_mm)} mm over nadir at {sums.nadir_label}{part}"
    if sums.missing:
        return "NE", f"no value for {', '.join(sums.missing)}"
    from_baseline = (
        f"{signed(percent_of(sums.measured, sums.baseline))} % from baseline" if sums.baseline else "no change"
    )
    if sums.partial:
        return "PR", from_baseline
    return "SD", from_baseline + _short_of_progression(sums)


def _short_of_progression(sums: _Sums) -> str:
    """Why a growth over the nadir is not progression."""
    if sums.change_mm <= 0:
        return ""
    percent = f"{signed(percent_of(sums.measured, sums.nadir))} % and " if sums.nadir else ""
    return f", {percent}{signed(sums.change_mm)} mm over nadir at {sums.nadir_label} (not both 20 % and 5 mm)"


def _nontarget(nontargets: Sequence[str], found: Assessment) -> tuple[str, str]:
    states = {name: found.nontargets.get(name) for name in nontargets} | {
        name: state for name, state in found.nontargets.items() if state == "progression"
    }
    if worse := sorted(name for name, state in states.items() if state == "progression"):
        return "PD", f"unequivocal progression of non-target {', '.join(worse)}"
    if not nontargets:
        return "none", ""
    if any(state == "present" for state in states.values()):
        return "NON-CR/NON-PD", "non-target lesions still there"
    if missing := sorted(name for name, state in states.items() if state is None):
        return "NE", f"non-target {', '.join(missing)} not evaluable"
    return "CR", "non-target lesions gone"


def _new(found: Assessment) -> tuple[str, str]:
    if certain := sorted(name for name, state in found.new.items() if state == "unequivocal"):
        return "yes", f"new lesion {', '.join(certain)}"
    if later := sorted(found.confirmed_later):
        when = ", ".join(f"{name} (equivocal then, certain at {found.confirmed_later[name]})" for name in later)
        return "yes", f"new lesion {when}"
    if found.new:
        return "equivocal", f"new lesion {', '.join(sorted(found.new))} equivocal, not counted"
    return "no", ""


def _overall(target: str, nontarget: str, new: str, why: tuple[str, str, str]) -> tuple[str, str]:
    """RECIST 1.1, tables 1 and 2."""
    why_target, why_nontarget, why_new = why
    aside = f"; {why_new}" if new == "equivocal" else ""
    if "PD" in (target, nontarget) or new == "yes":
        parts = [why_target] * (target == "PD") + [why_nontarget] * (nontarget == "PD") + [why_new] * (new == "yes")
        return "PD", "PD: " + "; ".join(parts)
    if target == "none":
        overall = "ND" if nontarget == "none" else nontarget
        return overall, f"{overall}: {why_nontarget or 'no lesions at baseline'}{aside}"
    if target == "CR" and nontarget in ("NON-CR/NON-PD", "NE"):
        return "PR", f"PR: {why_target}; {why_nontarget}{aside}"
    return target, f"{target}: {why_target}{aside}"


def _timepoint(
    found: Assessment, targets: Sequence[Target], sums: _Sums, said: tuple[str, str, str, str, str]
) -> Timepoint:
    total = sums.total if targets else None
    target, nontarget, new, overall, reason = said
    return Timepoint(
        day=found.day,
        label=found.label,
        sum_mm=total,
        nadir_mm=sums.nadir if targets else None,
        baseline_pct=None if total is None or not sums.baseline else percent_of(total, sums.baseline),
        nadir_pct=None if total is None or not sums.nadir else percent_of(total, sums.nadir),
        nadir_change_mm=None if total is None else sums.change_mm,
        n_targets=len(targets) - len(sums.missing),
        n_missing=len(sums.missing),
        target=target,
        nontarget=nontarget,
        new_lesion=new,
        overall=overall,
        reason=reason,
    )


def percent_of(value: float, reference: float) -> float:
    """Change in percent of the reference."""
    return round(100 * (value - reference) / reference, DIGITS)


def signed(value: float) -> str:
    """A change as people write it: +24, -7.5; two decimals at most."""
    text = f"{value:+.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("+0", "-0") else text
