"""Incidence of treatment-emergent adverse events: participants, intervals, rates adjusted for time at risk."""

import argparse
import json
from pathlib import Path

import pandas as pd
from adcohort import participants, tables
from adcohort.adverse_events import exposure, incidence
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=Path, help="table of events")
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument("--exposure", type=Path, help="table of doses; without it treatment_end is the last dose")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's adverse_events, as JSON")
    parser.add_argument("--alpha", type=float, default=0.05, help="intervals have the level 1 - alpha")
    parser.add_argument("--incidence", type=Path, required=True, help="table to write")
    args = parser.parse_args()

    settings = args.options["adverse_events"]
    people = participants.read(args.participants)
    table = tables.read(args.events, "adverse_events", "events")
    events = table.astype(object).where(table.notna(), None).to_dict("records")
    doses = tables.read(args.exposure, "adverse_events", "exposure") if args.exposure else pd.DataFrame()
    dosed = dict(zip(doses["participant_id"], doses["last_day"].astype(int), strict=True)) if len(doses) else {}
    last, _ = exposure.last_doses(people, dosed)
    at_risk = exposure.ends_of_risk(people, last, settings["days_after_last_dose"])
    rows = incidence.incidence(events, at_risk, args.alpha)
    version = {"ctcae_version": str(settings["ctcae"])}
    tables.write([row | version for row in rows], args.incidence, "adverse_events", "adverse_event_incidence")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
