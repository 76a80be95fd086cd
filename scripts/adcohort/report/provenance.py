"""Where the results come from: plan, config without paths and names, software, code, fingerprints of the inputs."""

import hashlib
import importlib.metadata
import platform
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adcohort import files, rawfiles
from adcohort.statistics import plan

HOME = Path(__file__).parents[3]
# keys whose values name files, people or the hospital's words: the report says that they are set, not what they hold
PATHS = rawfiles.PATHS | {"data"}
NAMES = {"readers", "lesion_names", "columns", "headers", "sheets", "events", "terms"}
PROGRAMS = [
    "numpy", "pandas", "pydicom", "highdicom", "SimpleITK", "scipy", "statsmodels", "lifelines", "matplotlib", "great-tables",
    "jinja2", "python-docx", "openpyxl", "pint", "ucumvert", "snakemake",
]  # fmt: skip


def declared(config: Mapping[str, Any]) -> dict[str, str] | None:
    """The declared analysis plan as text with its hash (plan and visits), or None without statistics."""
    if "statistics" not in config:
        return None
    return {"text": as_yaml(config["statistics"]), "sha256": plan.digest(config["statistics"], config["visits"])}


def without_paths(value: Any, key: str = "") -> Any:
    """The config with every file path and every name from the source's words replaced by what kind of thing it is."""
    if key in PATHS and isinstance(value, str):
        return "(path)"
    if key in PATHS and isinstance(value, (list, tuple)):
        return [without_paths(part) if isinstance(part, Mapping) else "(path)" for part in value]
    if key in NAMES and value:
        return f"({len(value)} names)" if isinstance(value, (list, tuple, Mapping)) else "(name)"
    if isinstance(value, Mapping):
        return {name: without_paths(part, str(name)) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_paths(part, key) for part in value]
    return value


def as_yaml(value: Any) -> str:
    """A value as YAML for people."""
    import yaml

    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def software() -> list[dict[str, str]]:
    """Versions of Python and of the libraries that are installed where the report is written."""
    found = [{"program": "Python", "version": platform.python_version()}]
    for name in PROGRAMS:
        try:
            found.append({"program": name, "version": importlib.metadata.version(name)})
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def code() -> list[dict[str, str]]:
    """The workflow's version, the fingerprint of all its code, and its commit where the folder is a clone."""
    digest = hashlib.sha256()
    for part in ("Snakefile", "rules", "scripts", "resources"):
        top = HOME / part
        for path in sorted([top] if top.is_file() else top.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(HOME)).encode() + path.read_bytes())
    said = [{"what": "adcohort", "value": version()}, {"what": "Code (SHA-256)", "value": digest.hexdigest()}]
    if commit := _commit():
        said.append({"what": "Commit", "value": commit})
    return said


def version() -> str:
    """The workflow's version."""
    project = HOME / "pyproject.toml"
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"] if project.is_file() else "unknown"


def _commit() -> str:
    if not (HOME / ".git").exists() or not (git := shutil.which("git")):
        return ""
    done = subprocess.run([git, "-C", str(HOME), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def inputs(named: Mapping[str, Path]) -> list[dict[str, str]]:
    """Fingerprint and size of each raw file, under the config key that names it."""
    return [
        {"what": what, "fingerprint": files.content_hash(path), "size": f"{path.stat().st_size:,}"}
        for what, path in named.items()
        if path.is_file()
    ]
