"""Gather what became of every image series: series.tsv, exclusions.tsv and visits.json."""

import argparse
import json
from pathlib import Path

from adcohort import files, tables
from adcohort.dicom import accept
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    """Parse arguments, gather, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("converted", type=Path, help="folder that holds convert_dwi's, one a visit")
    parser.add_argument("--series", type=Path, required=True, help="series.json of the index")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's ingest")
    parser.add_argument("--table", type=Path, required=True, help="series.tsv to write")
    parser.add_argument("--exclusions", type=Path, required=True, help="exclusions.tsv to write")
    parser.add_argument("--visits", type=Path, required=True, help="visits.json to write")
    args = parser.parse_args()

    index = json.loads(args.series.read_text(encoding="utf-8"))
    folders = [args.converted / name for name in index["visits"]]
    files.keep_only(args.converted, "sub-*_ses-*", folders)
    statuses = [json.loads((folder / "status.json").read_text(encoding="utf-8")) for folder in folders]
    visits = accept.visits(statuses, (args.options["ingest"] or {}).get("primary"))
    refused = [tables.exclusion("ingest", **row) for row in accept.excluded_runs(statuses)]
    tables.write(accept.series_rows(index["series"], statuses), args.table, "ingest", "series")
    tables.write_exclusions(index["exclusions"] + refused, args.exclusions)
    files.write_json(args.visits, {"visits": visits})


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
