"""Sixteen float32 numbers at a time, as a type that compiled functions hold in one vector register:
fields of 16 chains, to which couplings are added where a bit is set.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..native.vectors import Vector
from ..schedule.real_ops import MAGIC, POWER_OF_TWO
from .words import WORDS

LANES = 16
_FLOAT, _INT = ir.FloatType(), ir.IntType(32)
_VECTOR, _INTS = ir.VectorType(_FLOAT, LANES), ir.VectorType(_INT, LANES)
_MASK = ir.VectorType(ir.IntType(1), LANES)
_FUSED = ("contract",)
"""A multiplication and an addition in one rounding where the processor has that."""


FLOATS = Vector(types.float32, LANES)


def _all(value: float) -> Any:
    return ir.Constant(_VECTOR, [value] * LANES)


def _spread(builder: Any, number: Any) -> Any:
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), number, _INT(0))
    return builder.shuffle_vector(one, one, ir.Constant(_INTS, [0] * LANES))


def _of_two(builder: Any, name: str, x: Any, y: Any) -> Any:
    shape = ir.FunctionType(_VECTOR, [_VECTOR] * 2)
    found = cgutils.get_or_insert_function(builder.module, shape, f"llvm.{name}.v16f32")
    return builder.call(found, [x, y])


def _power_of_two(builder: Any, x: Any) -> Any:
    """2^x, x held to [−126, 127]."""

    def line(a: float, b: float) -> Any:
        return plus(_all(a), times(_all(b), r))

    def times(a: Any, b: Any) -> Any:
        return builder.fmul(a, b, flags=_FUSED)

    def plus(a: Any, b: Any) -> Any:
        return builder.fadd(a, b, flags=_FUSED)

    x = _of_two(builder, "maxnum", _of_two(builder, "minnum", x, _all(127.0)), _all(-126.0))
    magic = builder.fadd(x, _all(MAGIC))  # its lowest digits are the nearest whole number
    r = builder.fsub(x, builder.fsub(magic, _all(MAGIC)))
    s = times(r, r)
    c = POWER_OF_TWO
    y = plus(line(c[0], c[1]), times(s, plus(line(c[2], c[3]), times(s, line(c[4], c[5])))))
    whole = builder.shl(builder.bitcast(magic, _INTS), ir.Constant(_INTS, [23] * LANES))
    return builder.bitcast(builder.add(builder.bitcast(y, _INTS), whole), _VECTOR)


def _same_of(context: Any, x: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _spread(builder, values[0])

    return FLOATS(types.float32), code


def _where_of(context: Any, total: Any, x: Any, word: Any, part: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        total, x, word, part = values
        shift = builder.mul(part, ir.Constant(part.type, LANES))
        bits = builder.trunc(builder.lshr(word, shift), ir.IntType(LANES))
        more = builder.fadd(total, _spread(builder, x))
        return builder.select(builder.bitcast(bits, _MASK), more, total)

    return FLOATS(FLOATS, types.float32, types.uint64, types.uint64), code


def _below_of(context: Any, x: Any, scale: Any, random: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        x, scale, random = values
        ints = builder.lshr(builder.bitcast(random, _INTS), ir.Constant(_INTS, [9] * LANES))
        u = builder.fadd(builder.sitofp(ints, _VECTOR), _all(0.5))
        x = builder.fmul(x, _spread(builder, scale))
        y = builder.fmul(u, builder.fadd(_all(1.0), _power_of_two(builder, x)))
        less = builder.fcmp_ordered("<", y, _all(2.0**23))
        return builder.zext(builder.bitcast(less, ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(FLOATS, types.float32, WORDS), code


all_are: Any = intrinsic(_same_of)
"""all_are(x): sixteen times this number."""
add_where: Any = intrinsic(_where_of)
"""add_where(total, x, word, part): x is added where bits 16 part, …, 16 part + 15 of a word are
set."""
below_sigmoid: Any = intrinsic(_below_of)
"""below_sigmoid(x, scale, random): the lowest 16 bits say whether u (1 + 2^(scale x)) < 1, for the
sixteen numbers u = (r + ½) 2⁻²³ of the highest 23 binary digits of each 32 random ones."""
