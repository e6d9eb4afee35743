"""Matrices of float32 as tiles of their digits, and tiles of sums as float32 matrices.

A *line* is a row of the left factor or a column of the right one: what a number of the product is a
sum along. The numbers of a line are multiples of a fixed part of the greatest of them,

    x ≈ q · peak / STEPS,   q = 65536 d₀ + 256 d₁ + d₂,   −128 ≤ d ≤ 127,

so that an entry's error is at most 2⁻²⁴ of its line's greatest number, what float32 rounds that
number by. Whole numbers of up to 127 are a digit each, and exact.

One word of a tile holds a digit of four summands, k, k + 16, k + 32 and k + 48 of 64: in the left
factor's tiles a row is a line, in the right one's a column is. So both are laid out by the same
code, from four vectors a word, and a tile of one kind is the transposed tile of the other.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..native import deferred as numba
from .lanes import (
    FLOATS,
    INNER,
    LANES,
    LONG,
    SIDE,
    WORD,
    call,
    function,
    load,
    number,
    pointer,
    same,
    spread,
    store,
    transposed,
)
from .tiles import DEPTH, TILE

DIGITS = 3
"""Numbers of 8 bits that a float32 is written by."""
STEPS = 8_355_000
"""Steps up to a line's greatest number: three digits reach 127 · 65,793 = 8,355,711 of them."""
LEAST_PEAK = 1e-30
"""Lines whose numbers are all smaller are written by fewer digits."""
WHOLE = 127
"""The greatest whole number that is one digit."""
FOUR = 4
"""Summands of a word."""
_LOW_HALF, _EVEN_BYTES = 0x0000FFFF, 0x00FF00FF
_AS_SET = 4
"""Rounds as the processor is set to: to the nearest."""
_HALVES, _SIGNS, _MAGNITUDE, _INFINITE = 0x00808080, 0x80808080, 0x7FFFFFFF, 0x7F800000


def _floats(k: float) -> Any:
    return ir.Constant(FLOATS, [k] * SIDE)


def _whole(builder: Any, x: Any) -> Any:
    """Floats as the whole numbers next to them."""
    given = [x, same(0), ir.Constant(ir.IntType(SIDE), -1), ir.Constant(WORD, _AS_SET)]
    return call(builder, "llvm.x86.avx512.mask.cvtps2dq.512", given, LANES)


def _mixed(builder: Any, x: Any, y: Any, bits: int) -> Any:
    """These bits of x, the others of y."""
    of_x = builder.and_(x, same(bits))
    return builder.or_(of_x, builder.and_(y, same(bits ^ 0xFFFFFFFF)))


def _up(builder: Any, x: Any, bits: int) -> Any:
    return builder.shl(x, same(bits))


def _down(builder: Any, x: Any, bits: int) -> Any:
    return builder.lshr(x, same(bits))


def words(builder: Any, numbers: list[Any], scale: Any, digits: int) -> list[Any]:
    """Words that hold digit after digit of four registers' numbers, the highest first; `scale` is
    what they are multiplied by, if anything. A word's bytes are of the first, third, second and
    fourth register: which summand is where does not matter, if it is so in both factors.
    """
    made = []
    for x in numbers:
        x = builder.bitcast(x, FLOATS)
        q = _whole(builder, x if scale is None else builder.fmul(x, scale))
        made.append(q if digits == 1 else builder.add(q, same(_HALVES)))
    low = [
        _mixed(builder, x, _up(builder, y, 16), _LOW_HALF)
        for x, y in zip(made[::2], made[1::2], strict=True)
    ]
    last = _mixed(builder, low[0], _up(builder, low[1], 8), _EVEN_BYTES)
    if digits == 1:
        return [last]
    high = [
        _mixed(builder, _down(builder, x, 16), y, _LOW_HALF)
        for x, y in zip(made[::2], made[1::2], strict=True)
    ]
    first = _mixed(builder, high[0], _up(builder, high[1], 8), _EVEN_BYTES)
    second = _mixed(builder, _down(builder, low[0], 8), low[1], _EVEN_BYTES)
    return [builder.xor(x, same(_SIGNS)) for x in (first, second, last)]


def _rows(digits: int, along: bool, whole: bool) -> Any:
    """Code that lays out `rows` rows of a tile and its digits. `lines` and `deep` are there; of
    `whole` tiles all are.
    """

    def build(
        builder: Any,
        x: Any,
        far: Any,
        step: Any,
        rows: Any,
        lines: Any,
        deep: Any,
        scales: Any,
        out: Any,
    ) -> None:
        own = None
        if digits > 1 and not along:
            own = builder.bitcast(load(builder, scales), FLOATS)
        with cgutils.for_range(builder, rows, intp=LONG) as loop:
            r = loop.index
            at, to = builder.mul(r, step), builder.mul(r, number(4 * SIDE))
            at, to = builder.add(x, at), builder.add(out, to)
            scale = own
            if digits > 1 and along:
                place = builder.add(scales, builder.mul(r, number(4)))
                one = builder.load(pointer(builder, place, ir.FloatType()))
                scale = spread(builder, one, FLOATS)
            numbers = []
            for j in range(FOUR):
                place = builder.add(at, builder.mul(far, number(j)))
                count = None
                if not whole:  # what is not there is not even looked for: it may not be memory
                    k = builder.add(r, number(SIDE * j))
                    left = builder.sub(deep, number(SIDE * j) if along else k)
                    there = builder.icmp_signed(">", left, number(0))
                    count = left if along else builder.select(there, lines, number(0))
                    place = builder.select(there, place, x)
                numbers.append(load(builder, place, count))
            for k, word in enumerate(words(builder, numbers, scale, digits)):
                store(builder, word, builder.add(to, number(TILE * k)))

    build.__name__ = f"lay_{digits}_{int(along)}_{int(whole)}"
    return function(8, build)


