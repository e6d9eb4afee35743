"""The house rules that a machine can check: which folder may import which, docstrings, lengths,
what starting up imports.
"""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import pytest

from tests.source import MODULES, PACKAGE, nodes_of, tree_of

ROOT = PACKAGE.parent
DOOR = {"api", "model", "driver", "registry", "files", "chunks"}
"""The modules beside the folders: what an import gives, and what all folders stand on."""
PLAN = {"language", "units", "graph", "registry", "ranks"}
SCHEDULE = {*PLAN, "plan", "native", "kernels", "schedule", "interactions"}
RUNTIME = {*SCHEDULE, "emit", "data"}
INFERENCE = {*RUNTIME, "runtime", "chunks", "schedule.routines"}
MODEL = {*INFERENCE, "inference", "driver", "files"}
RUNS = {*MODEL, "model"}
TASKS = {
    *RUNS,
    "runs",
    "training",
    "schedule.routines",
    "stacks",
    "exports",
    "probes",
    "report",
    "verification",
    "markup",
}
MAY_IMPORT = {
    "language": {"files"},
    "files": {"language"},
    "chunks": set(),
    "registry": {"language"},
    "markup": {"language"},
    "ranks": {"language"},
    "units": {"language"},
    "graph": {"language", "registry"},
    "plan": PLAN,
    "native": {"language"},
    "kernels": {"plan", "schedule", "native"},
    "schedule": {"language", "plan", "ranks"},
    "interactions": {"language", "plan", "schedule"},
    "schedule.routines": {"language", "graph", "plan", "schedule", "interactions"},
    "emit": SCHEDULE,
    "data": {"language", "units", "registry", "plan", "files", "ranks"},
    "runtime": RUNTIME,
    "inference": INFERENCE | {"schedule.routines"},
    "driver": MODEL - {"driver"},
    "model": MODEL,
    "runs": RUNS,
    "training": RUNS | {"runs", "schedule.routines", "markup"},
    "stacks": RUNS | {"runs"},
    "exports": INFERENCE | {"inference"},
    "probes": {"language", "registry", "plan"},
    "report": INFERENCE | {"inference", "files", "markup"},
    "verification": {"language", "units", "plan", "runtime", "inference"},
    "tasks": TASKS,
    "api": TASKS | {"tasks"},
    "sklearn": {"", "api"},
    "notebook": TASKS | {"tasks", "api"},
    "editor": TASKS,
    "cli": TASKS | {"tasks", "editor"},
    "": {"api", "language", "notebook", "tasks", "units"},
}
"""Folder or module at the top of the package → those that it may import, besides itself; `""` is
the package's `__init__`.

A kind of term is made of the schedule's values and ops, and routines are made of kinds of term:
they stand above it.
"""
TYPES_ONLY = {"tasks": {"api"}}
"""What may be named in annotations alone: a machine knows the text that it was compiled from, a
kernel the op that it carries out.
"""


def room_of(parts: tuple[str, ...]) -> str:
    """The folder, or module at the top, in which a module stands; of folders in folders those that
    the law names.
    """
    nested = ".".join(parts[:2])
    return nested if nested in MAY_IMPORT else "".join(parts[:1])


@dataclass(frozen=True)
class Import:
    """A module of the package that another one names, by their parts below the package; `typed`
    where only for annotations.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    typed: bool

    @property
    def rooms(self) -> tuple[str, str]:
        """The folders, or modules at the top, of both."""
        return room_of(self.source), room_of(self.target)


def parts_of(path: Path) -> tuple[str, ...]:
    """A module's name below the package, in parts; those of its folder for an `__init__`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


KNOWN = {parts_of(path) for path in MODULES}


def imports_of(path: Path) -> Iterator[Import]:
    """What a module imports from the package, at its top and inside functions."""
    source = parts_of(path)
    folder = path.relative_to(PACKAGE).parts[:-1]

    def walk(node: ast.AST, typed: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ImportFrom):
                module = tuple((child.module or "").split(".")) if child.module else ()
                if child.level:
                    base = (*folder[: len(folder) - child.level + 1], *module)
                elif module[:1] == ("bmdsl",):
                    base = module[1:]
                else:
                    continue
                for name in child.names:
                    found = (*base, name.name)
                    yield Import(source, found if found in KNOWN else base, typed)
            elif isinstance(child, ast.Import):
                yield from (
                    Import(source, tuple(n.name.split(".")[1:]), typed)
                    for n in child.names
                    if n.name.split(".")[0] == "bmdsl"
                )
            elif not isinstance(child, ast.expr):
                yield from walk(
                    child,
                    typed
                    or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)),
                )

    yield from walk(tree_of(path), False)


