"""Unit functions and kernels copied by source into a generated module, with all that they call."""

from __future__ import annotations

import ast
import functools
import inspect
import math
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..kernels import random, scalars32
from ..units import scalars

KERNELS = (scalars32.__name__, random.__name__)
"""Modules whose numbers are typed already."""


class Inliner:
    """Collects copied sources, each once, helpers first.

    In a float32 module a function is *narrow* where everything it calls has a single-precision
    form: its numbers become float32 and the compiler can run 8 or 16 of it at once. One that calls
    anything else (`lgamma`) computes in double and returns a number to round.
    """

    def __init__(self, single: bool, taken: frozenset[str] = frozenset()) -> None:
        """`taken`: names that helpers must leave alone."""
        self.single, self.taken = single, taken
        self.done: dict[str, str] = {}
        self.names: dict[tuple[Any, bool], str] = {}
        self.narrow: set[str] = set()
        """Names of the functions that compute in single precision throughout."""

    def add(self, function: Callable[..., Any], name: str, scalar: bool = True) -> None:
        """Copies `function` as `name`. `scalar` says that its arguments are numbers, not arrays."""
        if name not in self.done:
            narrow = self.single and _is_narrow(function)
            if narrow:
                self.narrow.add(name)
            self._copy(function, name, narrow, wide_arguments=self.single and not narrow and scalar)

    def _helper(self, used: str, function: FunctionType, narrow: bool) -> str:
        """The helper's name in the module, copied on first use; two helpers of one name are kept
        apart.
        """
        key = (function, narrow)
        if key not in self.names:
            name = used + ("64" if self.single and not narrow else "")
            while name in self.done or name in self.taken:
                name += "_"
            self.names[key] = name
            self._copy(function, name, narrow)
        return self.names[key]

    def _copy(
        self, function: Callable[..., Any], name: str, narrow: bool, wide_arguments: bool = False
    ) -> None:
        renamed: dict[str, str] = {}
        for used, helper in sorted(_helpers(function).items()):
            single = _single_form(helper) if narrow else None
            if isinstance(helper, int | float | tuple):
                renamed[used] = repr(helper)
            elif single is not None or isinstance(helper, FunctionType):
                renamed[used] = self._helper(used, single or helper, narrow)
            else:
                renamed[used] = f"math.{helper.__name__}"
        self.done[name] = _copied(function, name, narrow, wide_arguments, tuple(renamed.items()))

    def sources(self) -> list[str]:
        return list(self.done.values())


@functools.cache
def _copied(
    function: Callable[..., Any],
    name: str,
    narrow: bool,
    wide_arguments: bool,
    renamed: tuple[tuple[str, str], ...],
) -> str:
    """The function's text under this name, with helpers under theirs."""
    node = _definition(function)
    kind = "fused" if function.__module__ == scalars32.__name__ else "kernel"
    node.decorator_list, node.name, node.returns = [], name, None
    for a in (*node.args.args, *node.args.kwonlyargs):
        a.annotation = None
    node = _Rewrite(dict(renamed), narrow and function.__module__ not in KERNELS).visit(node)
    node.decorator_list = [ast.Name(kind)]  # the module's, whatever a helper is called
    if wide_arguments:
        node.body[0:0] = [
            ast.parse(f"{a.arg} = np.float64({a.arg})").body[0] for a in node.args.args
        ]
    return ast.unparse(ast.fix_missing_locations(node))


def body_of(function: Callable[..., Any]) -> list[str]:
    """The lines of a function without its docstring and without what it returns: they are a part of
    another, whose variables they share.
    """
    node = _definition(function)
    body = [x for x in node.body[1:] if not isinstance(x, ast.Return)]
    return ast.unparse(ast.Module(body, [])).splitlines()


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    """The function's tree, for the caller to change."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return next(n for n in tree.body if isinstance(n, ast.FunctionDef))


@functools.cache
def _names(function: Callable[..., Any]) -> frozenset[str]:
    """What the function reads that it has not defined itself."""
    names = [n for n in ast.walk(_definition(function)) if isinstance(n, ast.Name | ast.arg)]
    own = {n.arg for n in names if isinstance(n, ast.arg)}
    own |= {n.id for n in names if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return frozenset({n.id for n in names if isinstance(n, ast.Name)} - own)


def _helpers(function: Callable[..., Any]) -> dict[str, Any]:
    """Names of the function's own module that it uses and that must travel with it: functions,
    `math`'s functions, numbers.
    """
    space = getattr(function, "__globals__", {})
    found = {n: space[n] for n in _names(function) if n in space}
    return {
        n: x
        for n, x in found.items()
        if isinstance(x, FunctionType | int | float | tuple)
        or (callable(x) and getattr(x, "__module__", "") == "math")
    }


def _single_form(helper: Any) -> FunctionType | None:
    """The single-precision form of a function of `math` or of the units' scalars."""
    name, module = getattr(helper, "__name__", ""), getattr(helper, "__module__", "")
    form = getattr(scalars32, name, None) if module in ("math", scalars.__name__) else None
    return form if isinstance(form, FunctionType) else None


def _is_narrow(function: Callable[..., Any]) -> bool:
    for helper in _helpers(function).values():
        if (
            isinstance(helper, int | float | tuple)
            or _single_form(helper) is not None
            or helper is math.sqrt
        ):
            continue
        if not (isinstance(helper, FunctionType) and _is_narrow(helper)):
            return False
    return True


class _Rewrite(ast.NodeTransformer):
    """Helpers under their new names, docstrings away, numbers with a point and `float(…)` as the
    module's `F`.
    """

    def __init__(self, renamed: dict[str, str], narrow: bool) -> None:
        self.renamed, self.narrow = renamed, narrow

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802  # the visitor's own spelling
        new = self.renamed.get(node.id)
        return node if new is None else ast.parse(new, mode="eval").body

    def visit_Constant(self, node: ast.Constant) -> ast.AST:  # noqa: N802  # the visitor's own spelling
        if self.narrow and isinstance(node.value, float):
            return ast.Call(ast.Name("F"), [node], [])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802  # the visitor's own spelling
        typed = (
            isinstance(node.func, ast.Name)
            and node.func.id == "F"
            or isinstance(node.func, ast.Attribute)
        )
        if typed:
            return node
        if self.narrow and isinstance(node.func, ast.Name) and node.func.id == "float":
            node.func.id = "F"
        return self.generic_visit(node)
