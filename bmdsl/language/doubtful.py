"""What can still be said of a model while some of its declarations are wrong: a group of an unknown
type stands in for the one that was meant, and of the addends that use it only the errors of their
text are told, so that no error is a consequence of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import tree as t
from .constants import Bindings, length
from .diagnostics import BmError, Diagnostic
from .model import Group, Length
from .vocabulary import UnitWord

OF_TEXT = frozenset(
    {
        *("BM101", "BM202", "BM214", "BM303", "BM304", "BM305", "BM306", "BM307", "BM311", "BM316"),
        *("BM317", "BM319", "BM320", "BM322", "BM323", "BM404", "BM406", "BM408", "BM601"),
    }
)
"""Errors of an addend that do not depend on what its units and graphs are."""


def stand_in(u: t.UnitDeclaration, values: Bindings, units: Mapping[str, UnitWord]) -> Group:
    """A group in the place of one whose declaration is wrong: of any type, and of its shape as far
    as that is known.
    """
    shape = tuple(_length(x, values) for x in u.shape)
    return Group(u.name.text, u.role, shape, next(iter(units)), (), span=u.span)


def _length(e: t.Expression, values: Bindings) -> Length:
    try:
        return length(e, values)
    except BmError:
        return "".join(e.span.text.split())


def names_in(e: t.Expression, functions: bool = False) -> Iterator[t.Name]:
    """What an expression multiplies and adds: the names of units, parameters and arguments, without
    subscripts and letters, with those of `functions` if asked for.
    """
    match e:
        case t.Ref(name, _):
            yield name
        case t.Unary(_, operand):
            yield from names_in(operand, functions)
        case t.Binary(_, left, right):
            yield from names_in(left, functions)
            yield from names_in(right, functions)
        case t.Power(base, _):
            yield from names_in(base, functions)
        case t.SumOver(_, body):
            yield from names_in(body, functions)
        case t.Call(function, arguments):
            if functions:
                yield function
            for a in arguments:
                yield from names_in(a.value, functions)


def of_text(error: BmError) -> list[Diagnostic]:
    """The diagnostics that hold whatever the units are."""
    return [d for d in error.diagnostics if d.code in OF_TEXT]
