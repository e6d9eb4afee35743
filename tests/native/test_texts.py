"""The text of a function is found as `inspect` finds it, however it is laid out."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from types import FunctionType

import pytest

from bmdsl.kernels import table
from bmdsl.native.text import tree_of


def plain(a: int) -> int:
    return a


def long(
    a: int,
    b: tuple[int, int] = (
        1,
        2,
    ),
) -> int:
    """Words."""

    def inner() -> int:
        return a

    return inner() + b[0]


class Holder:
    @staticmethod
    def inside(
        a: int,
    ) -> int:
        if a:
            return a

        return -a

    after = 3


def wanted(function: FunctionType) -> str:
    return ast.dump(ast.parse(textwrap.dedent(inspect.getsource(function))))


@pytest.mark.parametrize("function", [plain, long, Holder.inside])
def test_a_functions_tree_is_that_of_its_text(function: FunctionType) -> None:
    assert ast.dump(tree_of(function)) == wanted(function)


UNINDENTED = '''
def inside(a):
    """Words
that are not indented.
    """
# nor is this
    return (
a
    )

after = 3
'''


def test_lines_that_are_not_indented_belong_to_their_function(tmp_path: Path) -> None:
    path = tmp_path / "unindented.py"
    path.write_text(UNINDENTED)
    space: dict[str, FunctionType] = {}
    exec(compile(UNINDENTED, str(path), "exec"), space)
    (function,) = tree_of(space["inside"]).body
    assert ast.dump(function) == ast.dump(ast.parse(UNINDENTED).body[0])


def test_every_kernels_tree_is_that_of_its_text() -> None:
    table.load_table()
    found = [x.function for x in table.TABLE.values() if isinstance(x.function, FunctionType)]
    assert len(found) > 100
    for function in found[::4]:
        assert ast.dump(tree_of(function)) == wanted(function), function.__name__


def test_a_function_without_a_text_has_none() -> None:
    space: dict[str, FunctionType] = {}
    exec("def unwritten(a):\n    return a\n", space)
    with pytest.raises(OSError):
        tree_of(space["unwritten"])
