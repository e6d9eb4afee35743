"""The house rules that a machine can check: which folder may import which, docstrings, lengths, what starting up imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "bmdsl"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAY_IMPORT = {
    "language": {"resources"},
    "units": {"language"},
    "graph": {"language"},
    "compiler": {"language", "units", "graph"},
    "inference": {"language", "units", "graph", "compiler", "registry", "arrays"},
    "data": {"language", "registry"},
    "training": {"language", "compiler", "inference", "registry", "arrays", "writing"},
    "verification": {"language", "units", "graph", "compiler", "inference"},
    "report": {"language", "units", "graph", "compiler", "inference", "registry", "writing"},
}
"""Folder → the folders and top-level modules of the package that it may import, besides itself."""


def imported(path: Path) -> set[str]:
    """First parts, below the package, of what a module imports from the package, at its top and inside functions."""
    found = set()
    here = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: len(here) - node.level + 1]
            parts = (*base, *(node.module or "").split("."))
            names = [p for p in parts if p] or [a.name for a in node.names]
            found.add(names[0] if base or node.module else node.names[0].name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            found |= {n.split(".")[1] for n in names if n.startswith("bmdsl.")}
    return found


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_stands_before_it(folder: str) -> None:
    wrong = {}
    for path in (PACKAGE / folder).rglob("*.py"):
        others = imported(path) - {folder} - MAY_IMPORT[folder]
        if others:
            wrong[str(path.relative_to(PACKAGE))] = others
    assert wrong == {}


def test_the_language_needs_no_compiler_and_no_arrays_to_start():
    code = "import sys, bmdsl.language.check, bmdsl.language.parse; print({'numba', 'numpy', 'networkx', 'matplotlib'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def test_every_public_name_says_what_it_is():
    bare = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and not ast.get_docstring(tree):
            bare.append(str(path.relative_to(PACKAGE)))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
                if not any(isinstance(d, ast.Call | ast.Name | ast.Attribute) and "overload" in ast.unparse(d) for d in node.decorator_list):
                    bare.append(f"{path.relative_to(PACKAGE)}: {node.name}")
    assert bare == []


def test_no_file_has_grown_past_reading():
    assert {str(p.relative_to(PACKAGE)): n for p in MODULES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 450} == {}


def test_no_model_is_named_in_the_compiler():
    names = [p.stem for p in (PACKAGE.parent / "models").glob("*.bm")]
    for path in [*(PACKAGE / "compiler").rglob("*.py"), *(PACKAGE / "graph").rglob("*.py")]:
        words = {n.value for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        assert not words & set(names), path
