"""Pictures of a participant's regions: one page over the visits, and one picture a visit."""

import argparse
import json
from pathlib import Path

from adcohort import bids
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.files import atomic
from adcohort.roi import overlays
from adcohort.roi.lesions import mapped_names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, what in (
        ("measured", "values of each visit"),
        ("masks", "label maps of each visit"),
        ("converted", "converted folder of each visit"),
        ("adc", "folder of each visit's ADC maps"),
    ):
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True, help=f"{what}, in one order")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's title and visits, as JSON")
    parser.add_argument("--regions", type=json.loads, required=True, help="reader, baseline and lesion_names, as JSON")
    parser.add_argument("--page", type=Path, required=True, help="picture to write")
    parser.add_argument("--visits", type=Path, required=True, help="folder for a picture a visit")
    args = parser.parse_args()

    order = list(args.options["visits"])
    title = args.options["title"]
    participant = args.measured[0].name.split("_ses-")[0]
    roi = args.regions["roi"]
    folders = zip(args.measured, args.masks, args.converted, args.adc, strict=True)
    visits = [overlays.read_visit(*paths, roi["reader"]) for paths in folders]
    visits.sort(key=lambda seen: order.index(seen.visit))
    lesions = overlays.rename(visits, order, mapped_names(roi["lesion_names"], participant))
    args.visits.mkdir(parents=True, exist_ok=True)
    for seen in visits:
        name = bids.visit_name(participant, seen.visit)
        with atomic(args.visits / f"{name}.png") as part:
            overlays.draw_visit(seen, participant, title, part)
    with atomic(args.page) as part:
        baseline = roi["baseline"] or order[0]
        overlays.draw_page(visits, lesions, baseline=baseline, participant=participant, title=title, path=part)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
