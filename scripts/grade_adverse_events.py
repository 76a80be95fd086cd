"""Adverse events as CTCAE terms and grades, what is treatment-emergent, and each participant's worst grade a term."""

import argparse
import json
from pathlib import Path

import pandas as pd
from adcohort import files, participants, sheets, tables
from adcohort.adverse_events import events, exposure, terms
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sheet", type=Path, help="one row an event")
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument(
        "--options", type=json.loads, required=True, help="the config's visits and adverse_events, as JSON"
    )
    parser.add_argument("--dictionary", type=Path, help="the study's own dictionary of terms")
    parser.add_argument("--exposure", type=Path, help="table of doses; without it treatment_end is the last dose")
    parser.add_argument("--notes", type=Path, nargs="*", default=[], help="exclusions of earlier steps of the stage")
    parser.add_argument("--events", type=Path, required=True, help="table to write: one row an event")
    parser.add_argument(
        "--worst-grades", type=Path, required=True, help="table to write: one row a participant and term"
    )
    parser.add_argument("--exclusions", type=Path, required=True, help="table to write: records not used or marked")
    parser.add_argument(
        "--unmapped", type=Path, required=True, help="private list of the words that no dictionary knows"
    )
    args = parser.parse_args()

    settings = args.options["adverse_events"]
    people = participants.read(args.participants)
    own = sheets.read(args.dictionary, settings["encoding"]) if args.dictionary else None
    dictionary = terms.Dictionary(settings["ctcae"], own)
    windows = args.options["visits"] | settings["visits"]
    found, notes = events.read(sheets.read(args.sheet, settings["encoding"]), people, dictionary, settings, windows)
    doses = tables.read(args.exposure, "adverse_events", "exposure") if args.exposure else pd.DataFrame()
    dosed = dict(zip(doses["participant_id"], doses["last_day"].astype(int), strict=True)) if len(doses) else {}
    last, without = exposure.last_doses(people, dosed)
    earlier = [row for path in args.notes for row in tables.read(path, "flow", "exclusions").to_dict("records")]
    version = {"ctcae_version": str(settings["ctcae"])}

    found = events.with_emergence(found, last, settings["days_after_last_dose"])
    tables.write([event | version for event in found], args.events, "adverse_events", "events")
    worst = [row | version for row in events.worst_grades(found)]
    tables.write(worst, args.worst_grades, "adverse_events", "worst_grades")
    tables.write_exclusions([*earlier, *notes, *without], args.exclusions)
    files.private_folder(args.unmapped.parent)
    words = "".join(f"{name}\t{tables.harmless(text)}\n" for name, text in sorted(dictionary.unmapped.items()))
    files.write_text(args.unmapped, "counted as\twords of the source\n" + words)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
