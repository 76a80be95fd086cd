"""Raw SF-36 answers of the synthetic study: a form a row, as a survey program exports them."""

import argparse
import json
from pathlib import Path

from adcohort import files, resources
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.example import cohort, labs, questionnaires


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=json.loads, default="{}", help='the config\'s example, as {"example": {…}}')
    parser.add_argument("--sf36", type=Path, required=True, help="CSV to write")
    args = parser.parse_args()

    wish = args.options.get("example") or {}
    people = cohort.draw(resources.load("example/cohort.yaml"), wish.get("seed"), wish.get("participants"))
    header, rows = questionnaires.sf36_table(people, resources.load("example/questionnaires.yaml"))
    with files.atomic(args.sf36) as part:
        part.write_bytes(labs.csv_text(header, rows).encode("utf-8-sig"))


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
