"""ADC and response: baseline and early change of responders and others, ROC curve, correlation with other changes."""

import argparse
import json
from pathlib import Path

from adcohort import tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.statistics import plan, response


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoints", type=Path, help="endpoints.tsv")
    parser.add_argument("--participants", type=Path, required=True, help="statistics/participants.tsv")
    parser.add_argument("--best", type=Path, nargs="?", help="best.tsv; without it only correlations are made")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's visits and statistics, as JSON")
    parser.add_argument("--order", type=str.split, default=[], help="endpoints in the order of the rows")
    parser.add_argument("--adc-response", type=Path, required=True, help="table to write")
    parser.add_argument("--roc", type=Path, required=True, help="table of curves to write")
    args = parser.parse_args()

    declared = plan.read(args.options["statistics"], args.options["visits"], args.order)
    values = tables.read(args.endpoints, "statistics", "endpoints")
    people = tables.read(args.participants, "statistics", "participants")
    best = tables.read(args.best, "response", "best") if args.best else None
    rows, curves = response.table(values, best, people, declared)
    tables.write(rows, args.adc_response, "statistics", "adc_response")
    tables.write(curves, args.roc, "statistics", "roc")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
