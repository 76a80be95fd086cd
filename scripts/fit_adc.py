"""ADC maps: of every accepted run of a converted visit, or of one image."""

import argparse
import json
from pathlib import Path

from adcohort import brief, nifti  # noqa: F401 (the import of brief is its work)
from adcohort.diffusion import analysis, outputs, runs, visit
from adcohort.diffusion.settings import Settings
from adcohort.errors import StudyError, for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "source", type=Path, help="folder of a converted visit (status.json), or an image (.nii, .nii.gz)"
    )
    parser.add_argument("--bval", type=Path, help="b values of the image (default: its name with .bval)")
    parser.add_argument("--options", type=json.loads, default={}, help="the config, or its key adc alone, as JSON")
    parser.add_argument("--folder", type=Path, help="folder for the maps and their sidecars")
    parser.add_argument("--adc", type=Path, help="of one image: write the ADC map alone (mm2/s), the fastest way")
    args = parser.parse_args()
    settings = Settings.of(args.options.get("adc", args.options))

    if args.source.is_dir():
        if args.folder is None:
            raise StudyError("--folder is missing: name the folder for the visit's maps.")
        visit.fit_visit(args.source, args.folder, settings)
        return
    if (args.folder is None) == (args.adc is None):
        raise StudyError("name --folder for all maps, or --adc for the ADC map alone.")
    try:
        run = visit.read(args.source, settings, bval=args.bval)
        if args.adc is not None:
            adc = analysis.adc_alone(run, settings)
            nifti.write(args.adc, run.image(adc), run.affine, description="ADC mm2/s")
        else:
            stem = args.source.name.split(".nii")[0].removesuffix("_dwi")
            outputs.write_run(args.folder, stem, run, analysis.fit_run(run, settings))
    except runs.Refused as problem:
        raise StudyError(f"{args.source.name}: {problem.reason}: {problem.detail}.") from problem


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
