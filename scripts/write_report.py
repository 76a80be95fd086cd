"""The report as one HTML file, the paper's tables as a Word file, and pages by participant for large studies."""

import argparse
import json
import shutil
from pathlib import Path

from adcohort import files
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.figures import words
from adcohort.report import gather, methods, page, pictures, provenance, word


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, nargs="*", default=[], help="result tables, <stage>/<name>.tsv")
    parser.add_argument("--captions", type=Path, nargs="*", default=[], help="figures, by their <name>.caption.json")
    parser.add_argument("--quality", type=Path, help="folder of pictures of the fits, <participant>/*.png")
    parser.add_argument("--overlays", type=Path, help="folder of pictures of the regions, <participant>/*.png")
    parser.add_argument("--inputs", nargs="*", default=[], help="raw files, as key=path")
    parser.add_argument("--methods", type=Path, help="what the statistics say in words (methods.json)")
    parser.add_argument("--options", type=json.loads, required=True, help="the whole config, as JSON")
    parser.add_argument("--report", type=Path, required=True, help="HTML file to write")
    parser.add_argument("--word", type=Path, required=True, help="Word file to write")
    parser.add_argument("--participants", type=Path, required=True, help="folder for the pages of a large study")
    args = parser.parse_args()

    config = {key: value for key, value in args.options.items() if value is not None}
    settings = config["report"]
    results = gather.read(args.tables, args.captions)
    families = config.get("statistics", {}).get("families", {})
    for name in ("statistics/paired", "statistics/trend"):
        if name in results.tables:
            results.tables[name] = words.in_order(results.tables[name], families)
    inputs = {key: Path(path) for key, _, path in (given.partition("=") for given in args.inputs)}
    study = page.Study(
        title=config["title"],
        notice=settings["notice"],
        families={key: words.family(key, {key: plan["label"]}) for key, plan in families.items()},
        methods=methods.texts(
            config, inputs, json.loads(args.methods.read_text(encoding="utf-8")) if args.methods else None
        ),
        version=provenance.version(),
    )
    found = pictures.found(
        {"Regions": args.overlays, "Quality of the fit": args.quality},
        sorted(config["visits"], key=lambda visit: config["visits"][visit]["day"]),
    )
    shutil.rmtree(args.participants, ignore_errors=True)
    args.participants.mkdir(parents=True)
    if len(found) <= settings["pictures_inside"]:
        people = pictures.by_participant(found, round(settings["megabytes"] * 1e6))
        html = page.write(results, study, people, [])
    else:
        for name, paths in found.items():
            shown = pictures.load(paths, 3_000_000)
            files.write_text(args.participants / f"{name}.html", page.participant(name, shown, study))
        links = [{"name": name, "href": f"{args.participants.name}/{name}.html"} for name in found]
        html = page.write(results, study, [], links)
    files.write_text(args.report, html)
    word.write(word.of_the_paper(results, study.families), study.title, study.notice, args.word)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
