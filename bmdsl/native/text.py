"""The text of a function that is to be translated, and what names in it stand for."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from types import FunctionType
from typing import Any

from .kinds import Untranslatable


@dataclass(frozen=True)
class Text:
    """A function's statements and what names in it stand for."""

    name: str
    arguments: tuple[str, ...]
    body: tuple[ast.stmt, ...]
    names: Mapping[str, Any]
    flags: tuple[str, ...]
    """LLVM's words for how freely it may round."""
    shared: bool = False
    """Whether threads share its loops over `prange`."""

    @cached_property
    def gives_array(self) -> bool:
        """Whether it ends by returning an array that it made, and returns nowhere else."""
        inside = [y for x in self.body for y in ast.walk(x)]
        match self.body[-1]:
            case ast.Return(ast.Name(name)):
                made = (
                    (t, v)
                    for x in inside
                    if isinstance(x, ast.Assign)
                    for t, v in _pairs(x.targets[0], x.value)
                )
                is_new = any(
                    isinstance(t, ast.Name)
                    and t.id == name
                    and isinstance(v, ast.Call)
                    and isinstance(v.func, ast.Attribute)
                    and v.func.attr in ("empty", "zeros", "ones")
                    for t, v in made
                )
                return is_new and sum(isinstance(x, ast.Return) for x in inside) == 1
        return False


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Targets of an assignment with their values."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def is_compiled(x: Any) -> bool:
    """Whether an object is a function that is to be compiled, marked by `deferred` or by numba."""
    return hasattr(x, "py_func") and hasattr(x, "targetoptions")


def text_of(
    function: FunctionType | Callable[..., Any], fastmath: Any = False, shared: bool = False
) -> Text:
    """The text of a Python function. Raises Untranslatable for one with defaults or a closure."""
    if fastmath is True:
        raise Untranslatable("all of fastmath")
    return _text(function, tuple(sorted(fastmath)) if fastmath else (), shared)


@cache
def _text(function: Any, flags: tuple[str, ...], shared: bool) -> Text:
    """One text a function, however often it is called: what is found of it is found once."""
    if not isinstance(function, FunctionType):
        raise Untranslatable("no function of Python's")
    if function.__closure__ or function.__defaults__ or function.__kwdefaults__:
        raise Untranslatable("a function with defaults or a closure")
    try:
        tree = getattr(function, "tree", None)
        found = tree or tree_of(function).body[0]
    except (OSError, SyntaxError) as error:
        raise Untranslatable("a function without a text") from error
    if not isinstance(found, ast.FunctionDef):
        raise Untranslatable("no function of its own")
    names = tuple(x.arg for x in found.args.args)
    return Text(found.name, names, tuple(found.body), function.__globals__, flags, shared)


def tree_of(function: FunctionType) -> ast.Module:
    """The syntax tree of a function's text, as `inspect` finds it, a fifth of the time: the text
    ends before a line that is indented as little as its first one and closes no bracket.

    Raises OSError or SyntaxError if there is no text.
    """
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)[code.co_firstlineno - 1 :]
    edge = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    kept, begun = list[str](), False
    for line in lines:
        rest = line[edge:]
        outside = not line[:edge].strip() and rest.strip() and rest[0] not in " \t)]}#"
        if begun and outside:
            break
        begun = begun or rest.startswith("def ")
        kept.append(line)
    with suppress(SyntaxError):  # a text of several lines that are not indented, for instance
        found = ast.parse(textwrap.dedent("".join(kept)))
        if len(found.body) == 1 and getattr(found.body[0], "name", "") == code.co_name:
            return found
    return ast.parse(textwrap.dedent(inspect.getsource(function)))
