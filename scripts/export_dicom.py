"""One visit's ADC maps, regions and values as DICOM objects for the archive, with the patient's identity."""

import argparse
import json
from pathlib import Path

from adcohort import files
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.roi import archive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path, help="the visit's runs and files, of the index (JSON)")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw files")
    parser.add_argument("--adc", type=Path, required=True, help="folder of the visit's ADC maps")
    parser.add_argument("--measured", type=Path, required=True, help="values of the visit's regions (JSON)")
    parser.add_argument("--masks", type=Path, required=True, help="label maps of the visit's regions")
    parser.add_argument("--estimator", required=True, help="how the maps were fitted: wls, ols or nlls")
    parser.add_argument("--dicom", type=Path, required=True, help="folder to write into; it holds patients' identity")
    args = parser.parse_args()

    manifest = json.loads(args.manifest.read_text(encoding="utf-8"))
    measured = json.loads(args.measured.read_text(encoding="utf-8"))
    files.private_folder(args.dicom)
    for run in manifest["runs"]:
        fitted = args.adc / f"{run['stem']}_ADC.nii.gz"
        if fitted.is_file():
            map_ = (fitted, args.estimator)
            archive.export_run(args.dicom, args.data, run, fitted=map_, measured=measured, masks=args.masks)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
