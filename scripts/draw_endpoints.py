"""Figures of the endpoints: before and after by family, and all standardised changes on one scale."""

import argparse
import json
from pathlib import Path

from adcohort import tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.figures import before_after, canvas, changes, words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paired", type=Path, required=True, help="paired.tsv")
    parser.add_argument("--endpoints", type=Path, required=True, help="endpoints.tsv")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's statistics, as JSON")
    parser.add_argument("--folder", type=Path, required=True, help="where the figures go")
    args = parser.parse_args()

    paired = tables.read(args.paired, "statistics", "paired")
    endpoints = tables.read(args.endpoints, "statistics", "endpoints")
    families = args.options["statistics"]["families"]
    primary = words.in_order(paired[paired["analysis"] == "primary"], families)
    titles = {key: words.family(key, {key: plan["label"]}) for key, plan in families.items()}
    for family, title in titles.items():
        own = primary[primary["family"] == family]
        canvas.write(before_after.draw(family, title, own, endpoints), args.folder)
    canvas.write(changes.draw(primary, titles), args.folder)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
