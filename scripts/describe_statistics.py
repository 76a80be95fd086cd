"""The statistics in words: plan with its hash, methods with references, results from the tables, reporting checklists."""

import argparse
import json
import platform
from importlib import metadata
from pathlib import Path

from adcohort import files, resources, tables
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.statistics import narrative, plan, wording

TABLES = ("paired", "trend", "adc_response", "missing", "sensitivity")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with the tables of the statistics")
    parser.add_argument("--options", type=json.loads, required=True, help="the config's visits and statistics, as JSON")
    parser.add_argument("--order", type=str.split, default=[], help="endpoints in the order of the rows")
    parser.add_argument("--stages", type=str.split, default=[], help="stages that the study has, for the checklists")
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    args = parser.parse_args()

    declared = plan.read(args.options["statistics"], args.options["visits"], args.order)
    digest = plan.digest(args.options["statistics"], args.options["visits"])
    found = {name: tables.read(args.folder / f"{name}.tsv", "statistics", name) for name in TABLES}
    versions = {name: metadata.version(name) for name in ("numpy", "scipy", "pandas")}
    software = wording.listed([f"Python {platform.python_version()}", *(f"{k} {v}" for k, v in versions.items())])
    methods = wording.methods(declared, digest, found, software)
    cited = {name for paragraph in methods for name in paragraph["references"]} | {"strobe", "trend"}
    files.write_json(
        args.out,
        {
            "plan": {"sha256": digest, "endpoints": wording.declared(declared)},
            "methods": methods,
            "results": narrative.results(declared, found),
            "references": {k: v for k, v in resources.load("statistics/references.yaml").items() if k in cited},
            "checklists": wording.checklists(resources.load("statistics/checklists.yaml"), args.stages),
        },
    )


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
