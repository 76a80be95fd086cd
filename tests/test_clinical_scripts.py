"""The clinical programs as a person would run them: typed tables, the same bytes twice, nothing of a patient in them."""

import json
import re
import subprocess
import sys

import pytest
from adcohort import resources, tables
from adcohort.example import cohort
from adcohort.study import schema, with_defaults

MADE = {
    "adverse_events/exposure": "exposure", "adverse_events/events": "events", "adverse_events/worst_grades": "worst_grades",
    "statistics/adverse_event_incidence": "adverse_event_incidence", "response/timepoints": "timepoints",
    "response/best": "best", "response/lesions": "lesions", "statistics/rates": "rates", "statistics/pfs": "pfs",
    "statistics/pfs_curve": "pfs_curve", "statistics/survival_times": "survival_times", "statistics/baseline": "baseline",
    "statistics/followup": "followup", "flow/flow": "flow", "flow/exclusions": "exclusions", "flow/gaps": "gaps",
    "flow/gap_summary": "gap_summary",
}  # fmt: skip


def stage_of(table):
    """The stage whose columns.yaml has a table."""
    return next(s for s in ("adverse_events", "response", "flow") if table in resources.load(f"{s}/columns.yaml"))


@pytest.fixture(scope="module")
def results(tmp_path_factory, home):
    """The synthetic study's clinical results, made by the programs one after the other."""
    folder = tmp_path_factory.mktemp("clinical")
    data = folder / "data"
    windows = {"baseline": {"day": 0, "window": [-28, 0]}, "month3": {"day": 90, "window": [60, 134]}}
    config = with_defaults(
        {
            "visits": windows,
            "characteristics": ["age", "sex", "histology"],
            "example": {"seed": None, "participants": None},
            "adverse_events": {"file": "e.csv", "exposure": {"file": "x.csv", "planned_daily_dose": 800}},
            "response": {"lesions": "l.csv"},
        },
        schema(home / "config" / "schema"),
    )
    options = json.dumps(config)

    def run(script, *arguments):
        command = [sys.executable, str(home / "scripts" / f"{script}.py"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr

    run("make_example_participants", data / "p.csv", "--exposure", data / "x.csv", "--options", options)
    run("make_example_events", data / "e.csv", "--options", options)
    run("make_example_lesions", data / "l.csv", "--options", options)
    people = ["--participants", data / "p.csv"]

    def all_programs(out):
        doses, events, best = out / "adverse_events", out / "adverse_events/events.tsv", out / "response/best.tsv"
        run("summarise_exposure", data / "x.csv", *people, "--options", options, "--exposure", doses / "exposure.tsv",
            "--exclusions", doses / "exposure_exclusions.tsv")  # fmt: skip
        run("grade_adverse_events", data / "e.csv", *people, "--options", options, "--exposure", doses / "exposure.tsv",
            "--notes", doses / "exposure_exclusions.tsv", "--events", events, "--worst-grades", doses / "worst_grades.tsv",
            "--exclusions", doses / "exclusions.tsv", "--unmapped", out / "private/unmapped.tsv")  # fmt: skip
        run("count_adverse_events", events, *people, "--options", options, "--exposure", doses / "exposure.tsv",
            "--incidence", out / "statistics/adverse_event_incidence.tsv")  # fmt: skip
        run("evaluate_response", data / "l.csv", *people, "--options", options, "--best", best,
            "--lesions", out / "response/lesions.tsv", "--timepoints", out / "response/timepoints.tsv",
            "--exclusions", out / "response/exclusions.tsv")  # fmt: skip
        run("compute_rates", best, "--rates", out / "statistics/rates.tsv")
        run("time_progression", best, *people, "--times", out / "statistics/survival_times.tsv",
            "--medians", out / "statistics/pfs.tsv", "--curves", out / "statistics/pfs_curve.tsv")  # fmt: skip
        run("describe_participants", data / "p.csv", "--options", options,
            "--baseline", out / "statistics/baseline.tsv", "--followup", out / "statistics/followup.tsv")  # fmt: skip
        study = dict.fromkeys(("participants", "adverse_events", "response"), windows)
        run("join_flow", *people, "--windows", json.dumps(study), "--tables", f"adverse_events={events}",
            f"response={out / 'response/timepoints.tsv'}", "--exclusions", doses / "exclusions.tsv",
            out / "response/exclusions.tsv", "--flow", out / "flow/flow.tsv", "--joined", out / "flow/exclusions.tsv",
            "--gaps", out / "flow/gaps.tsv", "--gap-summary", out / "flow/gap_summary.tsv")  # fmt: skip

    all_programs(folder / "one")
    all_programs(folder / "two")
    return folder / "one", folder / "two"


@pytest.mark.parametrize("path", MADE)
def test_every_table_keeps_its_contract_and_has_the_same_bytes_in_a_second_run(results, path):
    one, two = (folder / f"{path}.tsv" for folder in results)
    assert one.read_bytes() == two.read_bytes()
    stage = stage_of(MADE[path])
    frame = tables.read(one, stage, MADE[path])
    assert list(frame.columns) == list(tables.columns(stage, MADE[path]))
    for name, facts in tables.columns(stage, MADE[path]).items():
        if "levels" in facts:
            assert set(frame[name].dropna().astype("string").str.lower()) <= {
                level.lower() for level in facts["levels"]
            }, name
    assert one.with_suffix(".json").is_file()
    assert len(frame) or path.startswith("flow/gap")


def test_nothing_of_a_patient_leaves_the_private_folder(results):
    canaries = set()
    for person in cohort.draw(resources.load("example/cohort.yaml")):
        canaries |= {person.patient_id, person.name, str(person.birth_date), str(person.treatment_start)}
    for path in results[0].rglob("*"):
        if path.is_file() and "private" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert not [canary for canary in canaries if canary in text], path
            assert not re.search(r"20\d\d-\d\d-\d\d", text), f"{path.name} holds a date"
            assert "嘶哑" not in text, f"{path.name} holds words of the source"
    assert "声音嘶哑" in (results[0] / "private/unmapped.tsv").read_text(encoding="utf-8")
    assert (results[0] / "private").stat().st_mode & 0o777 == 0o700


def test_bad_input_is_told_in_words_and_with_exit_status_one(tmp_path, home):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient_id,term\n1,Fatigue\n")
    people = tmp_path / "p.csv"
    people.write_text("participant_id,patient_id,treatment_start\nsub-01,1,2020-01-01\n")
    config = with_defaults({"visits": {}, "adverse_events": {"file": "e.csv"}}, schema(home / "config" / "schema"))
    arguments = ["--options", json.dumps(config), "--participants", people, "--events", tmp_path / "o/events.tsv"]
    arguments += ["--worst-grades", tmp_path / "o/worst_grades.tsv", "--exclusions", tmp_path / "o/exclusions.tsv"]
    arguments += ["--unmapped", tmp_path / "private/unmapped.tsv"]
    command = [sys.executable, str(home / "scripts/grade_adverse_events.py"), str(sheet), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: sheet.csv: no column grade, start")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o").exists()
