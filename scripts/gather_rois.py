"""Regions of all visits: values, the participants' ADC, lesions over time, and what was not used."""

import argparse
import json
from pathlib import Path

from adcohort import bids, files, tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.reasons import Reason
from adcohort.roi import gather, sources


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measured", type=Path, help="folder with the values of each visit; others are removed from it")
    parser.add_argument(
        "--masks", type=Path, help="folder with the label maps of each visit; others are removed from it"
    )
    parser.add_argument("--indexed", type=Path, required=True, help="series.json of the index, with all imaging visits")
    parser.add_argument("--visits", type=Path, required=True, help="the accepted visits (JSON)")
    parser.add_argument("--unused", type=Path, help="region files that belong to no visit (JSON)")
    parser.add_argument(
        "--lesions", type=Path, help="lesion measurements: participant_id, visit, lesion, value_mm (TSV)"
    )
    parser.add_argument("--options", type=json.loads, required=True, help="the config's visits and roi, as JSON")
    parser.add_argument("--out", type=Path, required=True, help="folder for roi, participants, lesions and exclusions")
    args = parser.parse_args()

    accepted = json.loads(args.visits.read_text(encoding="utf-8"))["visits"]
    names = json.loads(args.indexed.read_text(encoding="utf-8"))["visits"]
    files.keep_only(args.measured, "*.json", [args.measured / f"{name}.json" for name in names])
    if args.masks:
        files.keep_only(args.masks, "sub-*", [args.masks / name for name in names])
    people_left = sorted({bids.parts(name)[0] for name in names})
    overlays = args.out / "overlays"  # of participants who are gone; the others' are drawn by draw_overlays
    files.keep_only(overlays, "sub-*", [overlays / f"{who}{end}" for who in people_left for end in ("", ".png")])
    order = list(args.options["visits"])
    people = sources.people_of(accepted, args.measured, order, sources.response_lesions(args.lesions))
    found = gather.gather(people, order, args.options["roi"])
    unused = json.loads(args.unused.read_text(encoding="utf-8"))["unused"] if args.unused else []
    found.exclusions += [
        tables.exclusion(
            "roi",
            Reason(row["reason"]),
            participant_id=row["participant_id"] or None,
            visit=row["visit"] or None,
            record=row["record"],
            detail=row["detail"],
        )
        for row in unused
    ]
    tables.write(found.roi, args.out / "roi.tsv", "roi")
    tables.write(found.participants, args.out / "participants.tsv", "roi")
    tables.write(found.lesions, args.out / "lesions.tsv", "roi")
    files.write_json(args.out / "overlaps.json", {"overlaps": sources.overlaps(people)})
    tables.write_exclusions(found.exclusions, args.out / "exclusions.tsv")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
