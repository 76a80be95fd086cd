"""Who the participants are (baseline table) and how long they were followed."""

import argparse
import json
from pathlib import Path

from adcohort import participants, sheets, tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.followup import describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("participants", type=Path, help="the participants' sheet")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's characteristics, as JSON")
    parser.add_argument("--alpha", type=float, default=0.05, help="intervals have the level 1 - alpha")
    parser.add_argument("--baseline", type=Path, required=True, help="table to write: characteristics")
    parser.add_argument("--followup", type=Path, required=True, help="table to write: follow-up and treatment time")
    args = parser.parse_args()

    people = participants.read(args.participants)
    given = list(sheets.read(args.participants).columns)
    tables.write(describe.baseline(people, args.options["characteristics"]), args.baseline, "flow", "baseline")
    tables.write(describe.follow_up(people, given, args.alpha), args.followup, "flow", "followup")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
