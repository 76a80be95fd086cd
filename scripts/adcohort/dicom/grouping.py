"""From series to runs: which series make one diffusion acquisition, and which repeat it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from adcohort import bvalues
from adcohort.dicom import volumes
from adcohort.dicom.geometry import NotOneStack
from adcohort.dicom.series import ABSENT_IS_ZERO, Series, plane
from adcohort.reasons import Reason

_MANY_B = 6  # more b values than these are named by their range and number
_MANY_DIRECTIONS = 6


@dataclass
class Run:
    """One diffusion acquisition: its series, and its volumes if it can be used."""

    series: list[Series]
    label: str = ""
    number: int = 0
    reason: str = ""
    detail: str = ""
    plan: dict[str, Any] = field(default_factory=dict)
    b_values: list[int] = field(default_factory=list)

    @property
    def date(self) -> str:
        """Earliest date of its series."""
        return min((d for one in self.series if (d := one.date)), default="")

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """Order of runs in time."""
        return (self.date, _seconds(self.series[0]), self.series[0].head["series_number"] or 0, self.series[0].uid)


def runs_of(every: list[Series]) -> list[Run]:
    """Runs of all diffusion series: usable ones planned and labelled, the others with their reason."""
    groups: dict[tuple[Any, ...], list[Series]] = defaultdict(list)
    for one in every:
        if one.role == "diffusion" and _can_be_grouped(one):
            groups[_protocol(one)].append(one)
    for members in groups.values():
        members.extend(_silent_zero(members, every))
    grouped = {id(one) for members in groups.values() for one in members}
    refused = [
        Run([one], reason=one.reason, detail=one.detail)
        for one in every
        if one.role == "diffusion" and id(one) not in grouped
    ]
    found: list[Run] = []
    lone: list[Series] = []
    for members in groups.values():
        if len(_nominal_set(members)) > 1:
            found += _split(members)
        else:
            lone += members
    found += _join_lone(lone)
    for run in found:
        _plan(run)
    _number([run for run in found if not run.reason])
    for run in refused:
        run.b_values = sorted(set(bvalues.named(run.series[0].b_values).values()))
    return sorted(found + refused, key=lambda run: run.sort_key)


def _protocol(one: Series) -> tuple[Any, ...]:
    """What the series of one acquisition share."""
    head, technical = one.head, one.head["technical"]
    kind = "trace" if "TRACEW" in technical.get("ImageType", ()) else ""
    return (one.patient, head["study"], head["vendor"], head["model"], head["protocol"], kind, sequence(head),
            round(technical.get("EchoTime", 0), 1), *plane(one))  # fmt: skip


def _loose(one: Series) -> tuple[Any, ...]:
    """As `_protocol`, without the protocol's name and echo time: b values that were scanned as protocols of their own."""
    head = one.head
    return (one.patient, head["study"], head["vendor"], head["model"], sequence(head), *plane(one))


def sequence(head: dict[str, Any]) -> str:
    """Family of the pulse sequence, from its elements and never from free text."""
    technical = head["technical"]
    name = (technical.get("SequenceName") or technical.get("PulseSequenceName") or "").lower().lstrip("*")
    if name.startswith("re_b"):
        return "resolve"
    planar = "EP" in technical.get("ScanningSequence", ()) or "EPI" in str(technical.get("ScanOptions", ()))
    if planar or technical.get("echo_planar") or name.startswith("ep"):
        return "epi"
    if "RM" in technical.get("ScanningSequence", ()):
        return "research"
    return "dwi"


def _nominal_set(members: list[Series]) -> set[int]:
    return set(bvalues.named(b for one in members for b in one.b_values).values())


def _can_be_grouped(one: Series) -> bool:
    """Whether it is known to which acquisition a series belongs; one with truncated files spoils that acquisition."""
    known = all(f.b is not None and f.position and f.orientation and f.spacing for _, f in one.frames)
    return one.reason in ("", Reason.TRUNCATED, Reason.UNDECODABLE) and bool(one.frames) and known


def _split(members: list[Series]) -> list[Run]:
    """One protocol's series as runs.

    Series that were acquired at one moment are one acquisition that an export split by b value. Of the others, one whose b
    values a run has already begins a run of its own or joins the run without them that is nearest in time.
    """
    names = bvalues.named(b for one in members for b in one.b_values)
    moments: dict[tuple[str, float], list[Series]] = defaultdict(list)
    for one in sorted(members, key=lambda s: (s.date, s.head["series_number"] or 0, s.uid)):
        moments[one.date, _seconds(one)].append(one)
    open_runs: list[tuple[list[Series], set[Any]]] = []
    for each in moments.values():
        if len(each) > 1:
            _distribute(each, names, open_runs, len(open_runs))
    _distribute([each[0] for each in moments.values() if len(each) == 1], names, open_runs, 0)
    return [Run(run) for run, _ in open_runs]


