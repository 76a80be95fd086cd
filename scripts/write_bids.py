"""The accepted runs as a BIDS dataset, with the participants' characteristics."""

import argparse
import json
from pathlib import Path

from adcohort import participants
from adcohort.dicom import dataset
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    """Parse arguments, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("converted", type=Path, help="folder that holds convert_dwi's, one a visit")
    parser.add_argument("--visits", type=Path, required=True, help="visits.json of the accepted runs")
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's title and characteristics")
    parser.add_argument("--description", type=Path, required=True, help="dataset_description.json to write")
    args = parser.parse_args()

    people = participants.read(args.participants)
    columns = args.options["characteristics"]
    participants.must_have(people, columns)
    rows = people[["participant_id", *columns]].astype("object").where(people.notna(), None).to_dict("records")
    visits = json.loads(args.visits.read_text(encoding="utf-8"))["visits"]
    dataset.write_participants(args.description.parent, rows, columns)
    dataset.write(args.description.parent, args.converted, visits, args.options["title"])


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
