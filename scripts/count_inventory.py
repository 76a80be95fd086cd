"""Count what a study's raw data hold: participants, visits by modality, series by role and reason, records kept and refused."""

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd
from adcohort import files, participants, tables
from adcohort.dicom import inventory
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    """Parse arguments, count and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument("--series", type=Path, help="series.json of the index, if the study has images")
    parser.add_argument(
        "--regions", type=Path, help="the index's folder of region files by visit, if the study has regions"
    )
    parser.add_argument("--unused", type=Path, help="the index's region files of no visit, with --regions")
    parser.add_argument("--kept", type=Path, nargs="*", default=[], help="tables of kept records, one a stage")
    parser.add_argument(
        "--excluded", type=Path, nargs="*", default=[], help="each stage's exclusions, in the same order"
    )
    parser.add_argument(
        "--options", type=json.loads, required=True, help="the config's visits and characteristics, as JSON"
    )
    parser.add_argument("--inventory", type=Path, required=True, help="table to write")
    parser.add_argument("--text", type=Path, required=True, help="the same for a terminal, to write")
    args = parser.parse_args()

    series = read(args.series)["series"] if args.series else []
    people = participants.read(args.participants)
    participants.must_have(people, args.options["characteristics"])
    sheets = {
        kept.parent.name: (records(kept), records(excluded))
        for kept, excluded in zip(args.kept, args.excluded, strict=True)
    }
    order = list(args.options["visits"])
    lines = inventory.rows(people["participant_id"].tolist(), series, order, sheets)
    if args.regions:
        found = {path.stem: read(path)["regions"] for path in sorted(args.regions.glob("*.json"))}
        lines += inventory.region_lines(found, read(args.unused)["unused"], order)
    tables.write(lines, args.inventory, "ingest", "inventory")
    files.write_text(args.text, inventory.as_text(lines) + "\n")


def read(path: Path) -> Any:
    """A file of the index."""
    return json.loads(path.read_text(encoding="utf-8"))


def records(path: Path) -> list[dict[str, Any]]:
    """Rows of a result table."""
    return pd.read_csv(path, sep="\t", dtype="string", keep_default_na=False).to_dict("records")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
