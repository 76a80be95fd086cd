"""Doses taken: dose intensity, interruptions and the last dose of each participant."""

import argparse
import json
from pathlib import Path

from adcohort import participants, sheets, tables
from adcohort.adverse_events import exposure, terms
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sheet", type=Path, help="one row a span of one daily dose")
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's adverse_events, as JSON")
    parser.add_argument("--dictionary", type=Path, help="the study's own dictionary of terms, for the reasons")
    parser.add_argument("--exposure", type=Path, required=True, help="table to write: one row a participant")
    parser.add_argument("--exclusions", type=Path, required=True, help="table to write: spans that were not used")
    args = parser.parse_args()

    whole = args.options["adverse_events"]
    settings = whole["exposure"]
    own = sheets.read(args.dictionary, whole["encoding"]) if args.dictionary else None
    dictionary = terms.Dictionary(whole["ctcae"], own)
    people = participants.read(args.participants)
    spans, notes = exposure.read(sheets.read(args.sheet, settings["encoding"]), people, settings["columns"])
    rows = exposure.summary(spans, settings["planned_daily_dose"], dictionary)
    tables.write(rows, args.exposure, "adverse_events", "exposure")
    tables.write_exclusions(notes + exposure.late_starts(rows), args.exclusions)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
