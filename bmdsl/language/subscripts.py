"""Subscripts → affine forms of letters: `2*x + p - 1`, `wrap(x+1)`, `pad(x+1)`."""

from __future__ import annotations

from . import tree as t
from .constants import Bindings, constant, is_constant, whole
from .diagnostics import fail, near
from .model import Subscript

EDGES = ("wrap", "pad")


def subscript(e: t.Expression, arguments: Bindings) -> Subscript:
    """The affine form. BmError for what is none."""
    if isinstance(e, t.Call):
        name = e.function.text
        if name not in EDGES:
            close = near(name, EDGES)
            hint = (
                f"did you mean `{close}`?"
                if close
                else "`wrap(x+1)` is periodic, `pad(x+1)` counts as zero outside"
            )
            raise fail(
                "BM216", f"`{name}(...)` cannot stand in a subscript", e.function.span, help=hint
            )
        if len(e.arguments) != 1 or e.arguments[0].name is not None:
            raise fail(
                "BM215", f"`{name}(...)` takes one subscript", e.span, help=f"as `{name}(x+1)`"
            )
        letters, number = _affine(e.arguments[0].value, arguments)
        return Subscript(letters, number, "wrap" if name == "wrap" else "pad")
    letters, number = _affine(e, arguments)
    return Subscript(letters, number)


def _affine(e: t.Expression, arguments: Bindings) -> tuple[tuple[tuple[str, int], ...], int]:
    found: dict[str, int] = {}
    total = _add(e, 1, found, arguments)
    for value in (total, *found.values()):
        whole(value, e, "a number in a subscript")
    return tuple((x, c) for x, c in found.items() if c), total


def _add(e: t.Expression, scale: int, found: dict[str, int], arguments: Bindings) -> int:
    match e:
        case t.Ref(name, None) if name.text not in arguments:
            found[name.text] = found.get(name.text, 0) + scale
            return 0
        case t.Unary(operator, operand):
            return _add(operand, -scale if operator == "-" else scale, found, arguments)
        case t.Binary("+" | "-" as operator, left, right):
            return _add(left, scale, found, arguments) + _add(
                right, -scale if operator == "-" else scale, found, arguments
            )
        case t.Binary("*", left, right):
            for a, b in ((left, right), (right, left)):
                if is_constant(a, arguments):
                    return _add(b, scale * _whole(a, arguments), found, arguments)
        case _ if is_constant(e, arguments):
            return scale * _whole(e, arguments)
    raise fail(
        "BM204",
        "a subscript is a sum of letters times whole numbers",
        e.span,
        help="as `2*x + p - 1`, `wrap(x+1)`, `pad(x+1)`",
    )


def _whole(e: t.Expression, arguments: Bindings) -> int:
    value = constant(e, arguments)
    if value is None:
        raise fail(
            "BM401",
            f"argument in `{e.span.text}` has no value",
            e.span,
            help="give it a default, or a value with -D",
        )
    if value != int(value):
        raise fail("BM205", f"a subscript needs whole numbers, this is {value:g}", e.span)
    return whole(value, e, "a number in a subscript")
