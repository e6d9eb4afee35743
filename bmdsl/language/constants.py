"""Constant expressions over model arguments: numbers, or texts while an argument has no
value yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import SupportsIndex

from . import tree as t
from .diagnostics import BmError, fail, near
from .model import Length

Bindings = Mapping[str, int | float | None]


MAX_LENGTH = 2**31 - 1
"""Longest axis, and largest number in a subscript or a range: columns are numbered in 32 bits,
products of two such numbers fit 64.
"""


MAX_SEED = 2**64 - 1
"""Generators take keys of 64 bits."""


def verify_seed(seed: object) -> int:
    """The seed as a whole number. BmError BM975 for one outside 0..2⁶⁴ − 1, or none at all."""
    if isinstance(seed, bool) or not isinstance(seed, SupportsIndex) or not _is_seed(seed):
        raise fail(
            "BM975",
            f"the seed is {str(seed)[:40]}, it must be a whole number from 0 to 2⁶⁴ − 1",
            help="for instance `seed=0`",
        )
    return index(seed)


def _is_seed(seed: SupportsIndex) -> bool:
    return 0 <= index(seed) <= MAX_SEED


def constant(e: t.Expression, arguments: Bindings) -> int | float | None:
    """The value; None where it needs an argument without a value.

    BmError for what is no constant, and for numbers that cannot be held.
    """
    match e:
        case t.Number(value, span):
            if not value and any(c in "123456789" for c in span.text.lower().partition("e")[0]):
                raise fail("BM406", "this number is too small to be held", span)
            return _real(value, e)
        case t.Ref(name, None, span):
            if name.text not in arguments:
                close = near(name.text, arguments)
                raise fail(
                    "BM101",
                    f"unknown name `{name.text}`",
                    span,
                    "not an argument",
                    help=f"did you mean `{close}`?" if close else "",
                )
            bound = arguments[name.text]
            return None if bound is None else _real(bound, e)
        case t.Unary(sign, operand):
            x = constant(operand, arguments)
            return None if x is None else -x if sign == "-" else x
        case t.Power(base, exponent):
            a, b = constant(base, arguments), constant(exponent, arguments)
            return None if a is None or b is None else _power(a, b, e)
        case t.Binary(sign, left, right, span):
            a, b = constant(left, arguments), constant(right, arguments)
            if a is None or b is None:
                return None
            if sign in ("+", "-"):
                return _sum(a, b if sign == "+" else -b, e)
            if sign == "/" and b == 0:
                raise fail("BM404", "division by zero", span)
            out = a / b if sign == "/" else a * b
            if not out and a and b:
                raise fail("BM406", "this number is too small to be held", span)
            return _real(out, e)
    raise fail(
        "BM402", "a number is needed here", e.span, help="arithmetic on numbers and model arguments"
    )


def _power(a: int | float, b: int | float, e: t.Expression) -> int | float:
    if abs(b) > 64 or (a == 0 and b < 0) or abs(a) > 1e9:
        raise fail("BM406", "this power is no number that can be used", e.span)
    try:
        out = a**b
    except OverflowError:
        raise fail("BM406", "this is no finite number", e.span) from None
    if a and not out:
        raise fail("BM406", "this number is too small to be held", e.span)
    return _real(out, e)


def _sum(a: int | float, b: int | float, e: t.Expression) -> int | float:
    """a + b; of two whole numbers it is whole, and exact."""
    out = _real(a + b, e)
    if a == int(a) and b == int(b) and int(out) != int(a) + int(b):
        raise _lossy(int(a) + int(b), e)
    return out


def _real(value: object, e: t.Expression) -> int | float:
    """The value, if it is a finite real number that anybody would write, and if a whole one is held
    exactly.
    """
    if not isinstance(value, int | float) or not abs(value) < 1e300:
        raise fail("BM406", "this is no finite number", e.span)
    if isinstance(value, int) and int(float(value)) != value:
        raise _lossy(value, e)
    return value


def _lossy(value: int, e: t.Expression) -> BmError:
    shown = f"{value}" if len(str(value)) < 30 else "this whole number"
    return fail(
        "BM407",
        f"{shown} cannot be held exactly: numbers have 53 bits",
        e.span,
        help=f"as a real number it is `{float(value)!r}`",
    )


def is_constant(e: t.Expression, arguments: Bindings) -> bool:
    """Whether the expression is made of numbers and arguments alone."""
    match e:
        case t.Number():
            return True
        case t.Ref(name, None):
            return name.text in arguments
        case t.Unary(_, operand):
            return is_constant(operand, arguments)
        case t.Power(a, b) | t.Binary(_, a, b):
            return is_constant(a, arguments) and is_constant(b, arguments)
    return False


def whole(value: int | float, e: t.Expression, what: str) -> int:
    """The value of a whole-numbered constant. Raises BM408 if it is beyond all sizes."""
    if abs(value) > MAX_LENGTH:
        raise fail(
            "BM408", f"{what} of {value:g} is too large", e.span, help=f"at most {MAX_LENGTH:,}"
        )
    return int(value)


def length(e: t.Expression, arguments: Bindings) -> Length:
    """A whole number of at least 1, or its text while it is open."""
    value = constant(e, arguments)
    if value is None:
        return "".join(e.span.text.split())
    if value != int(value) or value < 1:
        raise fail(
            "BM403", f"a length must be a whole number of at least 1, this is {value:g}", e.span
        )
    return whole(value, e, "a length")
