"""Eight 64-bit words at a time, which compiled functions hold in one vector register.

Bits of a word stand side by side and never meet: a sum or a comparison of numbers that are spread
over several words, a binary digit each, is carried out for all of a register's 512 bits at once.
Processors without registers of this width get the same from narrower ones.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..native.vectors import Vector
from ..schedule.bit_ops import LANES

_INT = ir.IntType(64)
_VECTOR = ir.VectorType(_INT, LANES)


WORDS = Vector(types.uint64, LANES)


def _lanes(numbers: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), LANES), numbers)


def _spread(builder: Any, number: Any) -> Any:
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), number, ir.IntType(32)(0))
    return builder.shuffle_vector(one, one, _lanes([0] * LANES))


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any, shape: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), shape.as_pointer())


def _shift_of(context: Any, x: Any, count: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.shl(values[0], _spread(builder, values[1]))

    return WORDS(WORDS, types.uint64), code


def _turn_of(context: Any, x: Any, count: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        shape = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        turned = cgutils.get_or_insert_function(builder.module, shape, "llvm.fshl.v8i64")
        return builder.call(turned, [values[0], values[0], _spread(builder, values[1])])

    return WORDS(WORDS, types.uint64), code


def _across_of(context: Any, low: Any, high: Any, count: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        low, high, count = values
        shape = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        shifted = cgutils.get_or_insert_function(builder.module, shape, "llvm.fshr.v8i64")
        return builder.call(shifted, [high, low, _spread(builder, count)])

    return WORDS(WORDS, WORDS, types.uint64), code


def _across_each_of(context: Any, low: Any, high: Any, counts: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        low, high, counts = values
        shape = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        shifted = cgutils.get_or_insert_function(builder.module, shape, "llvm.fshr.v8i64")
        return builder.call(shifted, [high, low, counts])

    return WORDS(WORDS, WORDS, WORDS), code


def _without_of(context: Any, x: Any, y: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.and_(values[0], builder.not_(values[1]))

    return WORDS(WORDS, WORDS), code


def _some_of(context: Any, x: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        nought = ir.Constant(_VECTOR, [0] * LANES)
        set_ = builder.icmp_unsigned("!=", values[0], nought)
        bits = builder.bitcast(set_, ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.IntType(LANES)(0))

    return types.boolean(WORDS), code


def _same_of(context: Any, number: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _spread(builder, values[0])

    return WORDS(types.uint64), code


def _load_of(context: Any, x: Any, at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        made = builder.load(
            _place(context, builder, signature.args[0], values[0], values[1], _VECTOR)
        )
        made.align = 8
        return made

    return WORDS(x, types.intp), code


WIDTHS = (5, 8, 16, 32, 64, 128, 256)
"""Lengths of tables that `pick` reads."""


def _picked(builder: Any, begin: Any, p: list[Any], count: int) -> Any:
    """A sum modulo 2 over the subsets of a number's digits: as general as a table of `count`
    entries, and without its exclusions.
    """

    def among(first: int, many: int, digit: int) -> Any:
        if many == 1:
            return _spread(builder, builder.load(builder.gep(begin, [_INT(first)])))
        half = 1 << digit
        if many <= half:
            return among(first, many, digit - 1)
        high = among(first + half, many - half, digit - 1)
        low = among(first, half, digit - 1)
        return builder.xor(low, builder.and_(p[digit], high))

    return among(0, count, (count - 1).bit_length() - 1)


def _pick_of(context: Any, x: Any, at: Any, wide: Any, p: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        table, at, wide, p = values
        begin = _place(context, builder, signature.args[0], table, at, _INT)
        digits = [builder.extract_value(p, k) for k in range(signature.args[3].count)]
        widths = [n for n in WIDTHS if n <= 1 << len(digits)]
        after = builder.append_basic_block("picked")
        blocks = [builder.append_basic_block(f"pick_{n}") for n in widths]
        chosen = builder.switch(wide, blocks[-1])
        found = []
        for n, block in zip(widths, blocks, strict=True):
            if block is not blocks[-1]:
                chosen.add_case(_INT(n), block)
            builder.position_at_end(block)
            found.append((_picked(builder, begin, digits, n), builder.block))
            builder.branch(after)
        builder.position_at_end(after)
        out = builder.phi(_VECTOR)
        for value, block in found:
            out.add_incoming(value, block)
        return out

    return WORDS(x, types.intp, types.intp, p), code


def _store_of(context: Any, value: Any, x: Any, at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        value, x, at = values
        place = _place(context, builder, signature.args[1], x, at, _VECTOR)
        builder.store(value, place).align = 8
        return context.get_dummy_value()

    return types.void(WORDS, x, types.intp), code


def _gather_of(context: Any, x: Any, near: Any, at: Any, wide: Any, first: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        x, near, at, wide, first = values
        short = ir.VectorType(ir.IntType(32), LANES)
        place = _place(context, builder, signature.args[1], near, at, short)
        read = builder.load(place)
        read.align = 4
        signs = builder.zext(read, _VECTOR)
        index = builder.lshr(signs, ir.Constant(_VECTOR, [1] * LANES))
        index = builder.mul(index, _spread(builder, wide))
        index = builder.add(index, _spread(builder, first))
        data = context.make_array(signature.args[0])(context, builder, x).data
        found = ir.Constant(_VECTOR, ir.Undefined)
        begin = _spread(builder, builder.ptrtoint(data, _INT))
        address = builder.add(begin, builder.shl(index, ir.Constant(_VECTOR, [3] * LANES)))
        pointers = builder.inttoptr(address, ir.VectorType(_INT.as_pointer(), LANES))
        bits = ir.VectorType(ir.IntType(1), LANES)
        shape = ir.FunctionType(_VECTOR, [pointers.type, ir.IntType(32), bits, _VECTOR])
        name = "llvm.masked.gather.v8i64.v8p0"
        gather = cgutils.get_or_insert_function(builder.module, shape, name)
        every = ir.Constant(bits, [1] * LANES)
        found = builder.call(gather, [pointers, ir.IntType(32)(8), every, found])
        low = builder.and_(signs, ir.Constant(_VECTOR, [1] * LANES))
        return builder.xor(found, builder.sub(ir.Constant(_VECTOR, [0] * LANES), low))

    return WORDS(x, near, types.intp, types.intp, types.intp), code


shift: Any = intrinsic(_shift_of)
"""shift(x, count): all words shifted to the left."""
turn: Any = intrinsic(_turn_of)
"""turn(x, count): all words rotated to the left."""
shift_across: Any = intrinsic(_across_of)
"""shift_across(low, high, count): low's words shifted to the right, filled up from high's, for a
count below 64."""
shift_across_each: Any = intrinsic(_across_each_of)
"""shift_across_each(low, high, counts): the same, each word by a count of its own."""
without: Any = intrinsic(_without_of)
"""without(x, y): the bits of x that y has not."""
some: Any = intrinsic(_some_of)
"""some(x): whether any bit is set."""
same: Any = intrinsic(_same_of)
"""same(number): eight times this word."""
load: Any = intrinsic(_load_of)
"""load(x, at): eight words of an array, from place `at` on."""
pick: Any = intrinsic(_pick_of)
"""pick(x, at, wide, p): Σ x[at + m] modulo 2 over all m whose digits are among those of k < wide;
the digits p of k, the lowest first, differ from bit to bit.
"""
store: Any = intrinsic(_store_of)
"""store(value, x, at)"""
gather: Any = intrinsic(_gather_of)
"""gather(x, near, at, wide, first): words x[wide · (n >> 1) + first] of the eight numbers n =
near[at : at + 8], inverted where n is odd."""
