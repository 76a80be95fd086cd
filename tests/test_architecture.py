"""The plan of the house, enforced: import directions, light start-up, complete code hashes, small rooms."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from adcohort.codehash import imported_names, reached
from snakemake.api import Workflow

HOME = Path(__file__).parents[1]
SCRIPTS = HOME / "scripts"
LIBRARY = SCRIPTS / "adcohort"
RULE_FILES = sorted((HOME / "rules").glob("*.smk"))
# programs that describe the whole study may look at every domain
WHOLE_STUDY = {"report", "figures", "reference", "survey", "proposal"}
# what every domain may stand on: the single modules; a domain of several modules is a package
GROUND = {path.stem for path in LIBRARY.glob("*.py")} - WHOLE_STUDY
HEAVY = ("pandas", "matplotlib", "scipy", "SimpleITK", "highdicom", "statsmodels", "yaml", "jsonschema")

RULE = re.compile(r"^(?:rule|checkpoint) (\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def unindented(path: Path) -> str:
    """A rule file's text with rules that stand inside ``if`` moved to the margin."""
    lines = path.read_text(encoding="utf-8").splitlines()
    out, inside = [], False
    for line in lines:
        if line.startswith(("if ", "else:", "elif ")):
            inside = True
            continue
        if inside and line and not line.startswith(" "):
            inside = False
        out.append(line[4:] if inside else line)
    return "\n".join(out) + "\n"


def rules() -> list[tuple[str, str, Path]]:
    return [(name, body, path) for path in RULE_FILES for name, body in RULE.findall(unindented(path))]


RULES = rules()
PROGRAMS = [rule for rule in RULES if "shell:" in rule[1] and "scripts/" in rule[1]]


def domain(module: Path) -> str:
    return module.relative_to(LIBRARY).parts[0].removesuffix(".py")


@pytest.mark.parametrize("module", sorted(LIBRARY.rglob("*.py")), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_go_down_only(module):
    own = domain(module)
    for name in imported_names(parse(module)):
        assert not (SCRIPTS / f"{name}.py").is_file(), f"the library imports the script {name}"
        parts = name.split(".")
        if parts[0] != "adcohort" or len(parts) < 2:
            continue
        other = parts[1]
        if own in GROUND:
            assert other in GROUND, f"the ground imports the domain {other}"
        elif own not in WHOLE_STUDY:
            assert other in GROUND | {own}, f"domain {own} imports domain {other}"


@pytest.mark.parametrize("script", ["convert_dwi", "fit_adc", "measure_rois"])
def test_the_three_jobs_of_a_visit_start_light(script):
    probe = f"import sys; import {script}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("name", "body", "path"), PROGRAMS, ids=[rule[0] for rule in PROGRAMS])
def test_a_rule_keeps_the_step_contract(name, body, path):
    script = re.search(r"scripts/(\w+)\.py", body).group(1)
    assert (SCRIPTS / f"{script}.py").is_file()
    assert re.match(r'\s+"""', body), "a rule opens with what it does"
    for part in ("log:", "conda:", "code=code(", "mem_mb=growing(", "runtime=growing("):
        assert part in body, f"{part} is missing"
    assert f'code("{script}"' in re.sub(r"\(\s+", "(", body), "the hash is of another script"
    assert "\n    run:" not in body
    assert "\n    script:" not in body
    assert "retries:" not in body


def resources_read(module: Path) -> set[str]:
    """Resources that a module loads by a literal name, and columns.yaml of each stage whose tables it writes or reads."""
    found = set()
    for node in ast.walk(parse(module)):
        if (
            not isinstance(node, ast.Call)
            or not isinstance(node.func, ast.Attribute)
            or not isinstance(node.func.value, ast.Name)
        ):
            continue
        called = f"{node.func.value.id}.{node.func.attr}"
        texts = [
            argument.value
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        if called == "resources.load":
            found |= set(texts[:1])
        elif called in ("tables.write", "tables.typed", "tables.read") and texts:
            found.add(f"{texts[0]}/columns.yaml")
        elif called == "tables.write_exclusions":
            found.add("flow/columns.yaml")
    return found


@pytest.mark.parametrize(("name", "body", "path"), PROGRAMS, ids=[rule[0] for rule in PROGRAMS])
def test_the_code_hash_names_every_resource_that_the_script_reads(name, body, path):
    call = re.search(r"code=code\((.*?)\)", body, re.DOTALL).group(1)
    script, *named = re.findall(r'"([^"]+)"', call)
    for resource in named:
        assert (HOME / "resources" / resource).exists(), f"resources/{resource} is not there"
    read = set().union(
        *(resources_read(module) for module in reached(SCRIPTS / f"{script}.py", SCRIPTS) if module.parent != LIBRARY)
    )
    read |= resources_read(SCRIPTS / f"{script}.py")
    missing = {resource for resource in read if not any(resource == n or resource.startswith(f"{n}/") for n in named)}
    assert not missing, f"code() of rule {name} does not name {sorted(missing)}"


def test_rules_scripts_and_modules_stay_small():
    limits = [(RULE_FILES, 200), (sorted(SCRIPTS.glob("*.py")), 130), (sorted(LIBRARY.rglob("*.py")), 450)]
    long = [
        f"{path.relative_to(HOME)}: {n}"
        for paths, most in limits
        for path in paths
        if (n := len(path.read_text().splitlines())) > most
    ]
    assert not long


def test_every_script_has_help():
    for script in sorted(SCRIPTS.glob("*.py")):
        done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{script.name}: {done.stderr}"
        assert done.stdout.startswith("usage:")


def test_a_stage_has_one_name():
    for path in RULE_FILES:
        stage = path.stem.split("_")[0] if path.stem.startswith("statistics") else path.stem
        if stage not in ("common", "inventory"):
            assert (HOME / "config/schema" / f"{stage}.yaml").is_file(), stage
            assert (HOME / "resources" / stage).is_dir(), stage


def test_what_the_workflow_sets_inside_snakemake_is_still_there():
    """Not part of Snakemake's interface: a new version may rename them, and setting a name that nobody reads does nothing."""
    of_workflow = sys.modules[Workflow.__module__]
    assert "self.job_rate_limiter is None" in inspect.getsource(of_workflow.JobScheduler.job_selector)
    assert "self.forcefiles" in inspect.getsource(of_workflow.DAG)