@functools.cache
def imports() -> list[Import]:
    """What all modules import."""
    return [found for path in MODULES for found in imports_of(path)]


def test_nothing_else_stands_at_the_door() -> None:
    rooms = {room for room in MAY_IMPORT if room and "." not in room}
    files = {f"{name}.py" for name in DOOR} | {"__init__.py", "py.typed"}
    assert {p.name for p in PACKAGE.iterdir()} - {"__pycache__"} == files | (rooms - DOOR)


def test_every_module_stands_in_a_room():
    assert {room_of(parts_of(path)) for path in MODULES} == set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_stands_before_it(room: str) -> None:
    allowed = {room} | MAY_IMPORT[room]
    wrong = {
        f"{'.'.join(i.source)} imports {'.'.join(i.target)}"
        for i in imports()
        if i.rooms[0] == room
        and i.rooms[1] not in allowed
        and not (i.typed and i.rooms[1] in TYPES_ONLY.get(room, ()))
    }
    assert wrong == set()


def test_the_law_itself_has_an_order():
    """Only the files of the grammar and the language that reads them know each other."""
    law = nx.DiGraph([(room, other) for room, others in MAY_IMPORT.items() for other in others])
    assert [c for c in nx.strongly_connected_components(law) if len(c) > 1] == [
        {"files", "language"}
    ]


def test_the_table_of_folders_in_the_docs_is_the_law() -> None:
    page = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    table = page.split("| folder | what it holds |")[1].splitlines()[2:]
    above: list[str] = []
    for row in table:
        names = re.findall(r"`([\w/]+?)(?:/|\.py)`", row.split("|")[1])
        rooms = [name.replace("/", ".") for name in names]
        above += rooms
        for room in rooms:
            assert MAY_IMPORT[room] - {""} <= set(above), room
    assert sorted(above) == sorted(MAY_IMPORT.keys() - {""})


def test_no_module_imports_one_that_imports_it():
    graph = nx.DiGraph(
        [(i.source, i.target) for i in imports() if not i.typed and i.source != i.target]
    )
    assert [
        sorted(map(".".join, c)) for c in nx.strongly_connected_components(graph) if len(c) > 1
    ] == []


def test_the_language_needs_no_compiler_and_no_arrays_to_start():
    code = (
        "import sys, bmdsl.language.check, bmdsl.language.parse; print({'numba', 'numpy',"
        " 'networkx', 'matplotlib'} & set(sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
        == "set()"
    )


def test_every_public_name_says_what_it_is():
    bare = []
    for path in MODULES:
        tree = tree_of(path)
        if tree.body and not ast.get_docstring(tree):
            bare.append(str(path.relative_to(PACKAGE)))
        for node in tree.body:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                marks = [ast.unparse(d) for d in node.decorator_list]
                twin = any(
                    m.startswith("kernel(") for m in marks
                )  # its meaning is said where its kind of op is declared
                if not twin and not any("overload" in m for m in marks):
                    bare.append(f"{path.relative_to(PACKAGE)}: {node.name}")
    assert bare == []


def test_no_file_has_grown_past_reading():
    assert {
        str(p.relative_to(PACKAGE)): n
        for p in MODULES
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 450
    } == {}


def test_no_model_is_named_in_the_compiler():
    names = [p.stem for p in (ROOT / "models").glob("*.bm")]
    for path in [
        p
        for folder in ("graph", "plan", "schedule", "emit", "kernels")
        for p in (PACKAGE / folder).rglob("*.py")
    ]:
        words = {
            n.value
            for n in nodes_of(path)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        }
        assert not words & set(names), path


def test_nothing_is_kept_from_the_formatter() -> None:
    mark = "# fmt" + ": "
    texts = [p for folder in ("bmdsl", "tests", "docs") for p in (ROOT / folder).rglob("*.py")]
    assert len(texts) > 1000
    assert [str(p) for p in texts if mark in p.read_text(encoding="utf-8")] == []
