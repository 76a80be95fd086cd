"""Index a study's image files: what every file is, and for each visit the diffusion runs and the regions drawn on them."""

import argparse
import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

from adcohort import files, participants, tables, visits
from adcohort.dicom import index, tree
from adcohort.errors import StudyError, for_the_person_at_the_keyboard
from adcohort.reasons import Reason
from adcohort.roi import find


def main() -> None:
    """Parse arguments, index, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path, help="folder of DICOM files, in any order")
    parser.add_argument(
        "--data", type=Path, required=True, help="the study's data folder; manifests' paths are relative to it"
    )
    parser.add_argument("--participants", type=Path, required=True, help="participant_id, patient_id, treatment_start")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's visits and ingest, as JSON")
    parser.add_argument(
        "--masks", type=json.loads, help="the config's patterns of mask files, as {'roi': {'masks': […]}}"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that read")
    parser.add_argument("--cache", type=Path, help="what earlier calls read; beside the index if not given")
    parser.add_argument(
        "--index", type=Path, required=True, help="folder to write: manifests, regions, series.json, objects.json"
    )
    args = parser.parse_args()
    os.umask(0o077)
    if not args.tree.is_dir():
        raise StudyError(f"config: ingest.dicom: there is no folder {args.tree.name!r} under data. Correct the path.")

    people: dict[str, index.Person] = {}
    for who in participants.read(args.participants).itertuples():
        person = index.Person(str(who.participant_id), dt.date.fromisoformat(str(who.treatment_start)[:10]))
        people |= {str(who.patient_id): person, person.participant_id: person}
    cache = args.cache or args.index.with_name("index_cache.sqlite")
    files.private_folder(cache.parent)
    windows = visits.of_stage(args.options["visits"], (args.options.get("ingest") or {}).get("visits"))
    out = index.build(tree.read(args.data, args.tree, cache, workers=args.workers), people, windows)
    write(out, args.index, regions(out, args.data, args.masks, people))


def regions(out: index.Index, data: Path, masks: Any, people: dict[str, index.Person]) -> tuple[Any, Any]:
    """Region files by visit name, and those that belong to no visit; nothing for a study without regions."""
    if masks is None or masks["roi"]["masks"] is None:
        return {}, []
    pseudonyms = {patient: who.participant_id for patient, who in people.items()}
    return find.find(data, masks["roi"]["masks"], out.objects, find.scans_of(out.manifests, out.scans), pseudonyms)


def write(out: index.Index, folder: Path, regions: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    """Write the index into a private folder."""
    files.private_folder(folder)
    for part in ("manifests", "regions"):  # there, and empty, where no visit has usable images
        files.private_folder(folder / part)
    for name, manifest in out.manifests.items():
        files.write_json(folder / "manifests" / f"{name}.json", manifest)
        files.write_json(folder / "regions" / f"{name}.json", {"regions": regions[0].get(name, [])})
    exclusions = [tables.exclusion("ingest", Reason(row.pop("reason")), **row) for row in out.exclusions]
    files.write_json(
        folder / "series.json", {"visits": sorted(out.manifests), "series": out.series, "exclusions": exclusions}
    )
    files.write_json(folder / "objects.json", {"objects": out.objects})
    files.write_json(folder / "unused_regions.json", {"unused": regions[1]})
    files.write_json(folder / "links.json", out.links)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
