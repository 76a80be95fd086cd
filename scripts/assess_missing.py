"""Missing values: how many and why, in which patterns, and what they could do to the primary comparisons."""

from pathlib import Path

from adcohort import tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.statistics import absence, imputation, plan


def main() -> None:
    parser = plan.parser(__doc__)
    parser.add_argument("--participants", type=Path, required=True, help="statistics/participants.tsv")
    parser.add_argument("--missing", type=Path, required=True, help="pattern table to write")
    parser.add_argument(
        "--sensitivity", type=Path, required=True, help="table of completers, imputation and tipping points"
    )
    args = parser.parse_args()

    declared = plan.declared(args)
    values = tables.read(args.endpoints, "statistics", "endpoints")
    people = tables.read(args.participants, "statistics", "participants")
    tables.write(absence.table(values, people, declared), args.missing, "statistics")
    tables.write(imputation.table(values, people, declared), args.sensitivity, "statistics")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
