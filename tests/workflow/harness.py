"""Whole runs of the workflow in a folder of their own, and what they did."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HOME = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PARTS = ("Snakefile", "rules", "scripts", "config", "envs", "resources", "profiles")

_JOB = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?:    .*\n)*)", re.MULTILINE)


@dataclass
class Run:
    """One call of Snakemake: its exit status, all that it printed, and the jobs that it started."""

    status: int
    text: str

    @property
    def jobs(self) -> set[str]:
        """Started jobs, as ``fit_adc sub-01 month1`` (wildcards in their order), without the target rules."""
        found = set()
        for name, body in _JOB.findall(self.text):
            wildcards = re.search(r"^    wildcards: (.*)$", body, re.MULTILINE)
            values = [pair.split("=", 1)[1] for pair in wildcards.group(1).split(", ")] if wildcards else []
            found.add(" ".join([name, *values]))
        return found - {"all"}

    @property
    def rules(self) -> set[str]:
        """Names of the rules that ran."""
        return {job.split()[0] for job in self.jobs}


def environment(**more: str) -> dict[str, str]:
    """The tests' environment with this Python's programs first, as after activating it."""
    return os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": ""} | more


def snakemake(folder: Path, *args: str, home: Path = HOME, timeout: float = 900, before: Sequence[str] = ()) -> Run:
    """Run the workflow of `home` on the study in `folder`; `before` is a program that starts it with other powers."""
    command = [
        *before,
        str(BIN / "snakemake"),
        "-s",
        str(home / "Snakefile"),
        "--directory",
        str(folder),
        "--cores",
        "2",
        *args,
    ]
    done = subprocess.run(
        command, cwd=folder, env=environment(), timeout=timeout, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    return Run(done.returncode, done.stdout)


def checkout(target: Path) -> Path:
    """A copy of the workflow that a test may change."""
    target.mkdir(parents=True)
    for part in PARTS:
        source = HOME / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / part)
    return target


def write_config(folder: Path, config: Mapping[str, Any]) -> Path:
    """Write a study's config.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def example_config() -> dict[str, Any]:
    """The embedded example's config."""
    return yaml.safe_load((HOME / "config/config.yaml").read_text(encoding="utf-8"))


def small_config() -> dict[str, Any]:
    """The example cut to 4 participants and 2 imaging visits."""
    config = example_config()
    config["example"] = {"participants": 4, "visits": ["baseline", "month1"]}
    return config
