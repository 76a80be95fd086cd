"""Start a study of your own: look at its raw folder, and write a commented config.yaml and participants.csv to review."""

import argparse
import os
import random
import tempfile
from pathlib import Path

from adcohort import files, proposal, survey
from adcohort.errors import StudyError, for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the study's new folder (made if it is not there)")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw files; only read")
    parser.add_argument("--title", default="My study", help="title of the study")
    args = parser.parse_args()

    targets = [args.folder / name for name in ("config.yaml", "participants.csv")]
    if there := [path.name for path in targets if path.exists()]:
        raise StudyError(
            f"{args.folder.name}: {' and '.join(there)} stand there already. Name another folder, or move them away."
        )
    with tempfile.TemporaryDirectory() as private:
        seen = survey.look(args.data, Path(private, "index.sqlite"))
    people = survey.participants_table(seen, proposal.pseudonyms(survey.patients(seen), random.SystemRandom()))
    if people.empty:
        raise StudyError(
            f"{args.data.name}: no patient was found in images or sheets. Is this the folder of the raw files?"
        )
    data = args.data if args.data.is_absolute() else Path(os.path.relpath(args.data, args.folder))
    config = proposal.config_text(
        seen, people, title=args.title, data=str(data), participants=os.path.relpath(targets[1], args.data)
    )
    os.umask(0o077)  # the sheet links pseudonyms to patients
    files.write_text(targets[1], people.to_csv(index=False))
    files.write_text(targets[0], config)
    print("\n".join(proposal.words(seen, people)))
    print(
        f"\nwritten: {targets[0]} and {targets[1]}"
        f"\nReview both, then: snakemake -s PATH/Snakefile --directory {args.folder} --cores 1 inventory"
    )


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
