"""Figures of the images: ADC over time, and a gallery of ADC maps."""

import argparse
import json
from pathlib import Path

from adcohort import bids, tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.figures import adc_course, canvas, gallery
from adcohort.figures.lesions import response_of
from adcohort.roi import overlays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=Path, required=True, help="roi/participants.tsv")
    parser.add_argument("--roi", type=Path, required=True, help="folder with visits/ and masks/")
    parser.add_argument("--adc", type=Path, required=True, help="folder of the ADC maps")
    parser.add_argument("--converted", type=Path, required=True, help="folder of the converted visits")
    parser.add_argument("--trend", type=Path, nargs="?", help="trend.tsv")
    parser.add_argument("--best", type=Path, nargs="?", help="best.tsv")
    parser.add_argument(
        "--options", type=json.loads, required=True, help="the config's visits and the primary reader, as JSON"
    )
    parser.add_argument("--folder", type=Path, required=True, help="where the figures go")
    args = parser.parse_args()

    participants = tables.read(args.participants, "roi", "participants")
    visits = sorted(args.options["visits"], key=lambda visit: args.options["visits"][visit]["day"])
    trend = None
    if args.trend:
        trend = tables.read(args.trend, "statistics", "trend")
        trend = trend[trend["endpoint"] == "ADC"]
    canvas.write(adc_course.draw(participants, trend), args.folder)

    responses = {}
    if args.best:
        best = tables.read(args.best, "response", "best")
        responses = dict(zip(best["participant_id"], response_of(best), strict=True))
    seen = {}
    for who in gallery.choose(participants, visits):
        scanned = participants.loc[participants["participant_id"] == who, "visit"]
        seen[who] = {visit: read_visit(args, who, visit) for visit in scanned}
    canvas.write(gallery.draw(seen, participants, visits, responses), args.folder)


def read_visit(args: argparse.Namespace, who: str, visit: str) -> overlays.Seen:
    name = bids.visit_name(who, visit)
    measured = args.roi / "visits" / f"{name}.json"
    maps = args.adc / bids.dwi_folder(who, visit)
    return overlays.read_visit(measured, args.roi / "masks" / name, args.converted / name, maps, args.options["reader"])


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
