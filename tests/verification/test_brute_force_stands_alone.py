"""What `bm verify` holds a model against knows the text's energy and the unit types, and nothing of
what it judges.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import bmdsl

PACKAGE = Path(bmdsl.__file__).parent
ROOTS = ("verification/brute_force.py", "verification/one_unit.py")
MAY_IMPORT = {"language", "units", "files"}
"""`files` finds the grammar's file, for the language."""
OTHERS = {"numpy", "scipy", "networkx", "lark"}
"""Packages that judge and judged may both use: arrays, sums of exponentials, graphs of texts,
parsing.
"""


def _imported(path: Path) -> tuple[set[Path], set[str]]:
    """Files of the package that a module imports, at its top and inside functions, and other
    packages.
    """
    files, others = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [(a.name.split("."), 0) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".") if node.module else []
            targets = [([*parts, a.name], node.level) for a in node.names]
        else:
            continue
        for parts, level in targets:
            if level == 0 and parts[0] != "bmdsl":
                others.add(parts[0])
                continue
            base = PACKAGE if level == 0 else path.parents[level - 1]
            files |= _files(base, parts[1:] if level == 0 else parts)
    return files, others - set(sys.stdlib_module_names)


def _files(base: Path, parts: list[str]) -> set[Path]:
    """The module of a dotted name, whose last part may be a name inside it."""
    for count in (len(parts), len(parts) - 1):
        place = base.joinpath(*parts[:count])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.exists():
                return {file}
    raise AssertionError(f"{base}: no module {'.'.join(parts)}")


def _reached() -> tuple[set[Path], set[str]]:
    waiting, files, others = [PACKAGE / root for root in ROOTS], set[Path](), set[str]()
    while waiting:
        path = waiting.pop()
        if path not in files:
            files.add(path)
            more, outside = _imported(path)
            others |= outside
            waiting += more
    return files, others


def test_it_imports_the_language_and_the_unit_types_alone() -> None:
    files, others = _reached()
    of_others = {
        str(path.relative_to(PACKAGE))
        for path in files
        if path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        not in MAY_IMPORT | {"verification"}
    }
    assert of_others == set()
    assert {p.name for p in files} > {"brute_force.py", "written.py", "interface.py", "nodes.py"}
    assert others <= OTHERS


def test_its_walk_over_letters_is_its_own() -> None:
    """Plans, generated modules and the reference interpreter read subscripts by
    `language/letters`.
    """
    letters = PACKAGE / "language" / "letters.py"
    assert letters.exists() and letters not in _reached()[0]


def test_starting_it_compiles_nothing() -> None:
    code = (
        "import sys, bmdsl.verification.brute_force, bmdsl.verification.one_unit;"
        " print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    judged = tuple(
        f"bmdsl.{room}"
        for room in (
            "graph",
            "plan",
            "schedule",
            "emit",
            "kernels",
            "runtime",
            "inference",
            "training",
        )
    )
    assert [name for name in loaded if name.startswith((*judged, "numba"))] == []
