"""What a study's raw data hold, counted: what a researcher wants to know before anything is analysed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adcohort import bids

_EMPTY = {"participant_id": None, "visit": None, "status": None, "reason": None}


def rows(
    participants: Sequence[str],
    series: Iterable[Mapping[str, Any]],
    visit_order: Sequence[str],
    tables: Mapping[str, tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]],
) -> list[dict[str, Any]]:
    """Lines of inventory.tsv.

    Parameters
    ----------
    participants
        Pseudonyms of the study.
    series
        Rows of the index (decisions from headers).
    visit_order
        Names of the visits.
    tables
        For each stage that reads sheets: the rows that it kept and those that it excluded or flagged, with their `record`.
    """
    found = list(series)
    out = [_line("study", "participants", len(participants))]
    usable = {
        (r["participant_id"], r["visit"]) for r in found if r["role"] == "diffusion" and r["status"] == "accepted"
    }
    for visit in visit_order:
        out.append(
            _line("imaging", "participants with diffusion images", sum(v == visit for _, v in usable), visit=visit)
        )
    out += [
        _line("imaging", "no diffusion images", 1, participant_id=who)
        for who in participants
        if who not in dict(usable)
    ]
    counts: Counter[tuple[str, str, str]] = Counter()
    n_files = 0
    for row in found:
        counts[row["role"], row["status"], row["reason"] or ""] += 1 if row["role"] != "file" else row["n_files"]
        n_files += row["n_files"]
    out.append(_line("imaging", "files", n_files))
    for (role, status, reason), n in sorted(counts.items()):
        item = "files outside any series" if role == "file" else f"series: {role}"
        out.append(_line("imaging", item, n, status=status, reason=reason or None))
    for stage, (kept, refused) in tables.items():
        out += _table_lines(stage, kept, refused, visit_order)
    return out


def region_lines(
    regions: Mapping[str, Sequence[Mapping[str, Any]]], unused: Iterable[Mapping[str, Any]], visit_order: Sequence[str]
) -> list[dict[str, Any]]:
    """Lines of inventory.tsv about region files.

    Parameters
    ----------
    regions
        The region files of each imaging visit (sub-01_ses-baseline), as the index tied them.
    unused
        Region files that belong to no visit.
    """
    out = [_line("regions", "files", sum(map(len, regions.values())), status="tied to a visit")]
    reasons = Counter(row["reason"] for row in unused)
    out += [_line("regions", "files", n, status="not used", reason=reason) for reason, n in sorted(reasons.items())]
    readers = Counter(reader for files in regions.values() for reader in {one["reader"] for one in files} if reader)
    out += [_line("regions", f"visits with regions of {reader}", n) for reader, n in sorted(readers.items())]
    for visit in visit_order:
        drawn = sum(bool(files) for name, files in regions.items() if bids.parts(name)[1] == visit)
        out.append(_line("regions", "participants with regions", drawn, visit=visit))
    return out


def _table_lines(
    stage: str, kept: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]], visit_order: Sequence[str]
) -> list[dict[str, Any]]:
    # one form is many scores and may have many remarks: it counts once
    out = [_line(stage, "records", len({row["record"] for row in kept if row["record"]}), status="kept")]
    reasons = Counter(key[:2] for key in {(row["decision"], row["reason"], row["record"]) for row in refused})
    out += [_line(stage, "records", n, status=s, reason=reason) for (s, reason), n in sorted(reasons.items())]
    if kept and "visit" in kept[0]:
        pairs = {(row["participant_id"], row["visit"]) for row in kept}
        for visit in visit_order:
            out.append(_line(stage, "participants with records", sum(v == visit for _, v in pairs), visit=visit))
    else:
        out.append(_line(stage, "participants with records", len({row["participant_id"] for row in kept})))
    return out


def _line(modality: str, item: str, n: int, **more: Any) -> dict[str, Any]:
    return {"modality": modality, "item": item, **_EMPTY, **more, "n": n}


def as_text(lines: Iterable[Mapping[str, Any]]) -> str:
    """The lines for a terminal, in blocks by modality."""
    text, last = [], ""
    for line in lines:
        if line["modality"] != last:
            last = line["modality"]
            text.append(f"\n{last}")
        words = [line[name] for name in ("item", "participant_id", "visit", "status", "reason") if line[name]]
        text.append(f"  {line['n']:>7}  {', '.join(map(str, words))}")
    return "\n".join(text).lstrip("\n")
