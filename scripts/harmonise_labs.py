"""Laboratory sheets in any layout, language and unit: one value a participant, visit and analyte; why others were not used."""

import argparse
import json
from pathlib import Path

from adcohort import participants, phenotype, records, tables, visits
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.labs import harmonise, report
from adcohort.labs.analytes import Dictionary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=Path, required=True, help="participant_id, patient_id, treatment_start")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's data, visits and labs, as JSON")
    parser.add_argument(
        "--labs", type=Path, required=True, help="table to write; analytes, sources, exclusions come beside"
    )
    parser.add_argument(
        "--private", type=Path, required=True, help="folder for the links to files and rows (made with mode 0700)"
    )
    parser.add_argument("--phenotype", type=Path, nargs="?", help="BIDS phenotype table to write, a row a participant")
    args = parser.parse_args()

    options = args.options["labs"]
    study_visits = visits.of_stage(args.options["visits"], options["visits"])
    dictionary = Dictionary(options["analytes"], options["units"])
    words = records.Words(
        "analyte", "value", "analytes", dictionary.by_code, lambda them: dictionary.headings(them, tuple(study_visits))
    )
    gathered = records.gather(Path(args.options["data"]), options["files"], words)
    people = participants.read(args.participants)
    records.place(gathered.records, people, study_visits)
    found = harmonise.harmonise(gathered.records, dictionary, study_visits, options)

    tables.write(found.rows, args.labs, "labs")
    tables.write(report.analyte_rows(found.rows, dictionary), args.labs.parent / "analytes.tsv", "labs")
    tables.write(gathered.reports, args.labs.parent / "sources.tsv", "labs")
    unknown = records.unknown_column_exclusions("labs", gathered.unknown_columns)
    tables.write_exclusions(found.exclusions + unknown, args.labs.parent / "exclusions.tsv")
    records.write_links(args.private, found.names)
    if args.phenotype:
        phenotype.write(args.phenotype, report.phenotype_columns(found.rows, dictionary, study_visits))


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
