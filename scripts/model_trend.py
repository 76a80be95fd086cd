"""Courses over all visits: estimated means, changes from visit to visit, slope, Page's test, for every endpoint."""

from pathlib import Path

from adcohort import tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.statistics import plan, trend


def main() -> None:
    parser = plan.parser(__doc__)
    parser.add_argument("--lesions", type=Path, required=True, help="lesion_values.tsv")
    parser.add_argument("--trend", type=Path, required=True, help="table to write")
    args = parser.parse_args()

    declared = plan.declared(args)
    values = tables.read(args.endpoints, "statistics", "endpoints")
    lesions = tables.read(args.lesions, "statistics", "lesion_values")
    tables.write(trend.table(values, lesions, declared), args.trend, "statistics")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
