"""Each rule's program in an environment of its env file's packages alone: what is missing there shows here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_architecture import PROGRAMS
from test_envs import ENVS, env_of, specs

from workflow import harness

pytestmark = pytest.mark.slow


def packages(env: Path) -> list[str]:
    return [f"{name}{version}" for name, version in specs(env).items() if name != "python"]


@pytest.fixture(scope="module")
def python_by_rule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `python` starts each program in the environment of its own rule, with the locked versions."""
    folder = tmp_path_factory.mktemp("envs")
    uv = shutil.which("uv", path=str(harness.BIN)) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv makes the environments; `make test` installs it")
    cases = []
    for env in ENVS:
        place = folder / env.stem
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
        lock = str(harness.HOME / "requirements.lock")
        install = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(place / "bin/python"),
            "--constraint",
            lock,
        ]
        done = subprocess.run([*install, *packages(env)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{env.name}: {done.stderr}"
        scripts = sorted(
            {re.search(r"scripts/(\w+\.py)", body).group(1) for _, body, _ in PROGRAMS if env_of(body) == env}
        )
        cases.append(f'  {"|".join(scripts)}) exec {place}/bin/python "$@" ;;\n')
    shim = folder / "bin/python"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\ncase "$(basename "$1")" in\n{"".join(cases)}esac\nexec {sys.executable} "$@"\n')
    shim.chmod(0o755)
    return shim.parent


def test_the_small_study_runs_with_each_program_in_its_own_environment(python_by_rule, tmp_path, monkeypatch):
    config = harness.small_config()
    config["roi"]["export_dicom"] = True
    harness.write_config(tmp_path, config)
    monkeypatch.setattr(
        harness, "environment", lambda: os.environ | {"PATH": f"{python_by_rule}{os.pathsep}{os.environ['PATH']}"}
    )
    done = harness.snakemake(tmp_path)
    assert done.status == 0, done.text[-5000:]
    counted = harness.snakemake(tmp_path, "inventory")
    assert counted.status == 0, counted.text[-3000:]
    ran = {
        re.search(r"scripts/(\w+\.py)", body).group(1).removesuffix(".py")
        for name, body, _ in PROGRAMS
        if name in done.rules | counted.rules
    }
    every = {re.search(r"scripts/(\w+\.py)", body).group(1).removesuffix(".py") for _, body, _ in PROGRAMS}
    assert every == ran, "a program that this study never starts"
