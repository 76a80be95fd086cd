"""Response by RECIST 1.1: the time points of every participant with their reasons, and the best responses."""

import argparse
import json
from pathlib import Path

from adcohort import participants, sheets, tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.followup import times
from adcohort.reasons import Decision, Reason
from adcohort.recist import marker
from adcohort.recist.study import Study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sheet", type=Path, help="lesion measurements, or stated responses as the config says")
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's visits and response, as JSON")
    parser.add_argument("--labs", type=Path, help="table of laboratory values, for a marker that must become normal")
    parser.add_argument("--lesions", type=Path, required=True, help="table to write: the measurements as they count")
    parser.add_argument("--timepoints", type=Path, required=True, help="table to write: one row an assessment")
    parser.add_argument("--best", type=Path, required=True, help="table to write: one row a participant")
    parser.add_argument("--exclusions", type=Path, required=True, help="table to write: records not used or marked")
    args = parser.parse_args()

    settings = args.options["response"]
    study = Study(participants.read(args.participants), args.options["visits"] | settings["visits"], settings)
    sheet = sheets.read(args.sheet, settings["encoding"])
    if "lesions" in settings:
        markers = marker.read(args.labs, settings["cr_marker"]) if args.labs else {}
        timepoints, lesions = study.from_lesions(sheet, markers)
    else:
        timepoints, lesions = study.from_responses(sheet), []
    best = study.best(timepoints)
    has_deaths = "death" in sheets.read(args.participants).columns
    if not has_deaths:
        detail = (
            "no column death in the participants' sheet: progression-free survival and duration of response are refused"
        )
        study.notes.add(Reason.MISSING_COLUMN, detail, decision=Decision.FLAGGED)
    for row in best:
        course = times.Course.of(row, study.known_days(row["participant_id"]))
        duration = times.response_duration(row["confirmed_best"], row["confirmed_day"], course) if has_deaths else None
        row["duration_days"] = duration.days if duration else None
        row["duration_event"] = duration.event if duration else None
    tables.write(lesions, args.lesions, "response", "lesions")
    tables.write(timepoints, args.timepoints, "response", "timepoints")
    tables.write(best, args.best, "response", "best")
    tables.write_exclusions(study.notes.rows, args.exclusions)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
