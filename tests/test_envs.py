"""The conda envs: each spec is valid and the same as in pyproject.toml, each env holds what its rules' programs import."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from adcohort.codehash import imported_names, reached
from test_architecture import HOME, PROGRAMS, SCRIPTS, parse

ENVS = sorted((HOME / "envs").glob("*.yaml"))
PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
# import name to package name, where they differ
PACKAGE_OF = {
    "yaml": "pyyaml",
    "SimpleITK": "simpleitk",
    "great_tables": "great-tables",
    "docx": "python-docx",
    "PIL": "pillow",
}
ON_PYPI = {"python-isal": "isal"}  # conda-forge's name to PyPI's
# installed by another package of the same env on both registries
COMES_WITH = {"pillow": "matplotlib", "markupsafe": "jinja2"}
# packages that no import shows: pydicom finds its decoders, pandas its reader of xlsx by themselves
UNSEEN = {"pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "openpyxl", "python"}


def split(spec: str) -> tuple[str, str]:
    name, _, version = re.match(r"([A-Za-z0-9_.-]+)\s*(?:\[.*\])?\s*()(.*)", spec).groups()
    return name.lower(), version.replace(" ", "")


def specs(env: Path) -> dict[str, str]:
    """Versions by PyPI's names."""
    found = dict(split(spec) for spec in yaml.safe_load(env.read_text())["dependencies"])
    return {ON_PYPI.get(name, name): version for name, version in found.items()}


@pytest.mark.parametrize("env", ENVS, ids=lambda env: env.stem)
def test_each_spec_is_valid_for_conda(env):
    rattler = pytest.importorskip("rattler")
    for spec in yaml.safe_load(env.read_text())["dependencies"]:
        rattler.MatchSpec(spec, strict=True)


@pytest.mark.parametrize("env", ENVS, ids=lambda env: env.stem)
def test_each_range_is_the_projects(env):
    ranges = dict(split(spec) for spec in PROJECT["dependencies"]) | {"python": PROJECT["requires-python"]}
    assert {name: version for name, version in specs(env).items() if ranges.get(name) != version} == {}


def env_of(body: str) -> Path:
    return HOME / "envs" / re.search(r'conda:\s+"\.\./envs/([\w.]+)"', body).group(1)


def third_party(script: str) -> set[str]:
    tops = {
        name.split(".")[0]
        for module in reached(SCRIPTS / f"{script}.py", SCRIPTS)
        for name in imported_names(parse(module))
    }
    return {PACKAGE_OF.get(top, top) for top in tops - set(sys.stdlib_module_names) - {"adcohort", "__future__"}}


@pytest.mark.parametrize("env", ENVS, ids=lambda env: env.stem)
def test_each_env_holds_what_its_programs_import_and_nothing_else(env):
    scripts = {re.search(r"scripts/(\w+)\.py", body).group(1) for _, body, _ in PROGRAMS if env_of(body) == env}
    assert scripts, f"no rule uses {env.name}: remove it"
    needed = set().union(*(third_party(script) for script in scripts))
    held = set(specs(env))
    needed = {name for name in needed if COMES_WITH.get(name) not in held}
    assert needed - held == set(), "imported, but not in the env"
    assert held - needed - UNSEEN == set(), "in the env, but not imported"
