"""Faults: no wrong result, no half file, a message; after the documented recovery the results are those of a quiet run."""

import base64
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow import faults, harness

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faults.quiet_study(tmp_path_factory.mktemp("quiet"))


def test_killed_at_random_moments_then_recovered_equals_a_quiet_run(quiet, tmp_path):
    chance = random.Random(20240229)
    study = faults.study_like(quiet, tmp_path / "study")
    kills = 0
    for number in range(4):
        kills += faults.kill_once(study, chance.uniform(4, 16), whole_session=number % 2 == 0)
        harness.snakemake(study, "--unlock")
    assert kills >= 2
    done = faults.recover(study)
    assert done.status == 0, done.text[-3000:]
    assert faults.differences(study, quiet) == []
    assert faults.parts(study) == []
    assert harness.snakemake(study).jobs == set()


def test_half_a_folder_behind_the_checkpoint_is_made_anew(quiet, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(quiet, study, symlinks=True)
    whole = study / "results/adc/qc/sub-02"
    (whole / "motion.json").unlink()
    marker = base64.urlsafe_b64encode(b"results/adc/qc/sub-02").decode()  # as Snakemake leaves it when it is killed
    (study / ".snakemake/incomplete").mkdir(exist_ok=True)
    (study / ".snakemake/incomplete" / marker).write_text('{"external_jobid": null}')
    assert "draw_adc_quality sub-02" in harness.snakemake(study, "-n").jobs
    done = harness.snakemake(study)
    assert done.status == 0, done.text[-3000:]
    assert faults.differences(study, quiet) == []
    assert harness.snakemake(study).jobs == set()


def test_a_killed_job_fails_in_words_and_the_next_run_repairs_it(quiet, tmp_path):
    study = faults.study_like(quiet, tmp_path / "study")
    running = faults.start(study, "--keep-going")
    time.sleep(3)
    name = faults.kill_a_job(study, random.Random(7))
    assert running.wait(600) == 1
    assert name
    assert f"Error in rule {name}" in (study / "run.log").read_text()
    done = harness.snakemake(study)
    assert done.status == 0, done.text[-3000:]
    assert faults.differences(study, quiet) == []


def test_sigterm_lets_running_jobs_finish_and_leaves_no_lock(quiet, tmp_path):
    study = faults.study_like(quiet, tmp_path / "study")
    running = faults.start(study)
    time.sleep(6)
    running.send_signal(signal.SIGTERM)
    assert running.wait(300) != 0
    done = harness.snakemake(study)
    assert done.status == 0, done.text[-3000:]
    assert faults.parts(study) == []
    assert faults.differences(study, quiet) == []


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 6 MB, where the machine lets us mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk_is_said_and_leaves_no_half_file(quiet, small_disk):
    study = small_disk / "study"
    study.mkdir()
    config = harness.small_config() | {"data": str(quiet / "data/example")}
    del config["example"]
    harness.write_config(study, config)
    done = harness.snakemake(study)
    assert done.status == 1
    assert "No space left on device" in done.text
    subprocess.run(["mount", "-o", "remount,size=400m", str(small_disk)], check=True)
    done = faults.recover(study)
    assert done.status == 0, done.text[-3000:]
    assert faults.parts(study) == []
    tables = [name for name in faults.differences(study, quiet) if name.endswith(".tsv")]
    assert tables == []


def test_results_that_cannot_be_written_are_said(quiet, tmp_path):
    study = faults.study_like(quiet, tmp_path / "study")
    (study / "results").mkdir()
    (study / "results").chmod(0o500)
    done = faults.run_without_root_powers(study)
    assert done.status == 1
    assert "ermission denied" in done.text or "no permission" in done.text


def test_images_that_may_not_be_read_are_listed_with_the_reason(quiet, tmp_path):
    study = faults.study_like(quiet, tmp_path / "study")
    closed = sorted(path for path in (study / "data/example/dicom").rglob("*") if path.is_file())[:3]
    for path in closed:
        path.chmod(0)
    done = faults.run_without_root_powers(study, "results/ingest/series.tsv")
    assert done.status == 0, done.text[-3000:]
    assert "unreadable" in (study / "results/ingest/series.tsv").read_text()


def test_a_file_that_vanishes_between_index_and_conversion_is_a_status(quiet, tmp_path):
    study = faults.study_like(quiet, tmp_path / "study")
    assert harness.snakemake(study, "--until", "index_dicom").status == 0
    manifest = sorted((study / "private/index/manifests").glob("*.json"))[0]
    content = json.loads(manifest.read_text())
    (study / "data/example" / content["runs"][0]["files"][0]["path"]).unlink()
    script = harness.HOME / "scripts/convert_dwi.py"
    words = [sys.executable, str(script), str(manifest), "--data", "data/example", "--converted", "out"]
    done = subprocess.run(words, cwd=study, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "changed after the image files were indexed. Run the workflow again." in done.stderr
    assert not list((study / "out").glob("*.nii.gz"))
    again = harness.snakemake(study)
    assert again.status == 0, again.text[-3000:]
    assert again.rules >= {"index_dicom", "convert_dwi"}


def test_clocks_that_jump_are_said_and_change_no_result(quiet, tmp_path):
    study = faults.study_like(quiet, tmp_path / "study")
    assert harness.snakemake(study, "results/adc/adc.tsv").status == 0
    ahead = [*(study / "results/ingest").rglob("*"), study / "data/example/labs/serum.csv"]
    for path in ahead:
        os.utime(path, (time.time() + 40 * 86400,) * 2)
    done = harness.snakemake(study)
    assert done.status == 1
    assert "clock" in done.text
    for path in ahead:  # the clock is right again: `touch`, as the troubleshooting page says
        if path.exists():
            os.utime(path)
    done = harness.snakemake(study)
    assert done.status == 0, done.text[-3000:]
    assert faults.differences(study, quiet) == []


def test_a_participant_who_withdrew_leaves_nothing_behind(quiet, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(quiet, study, symlinks=True)
    sheet = study / "data/example/participants.csv"
    rows = sheet.read_bytes().splitlines(keepends=True)
    sheet.write_bytes(b"".join(row for row in rows if not row.startswith(b"sub-04,")))
    assert harness.snakemake(study).status == 0
    left = [path for top in ("results", "private") for path in (study / top).rglob("*")]
    assert [path for path in left if "sub-04" in path.name] == []
    assert [path for path in left if path.is_file() and b"sub-04" in path.read_bytes()] == []
    assert harness.snakemake(study).jobs == set()


def test_a_study_whose_images_are_all_gone_ends_with_a_report(quiet, tmp_path):
    study = faults.study_like(quiet, tmp_path / "study")
    config = harness.small_config() | {"ingest": {"dicom": "nothing"}}
    del config["example"]
    config["roi"]["masks"] = []
    harness.write_config(study, config)
    (study / "data/example/nothing").mkdir()
    done = harness.snakemake(study)
    assert done.status == 0, done.text[-3000:]
    assert "Imaging visits: 0 used." in done.text
    assert harness.snakemake(study).jobs == set()
