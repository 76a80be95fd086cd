"""The synthetic study's participants.csv and exposure.csv."""

import argparse
import json
from pathlib import Path

from adcohort import files, resources
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.example import cohort, participants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("participants", type=Path, help="sheet of participants to write")
    parser.add_argument("--exposure", type=Path, required=True, help="sheet of doses to write")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's example, as JSON")
    args = parser.parse_args()

    example = args.options["example"]
    people = cohort.draw(resources.load("example/cohort.yaml"), example["seed"], example["participants"])
    files.write_text(args.participants, participants.as_csv(participants.sheet(people)))
    files.write_text(args.exposure, participants.as_csv(participants.exposure(people)))


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
