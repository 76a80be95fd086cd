"""Before and after: every endpoint of the plan by its declared test, other methods beside it, and where programs differ."""

from pathlib import Path

from adcohort import tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.statistics import conventions, paired, plan


def main() -> None:
    parser = plan.parser(__doc__)
    parser.add_argument("--participants", type=Path, required=True, help="statistics/participants.tsv")
    parser.add_argument("--paired", type=Path, required=True, help="table of comparisons to write")
    parser.add_argument(
        "--conventions", type=Path, required=True, help="table to write: where R and SPSS give other numbers"
    )
    args = parser.parse_args()

    declared = plan.declared(args)
    values = tables.read(args.endpoints, "statistics", "endpoints")
    people = tables.read(args.participants, "statistics", "participants")
    tables.write(paired.table(values, people, declared), args.paired, "statistics")
    tables.write(conventions.table(values, declared), args.conventions, "statistics")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