def _distribute(
    members: list[Series], names: dict[float, int], open_runs: list[tuple[list[Series], set[Any]]], first: int
) -> None:
    """Put series into the open runs from number `first` on, or into new ones."""
    for one in members:
        holds = {(names[frame.b], frame.direction is not None) for _, frame in one.frames if frame.b is not None}
        fits = [
            (abs(_seconds(one) - _seconds(run[-1])), -place)
            for place, (run, has) in enumerate(open_runs)
            if place >= first and not holds & has
        ]
        if fits:
            run, has = open_runs[-min(fits)[1]]
            run.append(one)
            has |= holds
        else:
            open_runs.append(([one], holds))


def _join_lone(lone: list[Series]) -> list[Run]:
    """Series of a single b value: joined where another protocol of the same geometry holds other b values."""
    groups: dict[tuple[Any, ...], list[Series]] = defaultdict(list)
    for one in lone:
        groups[_loose(one)].append(one)
    found: list[Run] = []
    alone: list[Series] = []
    for members in groups.values():
        if len(_nominal_set(members)) > 1:
            found += _split(members)
        else:
            alone += members
    return found + [_lone_run(one, alone) for one in alone]


def _lone_run(one: Series, others: list[Series]) -> Run:
    """A series that stays alone; one whose protocol has other b values in another geometry says so."""
    run = Run([one])
    for other in others:
        kin = all(one.head[name] == other.head[name] for name in ("study", "protocol", "vendor"))
        if kin and one.patient == other.patient and _nominal_set([one]) != _nominal_set([other]):
            run.reason = Reason.MIXED_GEOMETRY
            run.detail = "other b values of the protocol have another size, spacing or orientation"
    return run


def _silent_zero(members: list[Series], every: list[Series]) -> list[Series]:
    """Of makers that write no b value at b = 0: the image series of the same protocol and geometry without any b value."""
    if 0 in _nominal_set(members) or members[0].head["vendor"] not in ABSENT_IS_ZERO:
        return []
    protocol = _protocol(members[0])
    zeros = [
        one
        for one in every
        if one.reason in (Reason.NOT_DIFFUSION, Reason.NO_B_VALUE)
        and one.frames
        and all(f.b is None and f.position and f.orientation and f.spacing for _, f in one.frames)
        and _protocol(one) == protocol
    ]
    for one in zeros:
        one.role, one.reason, one.detail = "diffusion", "", ""
        one.frames = [(n, frame._replace(b=0.0)) for n, frame in one.frames]
    return zeros


def _plan(run: Run) -> None:
    """Volumes and label of a run, or why it has none."""
    names = bvalues.named(b for one in run.series for b in one.b_values)
    run.b_values = sorted(set(names.values()))
    directions = {f.direction for one in run.series for _, f in one.frames if f.b and f.direction is not None}
    run.label = label(sequence(run.series[0].head), run.b_values, len(directions))
    spoilt = [one for one in run.series if one.reason]
    if spoilt:
        run.reason, run.detail = spoilt[0].reason, spoilt[0].detail
    if run.reason:
        return
    if len(run.b_values) < 2:
        run.reason, run.detail = Reason.ONE_B_VALUE, f"b = {run.b_values[0]} s/mm2 only" if run.b_values else ""
        return
    try:
        run.plan = volumes.plan(run.series, names)
    except NotOneStack as problem:
        run.reason, run.detail = Reason.MISSING_SLICES, str(problem)


def label(family: str, b_values: list[int], n_directions: int) -> str:
    """``epiB0x50x400x800``: sequence and nominal b values, and the number of directions where there are many."""
    if len(b_values) <= _MANY_B:
        values = "x".join(map(str, b_values))
    else:
        values = f"{b_values[0]}to{b_values[-1]}n{len(b_values)}"
    return f"{family}B{values}" + (f"dir{n_directions}" if n_directions > _MANY_DIRECTIONS else "")


def _number(runs: list[Run]) -> None:
    """Number the runs of one protocol on one day; different matrices under one label get labels of their own."""
    days: dict[tuple[str, str, str], list[Run]] = defaultdict(list)
    for run in runs:
        days[run.series[0].patient, run.date, run.label].append(run)
    for same in days.values():
        shapes = Counter(tuple(run.plan["shape"][:3]) for run in same)
        for run in same:
            if len(shapes) > 1:
                x, y, z = run.plan["shape"][:3]
                run.label += f"m{x}x{y}x{z}"
    numbers: Counter[tuple[str, str, str]] = Counter()
    for run in sorted(runs, key=lambda one: one.sort_key):
        key = run.series[0].patient, run.date, run.label
        numbers[key] += 1
        run.number = numbers[key]


def _seconds(one: Series) -> float:
    """Time of acquisition in seconds of the day; 0 where it is not stated."""
    text = one.head["time"].split("+")[0].replace(":", "")
    try:
        return int(text[:2]) * 3600 + int(text[2:4]) * 60 + float(text[4:] or 0)
    except ValueError:
        return 0.0
