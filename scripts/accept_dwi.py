"""Gather what became of every image series: series.tsv, exclusions.tsv, visits.json and the BIDS dataset."""

import argparse
import json
from pathlib import Path

from adcohort import files, participants, tables
from adcohort.dicom import accept, dataset
from adcohort.errors import StudyError, for_the_person_at_the_keyboard


def main() -> None:
    """Parse arguments, gather, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("converted", type=Path, help="folder that holds convert_dwi's, one a visit")
    parser.add_argument("--series", type=Path, required=True, help="series.json of the index")
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's title, characteristics, ingest")
    parser.add_argument("--table", type=Path, required=True, help="series.tsv to write")
    parser.add_argument("--exclusions", type=Path, required=True, help="exclusions.tsv to write")
    parser.add_argument("--visits", type=Path, required=True, help="visits.json to write")
    parser.add_argument(
        "--bids", type=Path, required=True, help="dataset_description.json to write; its folder is the dataset"
    )
    args = parser.parse_args()

    index = json.loads(args.series.read_text(encoding="utf-8"))
    folders = {name: args.converted / name for name in index["visits"]}
    files.keep_only(args.converted, "sub-*_ses-*", folders.values())
    statuses = [json.loads((folder / "status.json").read_text(encoding="utf-8")) for folder in folders.values()]
    visits = accept.visits(statuses, (args.options["ingest"] or {}).get("primary"))
    refused = [tables.exclusion("ingest", **row) for row in accept.excluded_runs(statuses)]
    tables.write(accept.series_rows(index["series"], statuses), args.table, "ingest", "series")
    tables.write_exclusions(index["exclusions"] + refused, args.exclusions)

    people = participants.read(args.participants)
    columns = args.options["characteristics"]
    if missing := [name for name in columns if name not in people]:
        raise StudyError(
            f"config: characteristics: {args.participants.name} has no column {', '.join(missing)}. Correct the name."
        )
    rows = people[["participant_id", *columns]].astype("object").where(people.notna(), None).to_dict("records")
    dataset.write_participants(args.bids.parent, rows, columns)
    dataset.write(args.bids.parent, folders, visits, args.options["title"])
    files.write_json(args.visits, {"visits": visits})


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
