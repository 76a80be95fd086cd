"""Within-session repeatability of ROI values: runs of one protocol on one day, per lesion and pooled, with intervals."""

import argparse
from pathlib import Path

from adcohort import tables
from adcohort.diffusion import repeatability
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roi", type=Path, help="roi.tsv")
    parser.add_argument("--repeatability", type=Path, required=True, help="table to write")
    args = parser.parse_args()

    rows = repeatability.table(tables.read(args.roi, "roi"))
    tables.write(rows, args.repeatability, "adc", "repeatability")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
