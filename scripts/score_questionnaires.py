"""Questionnaire answers in any layout to scores: one form a participant and visit, and why others were not used."""

import argparse
import json
from pathlib import Path

from adcohort import participants, phenotype, records, tables, visits
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.questionnaires import keys, score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=Path, required=True, help="participant_id, patient_id, treatment_start")
    parser.add_argument(
        "--options", type=json.loads, required=True, help="the config's data, visits and questionnaires, as JSON"
    )
    parser.add_argument(
        "--scores", type=Path, required=True, help="table to write; items, scales, sources, exclusions come beside"
    )
    parser.add_argument(
        "--private", type=Path, required=True, help="folder for the links to files and rows (made with mode 0700)"
    )
    parser.add_argument("--phenotype", type=Path, nargs="?", help="BIDS phenotype table to write, a row a participant")
    args = parser.parse_args()

    options = args.options["questionnaires"]
    study_visits = visits.of_stage(args.options["visits"], options["visits"])
    key = keys.load(options["instrument"], options["scoring"], options["norms"], Path(args.options["data"]))
    words = records.Words(
        "item", "answer", "items", key.items, lambda them: keys.headings(key, them, tuple(study_visits)), forms=True
    )
    gathered = records.gather(Path(args.options["data"]), options["files"], words)
    records.place(gathered.records, participants.read(args.participants), study_visits)
    found = score.score(gathered.records, key, study_visits, options, gathered.headers)

    beside = args.scores.parent
    tables.write(found.scores, args.scores, "questionnaires")
    tables.write(found.items, beside / "items.tsv", "questionnaires")
    tables.write(score.scale_rows(key), beside / "scales.tsv", "questionnaires")
    tables.write(gathered.reports, beside / "sources.tsv", "questionnaires")
    unknown = records.unknown_column_exclusions("questionnaires", gathered.unknown_columns)
    tables.write_exclusions(found.exclusions + unknown, beside / "exclusions.tsv")
    records.write_links(args.private, found.names)
    if args.phenotype:
        phenotype.write(args.phenotype, score.phenotype_columns(found.scores, key, study_visits), about=key.name)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
