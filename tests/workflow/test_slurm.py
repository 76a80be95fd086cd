"""The workflow on a real SLURM cluster: the same results as on a workstation, and what happens when jobs and daemons fail."""

import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from workflow import faults, harness, slurm

pytestmark = pytest.mark.slow
PROFILE = harness.HOME / "config/profiles/slurm"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory):
    if os.geteuid() != 0:
        pytest.skip("starting SLURM's daemons needs root")
    if not slurm.installed():
        pytest.skip("SLURM is not here and could not be installed (Debian: slurm-wlm, munge)")
    with slurm.cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="module")
def workstation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study after a run on this machine."""
    return faults.quiet_study(tmp_path_factory.mktemp("workstation"))


def command(folder: Path, *args: str) -> list[str]:
    return [
        str(harness.BIN / "snakemake"),
        "-s",
        str(harness.HOME / "Snakefile"),
        "--directory",
        str(folder),
        "--profile",
        str(PROFILE),
        *args,
    ]


def run(folder: Path, *args: str, timeout: float = 900) -> harness.Run:
    done = subprocess.run(command(folder, *args), cwd=folder, env=harness.environment(), timeout=timeout, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    return harness.Run(done.returncode, done.stdout)


def test_results_equal_the_workstations_also_when_the_controller_restarts(cluster, workstation, tmp_path):
    folder = faults.study_like(workstation, tmp_path / "study")
    before = cluster.submitted()
    running = subprocess.Popen(command(folder), cwd=folder, env=harness.environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)  # fmt: skip
    wait_until(lambda: cluster.submitted() > before + 1)
    cluster.stop("slurmctld")
    cluster.start_controller()
    text = running.communicate(timeout=1200)[0]
    assert running.returncode == 0, text[-5000:]
    assert cluster.submitted() - before <= 45, (
        "visits are grouped: the number of submissions does not follow their number"
    )
    assert faults.differences(folder, workstation) == []


def test_a_job_without_enough_memory_is_tried_again_with_more(cluster, workstation, tmp_path):
    folder = faults.study_like(workstation, tmp_path / "study")
    done = run(folder, "--set-resources", "index_dicom:mem_mb=attempt*attempt*90", "--until", "index_dicom")
    assert done.status == 0, done.text[-4000:]
    assert "Trying to restart job" in done.text


def test_a_job_that_runs_out_of_time_fails_in_words_and_leaves_nothing(cluster, workstation, tmp_path):
    home = harness.checkout(tmp_path / "flow")
    slow = home / "scripts/harmonise_labs.py"
    slow.write_text(
        slow.read_text().replace("def main() -> None:\n", "def main() -> None:\n    import time; time.sleep(300)\n", 1)
    )
    folder = faults.study_like(workstation, tmp_path / "study")
    words = command(
        folder, "--set-resources", "harmonise_labs:runtime=1", "--retries", "0", "--until", "harmonise_labs"
    )
    words[words.index("-s") + 1] = str(home / "Snakefile")
    done = subprocess.run(
        words, cwd=folder, env=harness.environment(), timeout=400, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "TIMEOUT" in done.stdout + done.stderr
    assert not (folder / "results/labs/labs.tsv").exists()


def test_scancel_fails_the_job_and_the_next_run_finishes(cluster, workstation, tmp_path):
    folder = faults.study_like(workstation, tmp_path / "study")
    running = subprocess.Popen(command(folder, "--retries", "0", "--until", "index_dicom"), cwd=folder, env=harness.environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    wait_until(lambda: bool(cluster.job_ids()))
    subprocess.run(["scancel", *cluster.job_ids()], check=True)
    text = running.communicate(timeout=300)[0]
    assert running.returncode == 1, text[-3000:]
    assert not (folder / "private/index/series.json").exists()
    again = run(folder, "--until", "index_dicom")
    assert again.status == 0, again.text[-3000:]
    assert (folder / "private/index/series.json").exists()


def test_the_profile_bounds_the_number_of_submissions():
    profile = yaml.safe_load((PROFILE / "config.yaml").read_text())
    grouped = {rule for rule, _ in (pair.split("=") for pair in profile["groups"])}
    assert grouped >= {"convert_dwi", "fit_adc", "measure_rois"}
    assert all(int(pair.split("=")[1]) >= 10 for pair in profile["group-components"])
    assert profile["retries"] == 1


def wait_until(ready, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.5)
