"""The fits of all visits as one table; the folder of maps becomes a BIDS derivative without visits that are gone."""

import argparse
import json
from pathlib import Path

from adcohort import bids, files, tables
from adcohort.diffusion import overview
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder",
        type=Path,
        help="the derivative's folder: sub-01/ses-baseline/dwi of fit_adc, qc/sub-01 of draw_adc_quality",
    )
    parser.add_argument("--indexed", type=Path, required=True, help="series.json of the index, which names the visits")
    args = parser.parse_args()

    visits = [bids.parts(name) for name in json.loads(args.indexed.read_text(encoding="utf-8"))["visits"]]
    # not resolved: Snakemake's cache leaves links in place of folders
    folder = args.folder.absolute()
    fits = [folder / bids.dwi_folder(*visit) for visit in visits]
    quality = [folder / "qc" / participant for participant in sorted({participant for participant, _ in visits})]
    rows, excluded = overview.gather(fits, [path / "motion.json" for path in quality], tables.columns("adc", "adc"))
    tables.write(rows, args.folder / "adc.tsv", "adc")
    tables.write_exclusions(excluded, args.folder / "exclusions.tsv")
    files.write_json(args.folder / "dataset_description.json", overview.DESCRIPTION)
    files.write_text(args.folder / ".bidsignore", "\n".join(overview.BIDSIGNORE) + "\n")

    files.keep_only(folder, "sub-*/ses-*/dwi", fits)
    files.keep_only(folder, "sub-*/ses-*", [fit.parent for fit in fits])
    files.keep_only(folder, "sub-*", [fit.parent.parent for fit in fits])
    files.keep_only(folder, "qc/*", quality)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
