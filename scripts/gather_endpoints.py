"""Endpoint values of laboratory, questionnaires and imaging in one table: one a participant, visit and endpoint."""

import argparse
import json
from pathlib import Path

from adcohort import participants, tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.statistics import endpoints, plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument("--labs", type=Path, nargs="?", help="labs.tsv")
    parser.add_argument("--scores", type=Path, nargs="?", help="scores.tsv")
    parser.add_argument("--adc", type=Path, nargs="?", help="roi/participants.tsv")
    parser.add_argument("--roi", type=Path, nargs="?", help="roi.tsv, for single lesions")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's visits and statistics, as JSON")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    args = parser.parse_args()

    visits = args.options["visits"]
    declared = plan.read(args.options["statistics"], visits)
    people = participants.days(participants.read(args.participants))
    parts = []
    if args.labs:
        parts.append(endpoints.of_labs(tables.read(args.labs, "labs", "labs")))
    if args.scores:
        parts.append(endpoints.of_scores(tables.read(args.scores, "questionnaires", "scores")))
    if args.adc:
        parts.append(endpoints.of_adc(tables.read(args.adc, "roi", "participants"), declared.before))
    lesions = endpoints.of_lesions(tables.read(args.roi, "roi", "roi")) if args.roi else []
    values, exclusions = endpoints.gather(parts, people, visits)

    kept = people[["participant_id", "treatment_end", "last_contact", "death"]]
    tables.write(kept, args.out / "participants.tsv", "statistics")
    tables.write(values, args.out / "endpoints.tsv", "statistics")
    tables.write(lesions, args.out / "lesion_values.tsv", "statistics")
    tables.write_exclusions(exclusions, args.out / "exclusions.tsv")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
