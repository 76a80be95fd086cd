"""Phenotype tables: the official validator finds no error in a dataset that holds them."""

import json
import shutil
import subprocess

import pytest
from adcohort import phenotype

COLUMNS = {"VEGF_baseline": {"Description": "VEGF at baseline", "Units": "pg/mL"}, "TG_month1": {"Description": "TG"}}


def test_missing_values_and_formulas(tmp_path):
    values = {"sub-02": {"VEGF_baseline": 1.5}, "sub-01": {"TG_month1": "=cmd"}}
    phenotype.write(tmp_path / "labs.tsv", (COLUMNS, values), about="Laboratory")
    assert (tmp_path / "labs.tsv").read_text() == (
        "participant_id\tVEGF_baseline\tTG_month1\nsub-01\tn/a\t'=cmd\nsub-02\t1.5\tn/a\n"
    )
    described = json.loads((tmp_path / "labs.json").read_text())
    assert described["MeasurementToolMetadata"] == {"Description": "Laboratory"}
    assert described["VEGF_baseline"]["Units"] == "pg/mL"


def test_the_official_validator_finds_no_error(tmp_path):
    if not (validator := shutil.which("bids-validator-deno")):
        pytest.skip("bids-validator-deno is not installed")
    (tmp_path / "dataset_description.json").write_text('{"Name": "test", "BIDSVersion": "1.10.0"}')
    (tmp_path / "README").write_text("A dataset of phenotype tables.\n" * 10)
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-01\nsub-02\n")
    for who in ("sub-01", "sub-02"):
        (tmp_path / who / "beh").mkdir(parents=True)
        (tmp_path / who / "beh" / f"{who}_task-none_beh.tsv").write_text("trial\n1\n")
        (tmp_path / who / "beh" / f"{who}_task-none_beh.json").write_text(
            '{"TaskName": "none", "trial": {"Description": "x"}}'
        )
    values = {"sub-01": {"VEGF_baseline": 1.5, "TG_month1": 2}, "sub-02": {"TG_month1": 3}}
    phenotype.write(tmp_path / "phenotype/labs.tsv", (COLUMNS, values), about="Laboratory")
    command = [validator, tmp_path, "--ignoreWarnings", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [i for i in issues if i["severity"] == "error"] == []
    assert any("phenotype/labs.tsv" in str(path) for path in tmp_path.rglob("*"))
