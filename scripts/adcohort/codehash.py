"""What a script is made of: itself, the first-party modules that it reaches, and named resources."""

import ast
import contextlib
import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from adcohort import files


@dataclass
class Reader:
    """Reads modules once: the hash of what each does (no comments, no docstrings) and the names that it imports.

    Parameters
    ----------
    memory
        A file that keeps this from call to call, by content, so that it cannot be stale; None = no memory. Parsing all modules
        takes seconds, and every job on a cluster starts by doing so.
    """

    memory: Path | None = None
    _known: dict[str, list[str]] = field(default_factory=dict)
    _seen: dict[Path, list[str]] = field(default_factory=dict)
    _grown: bool = False

    def __post_init__(self) -> None:
        """Recall what an earlier call learnt; a memory that cannot be read is forgotten."""
        if self.memory is not None:
            with contextlib.suppress(OSError, ValueError):
                self._known = json.loads(self.memory.read_text(encoding="utf-8"))

    def facts(self, module: Path) -> list[str]:
        """The module's hash, then the names that it imports."""
        if module not in self._seen:
            content = module.read_bytes()
            key = hashlib.blake2b(content, digest_size=16, person=bytes(sys.version_info[:2])).hexdigest()
            if key not in self._known:
                tree = ast.parse(content)
                self._known[key] = [
                    hashlib.sha256(ast.dump(_without_docstrings(tree)).encode()).hexdigest(),
                    *sorted(imported_names(tree)),
                ]
                self._grown = True
            self._seen[module] = self._known[key]
        return self._seen[module]

    def remember(self) -> None:
        """Keep what was learnt; a folder that cannot be written costs time, nothing else."""
        if self.memory is not None and self._grown:
            with contextlib.suppress(OSError):
                files.write_text(self.memory, json.dumps(self._known))


def code_hash(home: str, script: str, *resources: str, reader: Reader | None = None) -> str:
    """Hash that changes when a result may change: code without comments and docstrings, resources byte by byte.

    Parameters
    ----------
    home
        The workflow's folder; all other paths are relative to it, so that a move changes nothing.
    script
        The program, for example ``scripts/fit_adc.py``.
    resources
        Files, or folders whose files all count, for example ``resources/labs/analytes.yaml``.
    reader
        Shared by several calls, it reads each module once.
    """
    reader = reader or Reader()
    digest = hashlib.sha256()
    for module in sorted(reached(Path(home, script), Path(home, "scripts"), reader)):
        digest.update(str(module.relative_to(home)).encode())
        digest.update(reader.facts(module)[0].encode())
    for resource in resources:
        for file in _files(Path(home, resource)):
            digest.update(str(file.relative_to(home)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def reached(script: Path, root: Path, reader: Reader | None = None) -> set[Path]:
    """The script and every module under root that its imports lead to, packages' ``__init__`` included."""
    reader = reader or Reader()
    found: set[Path] = set()
    ahead = [script]
    while ahead:
        module = ahead.pop()
        if module in found:
            continue
        found.add(module)
        for name in reader.facts(module)[1:]:
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
    if not (root / parts[0]).is_dir() and not (root / f"{parts[0]}.py").is_file():
        return []
    packages = [root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [file for file in (*packages, root.joinpath(*parts).with_suffix(".py")) if file.is_file()]


def _files(resource: Path) -> list[Path]:
    return sorted(file for file in resource.rglob("*") if file.is_file()) if resource.is_dir() else [resource]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _has_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
