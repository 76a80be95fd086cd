"""Agreement of the readers of the regions: intraclass correlation, Bland-Altman limits, Dice."""

import argparse
import json
from pathlib import Path

from adcohort import tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.roi import agreement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roi", type=Path, help="roi.tsv")
    parser.add_argument("--overlaps", type=Path, required=True, help="overlaps of the readers' regions (JSON)")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's visits, as JSON")
    parser.add_argument("--agreement", type=Path, required=True, help="table to write")
    args = parser.parse_args()

    overlaps = json.loads(args.overlaps.read_text(encoding="utf-8"))["overlaps"]
    roi = tables.read(args.roi, "roi", "roi").astype({"reader": "object", "session": "object"})
    roi = roi[roi["run"].notna()].sort_values("run", kind="stable")
    roi[["reader", "session"]] = roi[["reader", "session"]].fillna("")
    roi = roi.drop_duplicates(["participant_id", "visit", "reader", "session", "lesion"])  # the first run of each
    rows = agreement.compare(roi.to_dict("records"), overlaps, list(args.options["visits"]))
    tables.write(rows, args.agreement, "roi", "agreement")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
