"""The flow of participants and visits: every stage's exclusions in one table, counts per modality, gaps in days."""

import argparse
import json
from pathlib import Path

import pandas as pd
from adcohort import flow, participants, tables
from adcohort.errors import for_the_person_at_the_keyboard


def stage_and_path(text: str) -> tuple[str, Path]:
    stage, _, path = text.partition("=")
    return stage, Path(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=Path, required=True, help="the participants' sheet")
    parser.add_argument(
        "--windows", type=json.loads, required=True, help="visits of the study and of each stage, as JSON"
    )
    parser.add_argument(
        "--tables", type=stage_and_path, nargs="*", default=[], help="STAGE=PATH of each stage's records"
    )
    parser.add_argument("--exclusions", type=Path, nargs="*", default=[], help="each stage's exclusions.tsv")
    parser.add_argument("--flow", type=Path, required=True, help="table to write: counts a modality and visit")
    parser.add_argument("--joined", type=Path, required=True, help="table to write: all exclusions")
    parser.add_argument("--gaps", type=Path, required=True, help="table to write: gaps a participant and visit")
    parser.add_argument("--gap-summary", type=Path, required=True, help="table to write: gaps a visit")
    args = parser.parse_args()

    people = participants.read(args.participants)
    noted = [tables.read(path, "flow", "exclusions") for path in args.exclusions]
    exclusions = pd.concat(noted, ignore_index=True) if noted else tables.typed([], "flow", "exclusions")
    records = {stage: flow.read(path, stage) for stage, path in args.tables}
    found = flow.gaps(records, args.windows)
    tables.write_exclusions(exclusions, args.joined)
    tables.write(flow.count(people, records, exclusions, args.windows), args.flow, "flow", "flow")
    tables.write(found, args.gaps, "flow", "gaps")
    tables.write(flow.summary(found, args.windows["participants"]), args.gap_summary, "flow", "gap_summary")


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
