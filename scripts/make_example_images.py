"""The image files of the synthetic study: an archive's export in DICOM, and drawn regions in NIfTI."""

import argparse
import json
from pathlib import Path

from adcohort import resources
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.example import cohort, imaging, imaging_tree


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", type=json.loads, default={}, help="the config's example part, as JSON")
    parser.add_argument("--dicom", type=Path, required=True, help="folder to write the export into")
    parser.add_argument("--rois", type=Path, required=True, help="folder to write the NIfTI regions into")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    args = parser.parse_args()

    options = args.options.get("example") or {}
    people = cohort.draw(resources.load("example/cohort.yaml"), options.get("seed"), options.get("participants"))
    facts = resources.load("example/imaging.yaml")
    if options.get("small_images"):
        facts = imaging.smaller(facts)
    imaging_tree.write(imaging.plan(people, facts, options.get("visits")), facts, args.dicom, args.rois, args.workers)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
