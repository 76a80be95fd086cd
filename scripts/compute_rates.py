"""Response and disease control rates with their intervals."""

import argparse
from pathlib import Path

from adcohort import tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.recist import rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("best", type=Path, help="table of best responses")
    parser.add_argument("--alpha", type=float, default=0.05, help="intervals have the level 1 - alpha")
    parser.add_argument("--rates", type=Path, required=True, help="table to write")
    args = parser.parse_args()

    best = tables.read(args.best, "response", "best").to_dict("records")
    tables.write(rates.rates(best, args.alpha), args.rates, "response", "rates")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
