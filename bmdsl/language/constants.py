"""Constant expressions over model arguments: numbers, or texts while an argument has no value yet."""

from __future__ import annotations

import math
from collections.abc import Mapping

from . import tree as t
from .diagnostics import BmError, fail, near
from .model import Length

Bindings = Mapping[str, int | float | None]


def constant(e: t.Expression, arguments: Bindings) -> int | float | None:
    """The value; None where it needs an argument without a value. BmError for what is no constant."""
    match e:
        case t.Number(value):
            return value
        case t.Ref(name, None, span):
            if name.text not in arguments:
                close = near(name.text, arguments)
                raise fail("BM101", f"unknown name `{name.text}`", span, "not an argument", help=f"did you mean `{close}`?" if close else "")
            bound = arguments[name.text]
            return None if bound is None else _real(bound, e)
        case t.Unary(operator, operand):
            x = constant(operand, arguments)
            return None if x is None else -x if operator == "-" else x
        case t.Power(base, exponent):
            a, b = constant(base, arguments), constant(exponent, arguments)
            if a is None or b is None:
                return None
            if abs(b) > 64 or (a == 0 and b < 0) or abs(a) > 1e9:
                raise fail("BM406", "this power is no number that can be used", e.span)
            return _real(a**b, e)
        case t.Binary(operator, left, right, span):
            a, b = constant(left, arguments), constant(right, arguments)
            if a is None or b is None:
                return None
            if operator == "/":
                if b == 0:
                    raise fail("BM404", "division by zero", span)
                return a / b
            return _real(a + b if operator == "+" else a - b if operator == "-" else a * b, e)
    raise fail("BM402", "a number is needed here", e.span, help="arithmetic on numbers and model arguments")


def _real(value: object, e: t.Expression) -> int | float:
    """The value, if it is a finite real number that anybody would write."""
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e300:
        return value
    raise fail("BM406", "this is no finite number", e.span)


def is_constant(e: t.Expression, arguments: Bindings) -> bool:
    """Whether the expression is made of numbers and arguments alone."""
    try:
        constant(e, arguments)
    except BmError:
        return False
    return True


def length(e: t.Expression, arguments: Bindings) -> Length:
    """A whole number of at least 1, or its text while it is open."""
    value = constant(e, arguments)
    if value is None:
        return "".join(e.span.text.split())
    if value != int(value) or value < 1:
        raise fail("BM403", f"a length must be a whole number of at least 1, this is {value:g}", e.span)
    return int(value)
