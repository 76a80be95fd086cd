"""Start a study of your own: look at its raw folder, and write a commented config.yaml and participants.csv to review."""

import argparse
import os
import random
import tempfile
from pathlib import Path

from adcohort import files, participants, proposal, survey
from adcohort.errors import StudyError, for_the_person_at_the_keyboard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the study's new folder (made if it is not there)")
    parser.add_argument("--data", type=Path, required=True, help="folder of the raw files; only read")
    parser.add_argument("--title", default="My study", help="title of the study")
    args = parser.parse_args()

    config_file, sheet = args.folder / "config.yaml", args.folder / "participants.csv"
    if config_file.exists():
        raise StudyError(
            f"{args.folder.name}: config.yaml stands there already. Move it away to have it proposed anew;"
            " participants.csv beside it is kept as it is."
        )
    with tempfile.TemporaryDirectory() as private:
        seen = survey.look(args.data, Path(private, "index.sqlite"))
    if sheet.exists():  # dates were filled in: pseudonyms stay, and the visits can be guessed now
        people = survey.filled_in(participants.read(sheet))
    else:
        people = survey.participants_table(seen, proposal.pseudonyms(survey.patients(seen), random.SystemRandom()))
    if people.empty:
        raise StudyError(
            f"{args.data.name}: no patient was found in images or sheets. Is this the folder of the raw files?"
        )
    data = args.data if args.data.is_absolute() else Path(os.path.relpath(args.data, args.folder))
    config = proposal.config_text(
        seen, people, title=args.title, data=str(data), participants=os.path.relpath(sheet, args.data)
    )
    os.umask(0o077)  # the sheet links pseudonyms to patients
    if not sheet.exists():
        files.write_text(sheet, people.to_csv(index=False))
    files.write_text(config_file, config)
    print("\n".join(proposal.words(seen, people)))
    print(
        f"\nReview {config_file} and {sheet}, then:"
        f" snakemake -s PATH/Snakefile --directory {args.folder} --cores 1 inventory"
    )


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
