"""Quality of the fits of one participant: a picture a run, and the motion between its b values."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from adcohort import brief, files, nifti  # noqa: F401 (the import of brief is its work)
from adcohort.diffusion import motion, pictures, runs
from adcohort.diffusion.settings import STATUS
from adcohort.diffusion.visit import image_of
from adcohort.errors import for_the_person_at_the_keyboard

MAPS = {"adc": "ADC", "s0": "S0map", "inside": "desc-foreground_mask"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--converted", type=Path, nargs="+", required=True, help="converted visits (ingest)")
    parser.add_argument("--fits", type=Path, nargs="+", required=True, help="their maps (fit_adc), in the same order")
    parser.add_argument("--folder", type=Path, required=True, help="folder for <stem>.png and motion.json")
    args = parser.parse_args()

    moved = {}
    for converted, fits in zip(args.converted, args.fits, strict=True):
        for fitted in json.loads((fits / STATUS).read_text(encoding="utf-8"))["runs"]:
            if fitted["status"] == "fitted":
                moved[fitted["stem"]] = draw(converted, fits, fitted, args.folder)
    files.write_json(args.folder / "motion.json", moved)


def draw(converted: Path, fits: Path, fitted: dict, folder: Path) -> dict:
    """Draw one run; its motion, as JSON."""
    stem = fitted["stem"]
    image = image_of(converted, stem)
    names = [int(b) for b in f"{fitted['b_values']} {fitted['b_left_out']}".split()]
    run = runs.read(image, image.with_name(f"{stem}_dwi.bval"), names)
    found = motion.estimated(run)
    maps = {key: nifti.read(fits / f"{stem}_{name}.nii.gz")[0] for key, name in MAPS.items()}
    about = {"summary": fitted, "motion": found}
    pictures.draw_run(folder / f"{stem}.png", stem.replace("_", " "), run, maps, about)
    return {str(b): asdict(one) for b, one in found.items()}


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
