"""The whole flow on the example cut to 4 participants and 2 visits: finished, done once, private, valid."""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from adcohort import participants, resources
from adcohort.example import cohort

from workflow import harness


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    harness.write_config(folder, harness.small_config())
    done = harness.snakemake(folder)
    assert done.status == 0, done.text[-6000:]
    assert "Report: results/report/report.html" in done.text
    return folder


def test_a_second_run_does_nothing(study):
    assert harness.snakemake(study).jobs == set()


def test_every_table_has_its_dictionary(study):
    tables = [path for path in (study / "results").glob("*/*.tsv") if path.parent.name not in ("bids", "figures")]
    assert len(tables) > 30
    for path in tables:
        words = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert list(pd.read_csv(path, sep="\t", nrows=0).columns) == list(words), path.name


GRAPH = harness.HOME / "docs/reference/rules.md"
GRAPH_HEAD = """# The rules

<!-- Written by tests/workflow/test_whole.py (ADCOHORT_WRITE_DOCS=1). -->

As `snakemake --rulegraph mermaid-js` draws them after a run of the example; `all`, which asks for every result, is left out. What
follows the checkpoint `index_dicom` is asked for when the index is made: it alone knows the visits.

"""


def test_the_graph_of_the_rules_in_the_docs_is_the_workflows(study):
    text = harness.snakemake(study, "--rulegraph", "mermaid-js").text
    names = dict(re.findall(r"^\t(id\d+)\[(\w+)\]", text, re.MULTILINE))
    arrows = {(names[one], names[two]) for one, two in re.findall(r"^\t(id\d+) --> (id\d+)", text, re.MULTILINE)}
    lines = [f"  {one} --> {two}" for one, two in sorted(arrows) if two != "all"]
    page = GRAPH_HEAD + "\n".join(["```mermaid", "flowchart LR", *lines, "```", ""])
    if os.environ.get("ADCOHORT_WRITE_DOCS"):
        GRAPH.write_text(page, encoding="utf-8")
    assert {"convert_dwi", "fit_adc", "measure_rois", "write_report"} <= set(names.values())
    assert GRAPH.read_text(encoding="utf-8") == page


def everything_that_leaves(study: Path) -> list[Path]:
    places = ("results", "logs", ".snakemake/log", ".snakemake/adcohort_code.json")
    found = [path for place in places for path in [study / place, *(study / place).rglob("*")]]
    return [path for path in found if path.is_file()]


def test_nothing_of_a_patient_leaves_the_private_folder(study):
    people = participants.read(study / "data/example/participants.csv")
    drawn = cohort.draw(resources.load("example/cohort.yaml"), None, 4)
    secrets = {"CANARY", "1.3.6.1.4.1.99999.77", *people["patient_id"]}
    secrets |= {person.name for person in drawn}
    secrets |= {person.birth_date.strftime(form) for person in drawn for form in ("%Y%m%d", "%Y-%m-%d")}
    secrets |= {person.treatment_start.strftime(form) for person in drawn for form in ("%Y%m%d", "%Y-%m-%d")}
    secrets |= {
        person.date(day).strftime(form)
        for person in drawn
        for day in person.imaging_days.values()
        for form in ("%Y%m%d", "%Y-%m-%d")
    }
    patterns = {secret: str(secret).encode() for secret in secrets}
    leaks = []
    for path in everything_that_leaves(study):
        content = path.read_bytes()
        named = str(path.relative_to(study)).encode()
        leaks += [
            f"{path.relative_to(study)}: {secret}" for secret, raw in patterns.items() if raw in content or raw in named
        ]
    assert leaks == []


def test_the_private_folder_is_its_owners_alone(study):
    folders = [study / "private", *(path for path in (study / "private").iterdir() if path.is_dir())]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


@pytest.mark.parametrize("dataset", ["results/bids", "results/adc"])
def test_the_official_validator_finds_no_error(study, dataset):
    validator = shutil.which("bids-validator-deno", path=str(harness.BIN))
    assert validator, "bids-validator-deno is part of requirements.lock"
    done = subprocess.run([validator, "--json", str(study / dataset)], capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []


def test_snakemakes_own_report_works(study):
    done = harness.snakemake(study, "--report", "report.zip")
    assert done.status == 0, done.text[-2000:]
    assert (study / "report.zip").stat().st_size > 100_000


def test_a_changed_function_reruns_the_rules_that_reach_it_and_no_other(study, tmp_path):
    home = harness.checkout(tmp_path / "flow")
    assert harness.snakemake(study, home=home).jobs == set(), "a copy of the workflow elsewhere changes nothing"
    module = home / "scripts/adcohort/followup/curves.py"
    module.write_text(
        module.read_text(encoding="utf-8") + "\n\ndef _further() -> int:\n    return 1\n", encoding="utf-8"
    )
    dry = harness.snakemake(study, "--dry-run", home=home)
    assert dry.rules >= {"time_progression", "describe_participants", "write_report"}
    assert not dry.rules & {"harmonise_labs", "score_questionnaires", "fit_adc", "index_dicom", "evaluate_response"}
