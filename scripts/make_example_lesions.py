"""The synthetic study's lesions.csv."""

import argparse
import json
from pathlib import Path

from adcohort import files, resources
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.example import cohort, lesions, participants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lesions", type=Path, help="sheet to write")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's example, as JSON")
    args = parser.parse_args()

    example = args.options["example"]
    people = cohort.draw(resources.load("example/cohort.yaml"), example["seed"], example["participants"])
    rows = lesions.sheet(people)
    files.write_text(args.lesions, participants.as_csv(rows))


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
