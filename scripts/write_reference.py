"""Write the documentation's reference pages from the schema, the tables' contracts and the list of reasons."""

import argparse
from pathlib import Path

from adcohort import files, reference
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    home = Path(__file__).parents[1]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--docs", type=Path, default=home / "docs/reference", help="folder to write (default: the project's)"
    )
    args = parser.parse_args()

    files.write_text(args.docs / "config.md", reference.config_page(home / "config/schema"))
    files.write_text(args.docs / "results.md", reference.results_page())
    files.write_text(args.docs / "reasons.md", reference.reasons_page())


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
