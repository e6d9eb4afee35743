"""Code for numbers: conversions, operations and the functions of mathematics."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils

from .kinds import (
    DOUBLE,
    INT,
    SINGLE,
    TRUTH,
    WORD,
    Lanes,
    Number,
    Untranslatable,
    code_of,
    combined,
    unified,
)
from .mathematics import INTRINSIC, OUTSIDE
from .vectors import BETWEEN

MOST_SQUARED = 1 << 16
"""Largest exponent up to which a power is a product of squares."""
TRUE = ir.IntType(1)
Value = tuple[Any, Any]
"""A number's kind, or a register's, and its code."""


def constant(x: Any) -> Value:
    """A number that stands in the text, or among the names of its module."""
    if isinstance(x, bool | np.bool_):
        return TRUTH, ir.Constant(ir.IntType(1), int(x))
    if isinstance(x, np.generic):
        kind = Number(x.dtype.kind, 8 * x.dtype.itemsize)
    else:
        kind = INT if isinstance(x, int) else DOUBLE
    if kind.letter not in "fiu":
        raise Untranslatable(f"a constant {x!r}")
    return kind, ir.Constant(code_of(kind), float(x) if kind.real else int(x))


class Arithmetic:
    """Adds code for numbers where a builder stands."""

    def __init__(self, builder: Any, flags: tuple[str, ...]) -> None:
        self.b, self.flags = builder, flags

    def as_kind(self, x: Value, wanted: Number) -> Any:
        """The number in another kind."""
        (kind, v), to = x, code_of(wanted)
        if kind == wanted:
            return v
        if isinstance(kind, Lanes) or isinstance(wanted, Lanes):
            raise Untranslatable("a register where a number is wanted")
        if wanted == TRUTH:
            return self.truth(x)
        if wanted.real:
            if kind.real:
                return self.b.fptrunc(v, to) if wanted.bits < kind.bits else self.b.fpext(v, to)
            return self.b.sitofp(v, to) if kind.signed else self.b.uitofp(v, to)
        if kind.real:
            return self.b.fptosi(v, to) if wanted.signed else self.b.fptoui(v, to)
        if wanted.bits == kind.bits:
            return v
        if wanted.bits < kind.bits:
            return self.b.trunc(v, to)
        return self.b.sext(v, to) if kind.signed else self.b.zext(v, to)

    def truth(self, x: Value) -> Any:
        """Whether a number is not 0."""
        kind, v = x
        if kind == TRUTH:
            return v
        zero = ir.Constant(code_of(kind), 0)
        if kind.real:
            return self.b.fcmp_unordered("!=", v, zero)
        return self.b.icmp_signed("!=", v, zero)

    def combine(self, operator: ast.operator, x: Value, y: Value) -> Value:
        """x ∘ y by numba's rules for its kind."""
        name = type(operator).__name__
        if isinstance(x[0], Lanes) or isinstance(y[0], Lanes):
            return self._between(name, x, y)
        if name == "Div":
            kind = combined(x[0], y[0])
            kind = kind if kind.real else DOUBLE
        elif name in ("LShift", "RShift"):
            kind = INT if x[0].signed or x[0] == TRUTH else Number("u", 64)
        elif name == "Pow":
            return self._power(x, y)
        else:
            kind = combined(x[0], y[0])
        a, b = self.as_kind(x, kind), self.as_kind(y, kind)
        if kind.real:
            made = {"Add": self.b.fadd, "Sub": self.b.fsub, "Mult": self.b.fmul, "Div": self.b.fdiv}
            if name in made:
                return kind, made[name](a, b, flags=self.flags)
            raise Untranslatable(f"{name} of floating-point numbers")
        plain = {
            "Add": self.b.add,
            "Sub": self.b.sub,
            "Mult": self.b.mul,
            "BitAnd": self.b.and_,
            "BitOr": self.b.or_,
            "BitXor": self.b.xor,
            "LShift": self.b.shl,
            "RShift": self.b.ashr if kind.signed else self.b.lshr,
        }
        if name in plain:
            return kind, plain[name](a, b)
        if name in ("FloorDiv", "Mod"):
            return kind, self._divided(name, kind, a, b)
        raise Untranslatable(f"{name} of integers")

    def _between(self, name: str, x: Value, y: Value) -> Value:
        """An operation of two registers."""
        kind = x[0]
        if kind != y[0] or not isinstance(kind, Lanes) or name not in BETWEEN:
            raise Untranslatable(f"{name} of a register")
        made = BETWEEN[name][kind.entry.real]
        if not made:
            raise Untranslatable(f"{name} of floating-point numbers")
        return kind, getattr(self.b, made)(x[1], y[1])

    def inverted(self, x: Value) -> Value:
        """~x."""
        if x[0].real:
            raise Untranslatable("bits of a floating-point number")
        kind = x[0] if x[0] == TRUTH else combined(x[0], x[0])
        return kind, self.b.not_(self.as_kind(x, kind))

    def _power(self, x: Value, y: Value) -> Value:
        if isinstance(y[1], ir.Constant) and y[1].constant == 2:
            return self.combine(ast.Mult(), x, x)
        if not y[0].real:
            if not x[0].real:
                raise Untranslatable("a power of an integer")
            return self._whole_power(x, y)
        kind = combined(x[0], y[0])
        return kind, self._pow(code_of(kind), self.as_kind(x, kind), self.as_kind(y, kind))

    def _pow(self, code: Any, a: Any, b: Any) -> Any:
        return self.b.call(
            self.b.module.declare_intrinsic("llvm.pow", [code]), [a, b], fastmath=self.flags
        )

    def _whole_power(self, x: Value, y: Value) -> Value:
        """x to the power of an integer: by squares, one after another as numba takes them, up to
        the same exponent.
        """
        b, code, zero = self.b, code_of(x[0]), ir.Constant(ir.IntType(64), 0)
        given = self.as_kind(y, INT)
        down = b.icmp_signed("<", given, zero)
        exponent = b.select(down, b.sub(zero, given), given)
        left, square, found = (
            cgutils.alloca_once_value(b, v) for v in (exponent, x[1], ir.Constant(code, 1.0))
        )
        test, inside, odd, on, after = (
            b.append_basic_block(n) for n in ("test", "inside", "odd", "on", "after")
        )
        b.branch(test)
        b.position_at_end(test)
        b.cbranch(b.icmp_signed("!=", b.load(left), zero), inside, after)
        b.position_at_end(inside)
        one = zero.type(1)
        b.cbranch(b.icmp_signed("!=", b.and_(b.load(left), one), zero), odd, on)
        b.position_at_end(odd)
        b.store(b.fmul(b.load(found), b.load(square), flags=self.flags), found)
        b.branch(on)
        b.position_at_end(on)
        b.store(b.ashr(b.load(left), one), left)
        b.store(b.fmul(b.load(square), b.load(square), flags=self.flags), square)
        b.branch(test)
        b.position_at_end(after)
        product = b.load(found)
        inverse = b.fdiv(ir.Constant(code, 1.0), product, flags=self.flags)
        by_squares = b.select(down, inverse, product)
        far = b.icmp_signed(">", exponent, zero.type(MOST_SQUARED))
        return x[0], b.select(far, self._pow(code, x[1], b.sitofp(given, code)), by_squares)

    def _divided(self, name: str, kind: Number, a: Any, b: Any) -> Any:
        """⌊a/b⌋ or the remainder that has b's sign; 0 where b is 0."""
        build, zero = self.b, ir.Constant(code_of(kind), 0)
        none = build.icmp_signed("==", b, zero)
        safe = b if isinstance(b, ir.Constant) else build.select(none, b.type(1), b)
        if not kind.signed:
            out = build.udiv(a, safe) if name == "FloorDiv" else build.urem(a, safe)
        else:
            rest = build.srem(a, safe)
            apart = build.icmp_signed("<", build.xor(rest, safe), zero)
            low = build.and_(build.icmp_signed("!=", rest, zero), apart)
            if name == "FloorDiv":
                down = build.sub(build.sdiv(a, safe), build.zext(low, code_of(kind)))
                out = down
            else:
                out = build.add(rest, build.select(low, safe, zero))
        return out if isinstance(b, ir.Constant) else build.select(none, zero, out)

    def negative(self, x: Value) -> Value:
        """−x."""
        if x[0].real:
            return x[0], self.b.fneg(x[1], flags=self.flags)
        kind = INT if x[0].signed or x[0] == TRUTH else Number("u", 64)
        value = self.as_kind(x, kind)
        if isinstance(value, ir.Constant):
            return kind, value.type(-value.constant)
        return kind, self.b.sub(value.type(0), value)

    def compare(self, sign: str, x: Value, y: Value) -> Value:
        """Whether x stands in this relation to y."""
        if isinstance(x[0], Lanes) or isinstance(y[0], Lanes):
            raise Untranslatable("a comparison of registers")
        if {x[0].letter, y[0].letter} == {"i", "u"} and WORD in (x[0], y[0]):
            return TRUTH, self._compare_mixed(sign, x, y)
        kind = unified(x[0], y[0])
        assert isinstance(kind, Number)
        a, b = self.as_kind(x, kind), self.as_kind(y, kind)
        if kind.real:
            apart = self.b.fcmp_unordered if sign == "!=" else self.b.fcmp_ordered
            return TRUTH, apart(sign, a, b, flags=self.flags)
        return TRUTH, (self.b.icmp_signed if kind.signed else self.b.icmp_unsigned)(sign, a, b)

    def _compare_mixed(self, sign: str, x: Value, y: Value) -> Any:
        """A comparison with a word without a sign: what is below 0 is less than any."""
        a, b = self.as_kind(x, INT), self.as_kind(y, INT)
        signed, less = (a, sign in ("<", "<=")) if x[0].signed else (b, sign in (">", ">="))
        below = self.b.icmp_signed("<", signed, signed.type(0))
        plain = self.b.icmp_unsigned(sign, a, b)
        return self.b.select(below, TRUE(int(less or sign == "!=")), plain)

    def extreme(self, name: str, values: list[Value]) -> Value:
        """The smallest or largest, as Python's own `min` and `max` choose it."""
        found = values[0]
        for other in values[1:]:
            kind = unified(found[0], other[0])
            assert isinstance(kind, Number)
            a, b = self.as_kind(found, kind), self.as_kind(other, kind)
            better = self.compare("<" if name == "min" else ">", (kind, b), (kind, a))[1]
            found = kind, self.b.select(better, b, a)
        return found

    def size(self, x: Value) -> Value:
        """|x|."""
        if x[0].real:
            return x[0], self._intrinsic("fabs", x)
        if not x[0].signed:
            return x
        less = self.b.icmp_signed("<", x[1], x[1].type(0))
        return x[0], self.b.select(less, self.b.sub(x[1].type(0), x[1]), x[1])

    def bits_as(self, x: Value, wanted: Number) -> Value:
        """The same bits as another kind of number."""
        if x[0].bits != wanted.bits:
            raise Untranslatable("a view of other bits")
        same = x[0].real == wanted.real
        return wanted, x[1] if same else self.b.bitcast(x[1], code_of(wanted))

    def of_mathematics(self, function: Any, x: Value) -> Value | None:
        """A function of one number; None if it is none that is known."""
        kind = x[0] if x[0].real else DOUBLE
        y = kind, self.as_kind(x, kind)
        if function in (math.isnan, np.isnan):
            return TRUTH, self.b.fcmp_unordered("uno", y[1], y[1])
        if function in (math.isfinite, np.isfinite):
            size = self._intrinsic("fabs", y)
            return TRUTH, self.b.fcmp_ordered("<", size, ir.Constant(code_of(kind), math.inf))
        if function is np.sign:
            return kind, self._sign(y)
        if function in INTRINSIC:
            return kind, self._intrinsic(INTRINSIC[function], y)
        if function in OUTSIDE:
            name = OUTSIDE[function]
            if name == "sqrt":
                return kind, self._intrinsic(name, y)
            shape = ir.FunctionType(code_of(kind), [code_of(kind)])
            called = self._declared(name + ("f" if kind == SINGLE else ""), shape)
            return kind, self.b.call(called, [y[1]])
        return None

    def _sign(self, x: Value) -> Any:
        """−1, 0 or 1; NaN stays."""
        code = code_of(x[0])
        above, below = (self.b.fcmp_ordered(s, x[1], ir.Constant(code, 0)) for s in "><")
        minus = self.b.select(below, ir.Constant(code, -1.0), x[1])
        return self.b.select(above, ir.Constant(code, 1.0), minus)

    def _intrinsic(self, name: str, x: Value) -> Any:
        found = self.b.module.declare_intrinsic(f"llvm.{name}", [code_of(x[0])])
        return self.b.call(found, [x[1]], fastmath=self.flags)

    def _declared(self, name: str, shape: Any) -> Any:
        found: Callable[..., Any] | None = self.b.module.globals.get(name)
        return found or ir.Function(self.b.module, shape, name)
