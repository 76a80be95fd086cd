"""The workflow from anywhere: as a module of another workflow, and from a checkout that nobody may write to."""

import stat
import subprocess
from pathlib import Path

import pytest

from workflow import faults, harness

pytestmark = pytest.mark.slow

ANOTHER = """
configfile: "config.yaml"


module adcohort:
    snakefile:
        "{home}/Snakefile"
    config:
        config


use rule * from adcohort as adcohort_*


rule all:
    default_target: True
    input:
        rules.adcohort_all.input,
        "summary.txt",


rule own_summary:
    input:
        "results/statistics/rates.tsv",
    output:
        "summary.txt",
    shell:
        "head -n 2 {{input}} > {{output}}"
"""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faults.quiet_study(tmp_path_factory.mktemp("quiet"))


def test_as_a_module_of_another_workflow(quiet, tmp_path):
    study = faults.study_like(quiet, tmp_path / "study")
    (study / "Snakefile").write_text(ANOTHER.format(home=harness.HOME))
    words = [str(harness.BIN / "snakemake"), "--cores", "2"]
    done = subprocess.run(words, cwd=study, env=harness.environment(), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "ORR" in (study / "summary.txt").read_text()
    assert faults.differences(study, quiet) == []
    assert stat.S_IMODE((study / "private").stat().st_mode) == 0o700
    again = subprocess.run(words, cwd=study, env=harness.environment(), check=False, capture_output=True, text=True)
    assert "Nothing to be done" in again.stderr


def test_from_a_checkout_that_is_read_only(quiet, tmp_path):
    home = harness.checkout(tmp_path / "flow")
    for path in [*home.rglob("*"), home]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    study = faults.study_like(quiet, tmp_path / "study")
    done = faults.run_without_root_powers(study, home=home)
    assert done.status == 0, done.text[-3000:]
    # the report names the version, which a copy without its repository does not know
    assert set(faults.differences(study, quiet)) <= {"report/report.html"}
    assert not list(home.rglob("__pycache__"))
    for path in [*home.rglob("*"), home]:  # so that the test's folder can be removed
        if path.is_dir():
            path.chmod(0o755)
