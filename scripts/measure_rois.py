"""Measure the regions of one imaging visit on the ADC map of each of its runs."""

import argparse
import json
from pathlib import Path

from adcohort import brief, files  # noqa: F401 (the import of brief is its work)
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.roi import measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("regions", type=Path, help="region files of the visit, as the index found them (JSON)")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw files")
    parser.add_argument("--converted", type=Path, required=True, help="folder of the converted visit, with status.json")
    parser.add_argument("--adc", type=Path, required=True, help="folder of the visit's ADC maps")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's roi, as JSON")
    parser.add_argument("--values", type=Path, required=True, help="values to write (JSON)")
    parser.add_argument("--masks", type=Path, required=True, help="folder of label maps to write")
    args = parser.parse_args()

    options = args.options["roi"]
    status = json.loads((args.converted / "status.json").read_text(encoding="utf-8"))
    entries = json.loads(args.regions.read_text(encoding="utf-8"))["regions"]
    images = measure.read_images(status, args.adc)
    drawn, problems = measure.read_regions(args.data, entries, status["participant_id"], options)
    measured = measure.measure(drawn, images, options)
    content = {name: status[name] for name in ("participant_id", "visit", "day")}
    content |= {"images": [[image.acquisition, image.run] for image in images]}
    content |= {"rows": measured["rows"], "overlaps": measured["overlaps"], "problems": problems}
    content |= {"masks": measure.write_masks(drawn, images, measured["masks"], args.masks)}
    files.write_json(args.values, content)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
