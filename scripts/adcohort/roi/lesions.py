"""Lesions over time: which regions of different visits are one lesion, and what is known of it at every visit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adcohort.errors import StudyError
from adcohort.reasons import Reason

Row = dict[str, Any]


@dataclass
class Lesion:
    """One lesion of a participant: its name, the names it was drawn under, what ties its regions, where it was seen."""

    name: str
    labels: list[str] = field(default_factory=list)
    identified_by: str = "name"
    visits: list[str] = field(default_factory=list)

    @property
    def renamed(self) -> bool:
        """Whether it was drawn under different names."""
        return len({label.casefold() for label in self.labels}) > 1


def identify(rows: Sequence[Row], visit_order: Sequence[str], mapped: Iterable[str] = ()) -> list[Lesion]:
    """Give the regions of one participant the names that their lesions keep; sets ``lesion`` of each row.

    Regions with one tracking identifier are one lesion, whatever their names; regions of one name are too, unless the same
    reader drew two with different tracking identifiers at one visit. A lesion is named as at its first visit, or as the
    config maps it (`mapped` holds the names that it gives).
    """
    groups = _groups(rows)
    lesions = []
    used: set[str] = set()
    for members in groups:
        members.sort(key=lambda row: (visit_order.index(row["visit"]), row["reader"], row["session"]))
        names = [row["lesion"] for row in members]
        given = next((name for name in names if name in set(mapped)), None)
        name = given or names[0]
        number = 2
        while name.casefold() in used:
            name, number = f"{names[0]} ({number})", number + 1
        used.add(name.casefold())
        labels = list(dict.fromkeys(row["label"] for row in members))
        differ = len({label.casefold() for label in labels}) > 1
        tracked = {row["tracking"] for row in members}
        by = "config" if given else "tracking" if differ or (len(tracked) == 1 and "" not in tracked) else "name"
        for row in members:
            row["lesion"] = name
        lesions.append(Lesion(name, labels, by, list(dict.fromkeys(row["visit"] for row in members))))
    return sorted(lesions, key=lambda lesion: lesion.name)


def mapped_names(names: Mapping[str, Any], participant_id: str) -> set[str]:
    """Lesion identifiers that the config's lesion_names gives, to all or to this participant."""
    own = names.get(participant_id)
    flat = [*names.values(), *(own.values() if isinstance(own, Mapping) else ())]
    return {name for name in flat if isinstance(name, str)}


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    by_tracking: dict[str, list[Row]] = defaultdict(list)
    for number, row in enumerate(rows):
        by_tracking[row["tracking"] or f"untracked {number}"].append(row)
    groups: list[list[Row]] = []
    for members in by_tracking.values():
        names = {row["lesion"].casefold() for row in members}
        slots = {_slot(row) for row in members}
        tracked = bool(members[0]["tracking"])
        for group in groups:
            same_name = names & {row["lesion"].casefold() for row in group}
            two_at_once = tracked and any(_slot(row) in slots and row["tracking"] for row in group)
            if same_name and not two_at_once:
                group.extend(members)
                break
        else:
            groups.append(list(members))
    return groups


def _slot(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("visit", "acquisition", "run", "reader", "session"))


def two_regions(participant_id: str, rows: Sequence[Row]) -> list[str]:
    """Sentences on lesions with two regions by one reader at one visit, or with a region whose reader is not named."""
    regions: dict[tuple[str, str, Any, Any], list[Row]] = defaultdict(list)
    for row in rows:
        regions[row["visit"], row["lesion"], row["acquisition"], row["run"]].append(row)
    told = set()
    for (visit, lesion, _, _), group in regions.items():
        readers = [(row["reader"], row["session"]) for row in group]
        if len(group) > 1 and (len(set(readers)) < len(readers) or "" in {reader for reader, _ in readers}):
            told.add(
                f"{participant_id}, visit {visit}: {len(group)} regions of lesion {lesion} and no reader that tells them apart. "
                "Name the reader ({reader} or {session} in roi.masks, or the DICOM fields), or remove one region."
            )
    return sorted(told)


def primary_reader(rows: Iterable[Row], declared: str | None) -> str:
    """The reader whose regions count.

    Raises
    ------
    StudyError
        For several readers and none declared, or a declared one who has drawn nothing.
    """
    readers = {row["reader"] for row in rows}
    named = sorted(readers - {""})
    if declared is not None:
        if named and declared not in named:
            raise StudyError(
                f"roi.reader: {declared} has drawn no region; there are {', '.join(named)}. Correct the name."
            )
        return declared
    if len(named) > 1:
        raise StudyError(f"Regions of {len(named)} readers ({', '.join(named)}). Name the primary one as roi.reader.")
    return named[0] if named else ""


def course(
    lesion: Lesion, status: Mapping[str, str], visit_order: Sequence[str], imaged: Iterable[str], gone: Iterable[str]
) -> dict[str, str]:
    """Status of a lesion at every visit.

    Parameters
    ----------
    lesion, status
        The lesion, and the status of its region at the visits that have one.
    imaged
        Visits with a usable scan.
    gone
        Visits at which a measurement of 0 mm says that the lesion is gone.
    """
    scans, vanished = set(imaged), set(gone)
    out = {}
    for visit in visit_order:
        if visit in status:
            out[visit] = status[visit]
        elif visit not in scans:
            out[visit] = "not imaged"
        else:
            out[visit] = "resolved" if visit in vanished else "not drawn"
    return out


def changes(row: Row, baseline: Row | None) -> list[str]:
    """What changed between a scan and the baseline's that makes their ADC hard to compare."""
    if baseline is None:
        return []
    found = [
        reason
        for key, reason in (
            ("scanner", Reason.SCANNER_CHANGED),
            ("b_values", Reason.B_VALUES_CHANGED),
            ("acquisition", Reason.PROTOCOL_CHANGED),
        )
        if row.get(key) and baseline.get(key) and row[key] != baseline[key]
    ]
    if Reason.B_VALUES_CHANGED in found and Reason.PROTOCOL_CHANGED in found:
        found.remove(Reason.PROTOCOL_CHANGED)  # an acquisition's label holds its b values: that change is told already
    return [str(reason) for reason in found]
