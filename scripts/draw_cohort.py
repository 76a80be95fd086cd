"""Figures of the cohort: flow, waterfall, spider, swimmer, survival, adverse events; those whose tables are given."""

import argparse
import json
from pathlib import Path

from adcohort import participants, tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.figures import adverse_events, canvas, flow, lesions, survival


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flow", type=Path, help="flow.tsv")
    parser.add_argument(
        "--participants", type=Path, nargs="?", help="the participants' sheet, for the days of the swimmer figure"
    )
    parser.add_argument("--response", type=Path, nargs="*", help="best.tsv timepoints.tsv")
    parser.add_argument("--survival", type=Path, nargs="*", help="pfs.tsv pfs_curve.tsv")
    parser.add_argument("--adverse-events", type=Path, nargs="*", help="worst_grades.tsv adverse_event_incidence.tsv")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's visits, as JSON")
    parser.add_argument("--folder", type=Path, required=True, help="where the figures go")
    args = parser.parse_args()

    drawings = []
    if args.flow:
        drawings.append(
            flow.draw(
                tables.read(args.flow, "flow", "flow"),
                sorted(args.options["visits"], key=lambda visit: args.options["visits"][visit]["day"]),
            )
        )
    if args.response:
        best, timepoints = (tables.read(path, "response", path.stem) for path in args.response)
        days = participants.days(participants.read(args.participants))
        drawings += [lesions.waterfall(best), lesions.spider(timepoints, best), lesions.swimmer(best, days)]
    if args.survival:
        summary, curve = (tables.read(path, "response", path.stem) for path in args.survival)
        for endpoint in ("PFS", "DOR"):
            own = curve[curve["endpoint"] == endpoint], summary[summary["endpoint"] == endpoint]
            drawings.append(survival.draw(endpoint, *own))
    if args.adverse_events:
        drawings.append(
            adverse_events.draw(*(tables.read(path, "adverse_events", path.stem) for path in args.adverse_events))
        )
    for drawing in drawings:
        canvas.write(drawing, args.folder)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
