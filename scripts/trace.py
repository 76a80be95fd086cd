"""Where does a value come from? Its file, sheet, row and column, and what stands there: trace.py labs sub-07 month3 VEGF.

Reads the results and the private links of a study's folder; what it prints is for those who may see the patients' files.
"""

import argparse
import csv
from pathlib import Path

from adcohort.errors import StudyError, for_the_person_at_the_keyboard

STAGES = {"labs": ("labs.tsv", "analyte", "value"), "questionnaires": ("scores.tsv", "scale", "score")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("participant", help="pseudonym, as sub-07")
    parser.add_argument("visit", help="visit, as month3")
    parser.add_argument("code", help="analyte or scale, as VEGF or PF")
    parser.add_argument("--results", type=Path, default=Path("results"), help="the study's results (default: results)")
    parser.add_argument("--private", type=Path, default=Path("private"), help="its private folder (default: private)")
    args = parser.parse_args()

    table, column, number = STAGES[args.stage]
    wanted = {"participant_id": args.participant, "visit": args.visit, column: args.code}
    rows = _rows(args.results / args.stage / table)
    found = [row for row in rows if wanted.items() <= row.items()]
    links = _rows(args.private / args.stage / "links.tsv")
    for row in found:
        shown = " ".join(
            filter(None, (row.get("qualifier", ""), row[number] or "no score", row.get("unit", "").removeprefix("1")))
        )
        print(f"{args.participant} {args.visit} {args.code} = {shown} (day {row['day'] or '?'}) {row['flag']}".rstrip())
        of_scale = _items(args) if args.stage == "questionnaires" else None
        for link in links:
            if link["record"] in row["record"].split(" : ") and (of_scale is None or link["what"] in of_scale):
                _show(link, "from")
    others = _rows(args.results / args.stage / "exclusions.tsv")
    for row in others:
        if (
            row["participant_id"] == args.participant
            and row["visit"] == args.visit
            and f"/{args.code}/" in row["record"]
        ):
            print(f"{row['decision']}: {row['reason']} {row['detail']}".rstrip())
            for link in links:
                if row["decision"] == "excluded" and link["record"] == row["record"]:
                    _show(link, "  in")
    if not found:
        raise StudyError(
            f"{args.stage}: no {args.code} of {args.participant} at {args.visit}."
            " Look for its record in exclusions.tsv, and check the names of participant, visit and code."
        )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise StudyError(f"{path}: there is no such file. Run the workflow first, or name --results and --private.")
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def _is_about(row: dict[str, str], args: argparse.Namespace) -> bool:
    here = (row["participant_id"], row["visit"]) == (args.participant, args.visit)
    return here and (f"/{args.code}/" in row["record"] or args.stage == "questionnaires")


def _items(args: argparse.Namespace) -> set[str]:
    """Items of the scale, as the links name them; all of them for a component."""
    items = _rows(args.results / args.stage / "items.tsv")
    return {i["number"] for i in items if i["scale"] == args.code} or {i["number"] for i in items if i["scale"]}


def _show(link: dict[str, str], word: str) -> None:
    sheet = f", sheet {link['sheet']}" if link["sheet"] else ""
    where = f"{link['file']}{sheet}, row {link['row']}, column {link['column']}"
    print(f"{word} {where}: {link['what']} {link['text']} {link['unit']}".rstrip())


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