def _turn(builder: Any, at: Any) -> None:
    rows = [builder.add(at, number(4 * SIDE * r)) for r in range(SIDE)]
    held = [load(builder, row) for row in rows]
    for row, value in zip(rows, transposed(builder, held), strict=True):
        store(builder, value, row)


def _rest(builder: Any, x: Any, count: Any) -> Any:
    value = builder.bitcast(load(builder, x, count), FLOATS)
    size = builder.bitcast(builder.and_(builder.bitcast(value, LANES), same(_MAGNITUDE)), FLOATS)
    broken = builder.fcmp_unordered("!=", value, call(builder, "llvm.rint.v16f32", [value], FLOATS))
    some = builder.or_(broken, builder.fcmp_unordered(">", size, _floats(WHOLE)))
    return builder.zext(builder.bitcast(some, ir.IntType(SIDE)), LONG)


def _size(builder: Any, address: Any, count: Any = None) -> Any:
    """Sizes of sixteen numbers, in the order of whole numbers; not finite ones are the greatest."""
    return builder.and_(load(builder, address, count), same(_MAGNITUDE))


def _greater(builder: Any, x: Any, y: Any) -> Any:
    return builder.select(builder.icmp_unsigned(">", x, y), x, y)


def _peaks_across(builder: Any, x: Any, step: Any, lines: Any, deep: Any, out: Any) -> None:
    """Greatest sizes in columns; rows are read one after another, four together."""

    def merge(rows: Any, many: int) -> None:
        def one(c: Any, count: Any = None) -> None:
            at, to = (builder.add(y, builder.mul(c, number(4))) for y in (rows, out))
            most = load(builder, to)
            for _ in range(many):
                most = _greater(builder, _size(builder, at, count), most)
                at = builder.add(at, step)
            store(builder, most, to)

        whole = builder.and_(lines, number(-SIDE))
        with cgutils.for_range_slice(builder, number(0), whole, number(SIDE), intp=LONG) as (c, _):
            one(c)
        with builder.if_then(builder.icmp_signed("<", whole, lines)):
            one(whole, builder.sub(lines, whole))

    four = builder.and_(deep, number(-FOUR))
    with cgutils.for_range_slice(builder, number(0), four, number(FOUR), intp=LONG) as (r, _):
        merge(builder.add(x, builder.mul(r, step)), FOUR)
    with cgutils.for_range_slice(builder, four, deep, number(1), intp=LONG) as (r, _):
        merge(builder.add(x, builder.mul(r, step)), 1)


def _peaks_along(builder: Any, x: Any, step: Any, lines: Any, deep: Any, out: Any) -> None:
    """Greatest sizes in rows."""
    whole = builder.and_(deep, number(-SIDE))
    most = cgutils.alloca_once_value(builder, same(0))
    with cgutils.for_range(builder, lines, intp=LONG) as loop:
        row = builder.add(x, builder.mul(loop.index, step))
        rest = _size(
            builder, builder.add(row, builder.mul(whole, number(4))), builder.sub(deep, whole)
        )
        builder.store(rest, most)
        with cgutils.for_range_slice(builder, number(0), whole, number(SIDE), intp=LONG) as (k, _):
            size = _size(builder, builder.add(row, builder.mul(k, number(4))))
            builder.store(_greater(builder, size, builder.load(most)), most)
        found = call(builder, "llvm.vector.reduce.umax.v16i32", [builder.load(most)], WORD)
        place = builder.add(out, builder.mul(loop.index, number(4)))
        builder.store(found, pointer(builder, place, WORD))


def _scales(builder: Any, peaks: Any, scales: Any, parts: Any) -> None:
    bits = load(builder, peaks)
    finite = builder.icmp_unsigned("<", bits, same(_INFINITE))
    peak = builder.bitcast(bits, FLOATS)
    least = builder.fcmp_ordered(">", peak, _floats(LEAST_PEAK))
    peak = builder.select(least, peak, _floats(LEAST_PEAK))
    scale = builder.select(finite, builder.fdiv(_floats(STEPS), peak), _floats(0.0))
    part = builder.fdiv(peak, _floats(STEPS))
    none = builder.bitcast(same(_INFINITE + 1 + (1 << 22)), FLOATS)
    store(builder, scale, scales)
    store(builder, builder.select(finite, part, none), parts)


