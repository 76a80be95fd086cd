"""The fits of all visits as one table; the folder of maps becomes a BIDS derivative without visits that are gone."""

import argparse
from pathlib import Path

from adcohort import files, tables
from adcohort.diffusion import overview
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--fits", type=Path, nargs="*", required=True, help="folders sub-01/ses-baseline/dwi of fit_adc"
    )
    parser.add_argument("--quality", type=Path, nargs="*", required=True, help="folders qc/sub-01 of draw_adc_quality")
    parser.add_argument("--folder", type=Path, required=True, help="the derivative's folder, which holds both")
    args = parser.parse_args()

    motions = [quality / "motion.json" for quality in args.quality]
    rows, excluded = overview.gather(args.fits, motions, tables.columns("adc", "adc"))
    tables.write(rows, args.folder / "adc.tsv", "adc")
    tables.write_exclusions(excluded, args.folder / "exclusions.tsv")
    files.write_json(args.folder / "dataset_description.json", overview.DESCRIPTION)
    files.write_text(args.folder / ".bidsignore", "\n".join(overview.BIDSIGNORE) + "\n")

    kept = {fit.absolute() for fit in args.fits}  # not resolved: Snakemake's cache leaves links in place of folders
    folder = args.folder.absolute()
    files.keep_only(folder, "sub-*/ses-*/dwi", kept)
    files.keep_only(folder, "sub-*/ses-*", {fit.parent for fit in kept})
    files.keep_only(folder, "sub-*", {fit.parent.parent for fit in kept})
    files.keep_only(folder, "qc/*", {quality.absolute() for quality in args.quality})


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
