"""The synthetic study's adverse_events.csv."""

import argparse
import json
from pathlib import Path

from adcohort import files, resources
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.example import cohort, events, participants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=Path, help="sheet to write")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's example, as JSON")
    args = parser.parse_args()

    example = args.options["example"]
    people = cohort.draw(resources.load("example/cohort.yaml"), example["seed"], example["participants"])
    rows = events.sheet(people, resources.load("example/adverse_events.yaml"))
    files.write_text(args.events, participants.as_csv(rows))


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