def _ones(builder: Any, parts: Any) -> None:
    store(builder, _floats(1.0), parts)


def _zeros(builder: Any, parts: Any) -> None:
    store(builder, same(0), parts)


def _blend_of(context: Any, made: Any, out: Any, count: Any, scale: Any, keep: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made, out, count, scale, keep = given
        fresh = builder.bitcast(load(builder, made), FLOATS)
        keeps = builder.fcmp_unordered("!=", keep, ir.Constant(keep.type, 0.0))
        read = builder.select(keeps, count, number(0))
        old = builder.bitcast(load(builder, out, read), FLOATS)
        kept = builder.fmul(old, spread(builder, keep, FLOATS))
        total = builder.fadd(kept, builder.fmul(fresh, spread(builder, scale, FLOATS)))
        store(builder, total, out, count)
        return context.get_dummy_value()

    numbers = (types.intp, types.intp, types.intp, types.float32, types.float32)
    return types.void(*numbers), code


_1_across, _1_across_whole = _rows(1, False, False), _rows(1, False, True)
_1_along, _1_along_whole = _rows(1, True, False), _rows(1, True, True)
_3_across, _3_across_whole = _rows(DIGITS, False, False), _rows(DIGITS, False, True)
_3_along, _3_along_whole = _rows(DIGITS, True, False), _rows(DIGITS, True, True)
peaks_along, peaks_across = function(5, _peaks_along), function(5, _peaks_across)
"""peaks(x, step, lines, deep, out): sizes of the greatest numbers of lines."""
scales_of: Any = function(3, _scales)
"""scales_of(peaks, scales, parts): what sixteen lines are multiplied by, and what a step of theirs
is; a line that is not finite has 0 and NaN, so that the product is NaN."""
ones: Any = function(1, _ones)
zeros: Any = function(1, _zeros)
"""ones(parts): a step of sixteen lines of whole numbers is 1."""
turn: Any = function(1, _turn)
"""turn(at): a tile of 16 × 16 words transposed in place."""
rest: Any = function(2, _rest, types.int64)
"""rest(x, count): 0 if up to 16 numbers are a digit each."""
blend: Any = intrinsic(_blend_of)
"""blend(made, out, count, scale, keep): out = keep · out + scale · made, for up to 16 numbers; what
is there is not read if keep = 0."""


@numba.njit(**INNER)
def is_short(x, step, rows, columns):  # type: ignore[no-untyped-def]  # typed by numba
    """Whether all numbers have one digit."""
    for r in range(rows):
        for c in range(0, columns, SIDE):
            if rest(x + 4 * (r * step + c), columns - c):
                return False
    return True


@numba.njit(**INNER)
def find_scales(matrix, deep, scales, parts):  # type: ignore[no-untyped-def]  # typed by numba
    """Scales of all lines of a factor, and what a step of each is, for `deep` summands: 1 where
    numbers have a digit. Sixteen more are written.
    """
    x, step, along, lines, digits = matrix
    for i in range(0, lines, SIDE):
        if digits == 1:
            ones(parts + 4 * i)
        else:
            zeros(parts + 4 * i)
    if digits > 1:
        if along:
            peaks_along(x, 4 * step, lines, deep, parts)
        else:
            peaks_across(x, 4 * step, lines, deep, parts)
        for i in range(0, lines, SIDE):
            scales_of(parts + 4 * i, scales + 4 * i, parts + 4 * i)


@numba.njit(**INNER)
def lay(x, step, along, lines, deep, digits, turned, scales, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Tiles of up to sixteen lines, digit after digit for every DEPTH of `deep` summands, each
    transposed if `turned`. Lines that are not there may hold anything, summands are 0.

    along: whether summands lie one after another, from line to line `step`; else lines do.
    """
    for q in range((deep + DEPTH - 1) // DEPTH):
        there = deep - DEPTH * q
        to = out + TILE * digits * q
        whole = lines >= SIDE and there >= DEPTH
        if along:
            at, far, rows = x + 4 * DEPTH * q, 4 * SIDE, min(lines, SIDE)
            if digits == 1:
                if whole:
                    _1_along_whole(at, far, 4 * step, rows, lines, there, scales, to)
                else:
                    _1_along(at, far, 4 * step, rows, lines, there, scales, to)
            elif whole:
                _3_along_whole(at, far, 4 * step, rows, lines, there, scales, to)
            else:
                _3_along(at, far, 4 * step, rows, lines, there, scales, to)
        else:
            at, far, rows = x + 4 * DEPTH * q * step, 4 * SIDE * step, SIDE
            if digits == 1:
                if whole:
                    _1_across_whole(at, far, 4 * step, rows, lines, there, scales, to)
                else:
                    _1_across(at, far, 4 * step, rows, lines, there, scales, to)
            elif whole:
                _3_across_whole(at, far, 4 * step, rows, lines, there, scales, to)
            else:
                _3_across(at, far, 4 * step, rows, lines, there, scales, to)
        if turned:
            for t in range(digits):
                turn(to + TILE * t)
