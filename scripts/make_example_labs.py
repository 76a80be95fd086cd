"""Raw laboratory sheets of the synthetic study: serum markers (GB18030, Chinese, long) and immune cells (xlsx, English, wide)."""

import argparse
import json
from pathlib import Path

from adcohort import files, resources
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.example import cohort, labs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=json.loads, default="{}", help='the config\'s example, as {"example": {…}}')
    parser.add_argument("--serum", type=Path, required=True, help="CSV to write")
    parser.add_argument("--immune", type=Path, required=True, help="workbook to write")
    args = parser.parse_args()

    wish = args.options.get("example") or {}
    people = cohort.draw(resources.load("example/cohort.yaml"), wish.get("seed"), wish.get("participants"))
    facts = resources.load("example/labs.yaml")
    with files.atomic(args.serum) as part:
        part.write_bytes(labs.csv_text(labs.SERUM_HEADER, labs.serum_rows(people, facts)).encode("gb18030"))
    rows = labs.immune_rows(people, facts)
    years = sorted({row[2].year for row in rows})
    sheets = {str(year): [row for row in rows if row[2].year == year] for year in years}
    with files.atomic(args.immune) as part:
        part.write_bytes(labs.workbook("Flow cytometry, peripheral blood", sheets, labs.IMMUNE_HEADER))


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
