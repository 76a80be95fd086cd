"""What a script is made of: itself, the first-party modules that it reaches, and named resources."""

import ast
import hashlib
from functools import cache
from pathlib import Path


def code_hash(home: str, script: str, *resources: str) -> str:
    """Hash that changes when a result may change: code without comments and docstrings, resources byte by byte.

    Parameters
    ----------
    home
        The workflow's folder; all other paths are relative to it, so that a move changes nothing.
    script
        The program, for example ``scripts/fit_adc.py``.
    resources
        Files, or folders whose files all count, for example ``resources/labs/analytes.yaml``.
    """
    digest = hashlib.sha256()
    for module in sorted(reached(Path(home, script), Path(home, "scripts"))):
        digest.update(str(module.relative_to(home)).encode())
        digest.update(_fingerprint(module).encode())
    for resource in resources:
        for file in _files(Path(home, resource)):
            digest.update(str(file.relative_to(home)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def reached(script: Path, root: Path) -> set[Path]:
    """The script and every module under root that its imports lead to, packages' ``__init__`` included."""
    found: set[Path] = set()
    ahead = [script]
    while ahead:
        module = ahead.pop()
        if module in found:
            continue
        found.add(module)
        for name in imported_names(_parse(module)):
            ahead += _files_of(name, root)
    return found


def imported_names(tree: ast.Module) -> set[str]:
    """Dotted names that a module imports, anywhere in it; ``from a import b`` gives a and a.b."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _files_of(name: str, root: Path) -> list[Path]:
    """First-party files that importing a dotted name runs."""
    parts = name.split(".")
    packages = [root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [file for file in (*packages, root.joinpath(*parts).with_suffix(".py")) if file.is_file()]


def _files(resource: Path) -> list[Path]:
    return sorted(file for file in resource.rglob("*") if file.is_file()) if resource.is_dir() else [resource]


@cache
def _parse(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@cache
def _fingerprint(module: Path) -> str:
    tree = ast.parse(ast.unparse(_parse(module)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
