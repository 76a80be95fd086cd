"""Faults and what must hold after them: kills at random moments, the documented recovery, results as if nothing had been."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from workflow import harness

# what holds wall times or memory; everything else is compared byte for byte
MEASURED = ("performance.json", "status.json")


def fingerprints(folder: Path) -> dict[str, str]:
    """Content hash of every result, by its path below results."""
    results = folder / "results"
    return {
        path.relative_to(results).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.name not in (*MEASURED, ".snakemake_timestamp")
    }


def differences(one: Path, two: Path) -> list[str]:
    """Results that only one study has or that differ."""
    ours, theirs = fingerprints(one), fingerprints(two)
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def parts(folder: Path) -> list[Path]:
    """Temporary files that a killed program may leave."""
    return [path for place in ("results", "private") for path in (folder / place).rglob(".part-*")]


def study_like(finished: Path, folder: Path) -> Path:
    """A study with the raw files and the config of a finished one, and no results; its own from now on, not the example's."""
    shutil.copytree(finished / "data", folder / "data")
    config = harness.small_config()
    del config["example"]
    harness.write_config(folder, config)
    return folder


def quiet_study(folder: Path) -> Path:
    """The small study after an undisturbed run; its raw files are the example's, the study is one like any other."""
    made = folder / "example"
    harness.write_config(made, harness.small_config())
    targets = ["participants", "images", "labs", "questionnaires", "events", "lesions"]
    done = harness.snakemake(made, *(f"make_example_{target}" for target in targets))
    assert done.status == 0, done.text[-3000:]
    study = study_like(made, folder / "study")
    done = harness.snakemake(study)
    assert done.status == 0, done.text[-3000:]
    return study


def start(folder: Path, *args: str) -> subprocess.Popen[bytes]:
    """Start Snakemake on a study in a session of its own."""
    command = [
        str(harness.BIN / "snakemake"),
        "-s",
        str(harness.HOME / "Snakefile"),
        "--directory",
        str(folder),
        "--cores",
        "2",
        *args,
    ]
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=folder, env=harness.environment(), stdout=log, stderr=log, start_new_session=True
        )


def run_without_root_powers(study: Path, *args: str, home: Path = harness.HOME) -> harness.Run:
    """Run as a user whom file modes bind (root without the capabilities to override them)."""
    if os.geteuid() != 0:
        return harness.snakemake(study, *args, home=home)
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv (util-linux) is not here")
    powers = "-dac_override,-dac_read_search"
    drop = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"]
    return harness.snakemake(study, *args, home=home, before=drop)


def kill_once(folder: Path, moment: float, whole_session: bool) -> bool:
    """Run, and kill -9 after so many seconds: Snakemake alone (its jobs go on) or with its jobs. False if it had ended."""
    running = start(folder)
    try:
        running.wait(moment)
    except subprocess.TimeoutExpired:
        if whole_session:
            os.killpg(running.pid, signal.SIGKILL)
        else:
            running.kill()
        running.wait()
        wait_for_orphans(folder)
        return True
    return False


def kill_a_job(folder: Path, chance: random.Random, seconds: float = 120, after: float = 0) -> str | None:
    """Kill one running program of the workflow, not before so many seconds; its name, or None if none was seen."""
    time.sleep(after)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        jobs = programs(folder)
        if jobs:
            pid, name = chance.choice(jobs)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return name
        time.sleep(0.05)
    return None


def programs(folder: Path) -> list[tuple[int, str]]:
    """Processes of the workflow's programs that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if (entry / "cwd").resolve() != folder.resolve():
                continue
        except OSError:
            continue
        scripts = [word.decode() for word in words[1:2] if b"/scripts/" in word]
        if scripts:
            found.append((int(entry.name), Path(scripts[0]).stem))
    return found


def wait_for_orphans(folder: Path, seconds: float = 120) -> None:
    """Wait until jobs that outlived Snakemake have ended."""
    end = time.monotonic() + seconds
    while programs(folder) and time.monotonic() < end:
        time.sleep(0.1)


def recover(folder: Path) -> harness.Run:
    """The documented recovery: unlock, then run again."""
    harness.snakemake(folder, "--unlock")
    return harness.snakemake(folder)
