"""Matrices of float32 as tiles of their parts, and tiles of sums as float32 matrices.

A float32 of 24 significant bits is the exact sum of three numbers of 8 bits, each the nearest to
what the ones before have left: its parts, the upper halves of words. One word of a tile holds the
parts of two summands, k and k + 16 of 32: in the left factor's tiles a row is a row of the matrix,
in the right one's a column is a column. So both are laid out by the same code, from sixteen pairs
of vectors, and a tile of one kind is the transposed tile of the other.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..native import deferred as numba
from .lanes import (
    FLOATS,
    INNER,
    LANES,
    LONG,
    SIDE,
    function,
    load,
    number,
    same,
    spread,
    store,
)
from .tiles import DEPTH, PARTS, TILE

GROUP = 4
"""Rows of two tiles that are laid out at a time."""
GROUPS = SIDE // GROUP
"""Groups of two tiles."""
_HIGH_HALF, _HALF = 0xFFFF0000, 0x8000


def _split(builder: Any, x: Any, y: Any, count: int) -> list[Any]:
    """Words that hold part after part of two registers' numbers."""
    out = []
    for k in range(count):
        if k + 1 < count:  # what is left over for the last one has no more than 8 bits
            near, far = (builder.add(v, same(_HALF)) for v in (x, y))
        else:
            near, far = x, y
        high = builder.and_(far, same(_HIGH_HALF))
        out.append(builder.or_(builder.lshr(near, same(SIDE)), high))
        if k + 1 < count:
            parts = builder.and_(near, same(_HIGH_HALF)), high
            x, y = (_less(builder, v, part) for v, part in zip((x, y), parts, strict=True))
    return out


def _less(builder: Any, x: Any, y: Any) -> Any:
    rest = builder.fsub(builder.bitcast(x, FLOATS), builder.bitcast(y, FLOATS))
    return builder.bitcast(rest, LANES)


def split_group(
    builder: Any, parts: int, x: Any, far: Any, step: Any, beside: Any, out: Any
) -> None:
    """Adds code that lays out GROUP rows of two tiles. Rows lie `step` apart, tiles `beside`, the
    summands 16 to 31 `far` after the first ones.
    """
    for r in range(GROUP):
        for j, near in enumerate((x, builder.add(x, beside))):
            past = builder.add(near, far)
            words = _split(builder, load(builder, near), load(builder, past), parts)
            for k, word in enumerate(words):
                place = TILE * (2 * k + j) + 4 * SIDE * r
                store(builder, word, builder.add(out, number(place)))
        x = builder.add(x, step)


def _group(parts: int) -> Any:
    def build(builder: Any, *given: Any) -> None:
        split_group(builder, parts, *given)

    build.__name__ = f"split_{parts}"
    return function(5, build)


def _split_some(count: int) -> Any:
    def build(builder: Any, x: Any, y: Any, count_x: Any, count_y: Any, out: Any) -> None:
        numbers = load(builder, x, count_x), load(builder, y, count_y)
        for k, made in enumerate(_split(builder, *numbers, count)):
            store(builder, made, builder.add(out, number(2 * TILE * k)))

    build.__name__ = f"split_some_{count}"
    return function(5, build)


def _turn(builder: Any, at: Any) -> None:
    rows = [builder.add(at, number(4 * SIDE * r)) for r in range(SIDE)]
    held = [load(builder, row) for row in rows]
    for d in (8, 4, 2, 1):
        even = [j if not j & d else SIDE + j - d for j in range(SIDE)]
        odd = [j + d if not j & d else SIDE + j for j in range(SIDE)]
        for r in range(SIDE):
            if not r & d:
                a, b = held[r], held[r + d]
                held[r] = builder.shuffle_vector(a, b, ir.Constant(LANES, even))
                held[r + d] = builder.shuffle_vector(a, b, ir.Constant(LANES, odd))
    for row, value in zip(rows, held, strict=True):
        store(builder, value, row)


def _rest(builder: Any, x: Any, count: Any) -> Any:
    low = builder.and_(load(builder, x, count), same(0xFFFF))
    some = builder.icmp_unsigned("!=", low, same(0))
    return builder.zext(builder.bitcast(some, ir.IntType(SIDE)), LONG)


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


split_1, split_3 = _group(1), _group(PARTS)
"""split(x, far, step, beside, out): `split_group` for compiled code."""
split_some_1, split_some_3 = _split_some(1), _split_some(PARTS)
"""split_some(x, y, count of x, count of y, out): one row of a tile, what is not there is 0."""
turn: Any = function(1, _turn)
"""turn(at): a tile of 16 × 16 words transposed in place."""
rest: Any = function(2, _rest, types.int64)
"""rest(x, count): 0 if up to 16 numbers have 8 significant bits."""
blend: Any = intrinsic(_blend_of)
"""blend(made, out, count, scale, keep): out = keep · out + scale · made, for up to 16 numbers; what
is there is not read if keep = 0."""


@numba.njit(**INNER)
def is_short(x, step, rows, columns):  # type: ignore[no-untyped-def]  # typed by numba
    """Whether all numbers have one part."""
    for r in range(rows):
        for c in range(0, columns, SIDE):
            if rest(x + 4 * (r * step + c), columns - c):
                return False
    return True


@numba.njit(**INNER)
def _lay_edge(x, step, along, high, rows, deep, parts, begin, out):  # type: ignore[no-untyped-def]  # typed by numba
    for j in range(2):
        there = rows - high * j
        if along:
            far, first, second, left, right = 4 * SIDE, deep, deep - SIDE, there, there
        else:
            far, first, second, left, right = 4 * SIDE * step, there, there, deep, deep - SIDE
        for r in range(begin, begin + GROUP):
            at = x + 4 * (high * j * (step if along else 1) + r * step)
            near, past = (first if r < left else 0), (second if r < right else 0)
            if parts == 1:
                split_some_1(at, at + far, near, past, out + TILE * j + 4 * SIDE * r)
            else:
                split_some_3(at, at + far, near, past, out + TILE * j + 4 * SIDE * r)


@numba.njit(**INNER)
def lay(begin, end, matrix, turned, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Groups `begin`, ..., `end` - 1 of two tiles of `high` rows side by side, and of those for the
    summands after them; the last one of a tile transposes it if `turned`.

    matrix = (where it begins, step, along, high, rows, deep, parts), of which `rows` and `deep`
    summands are there. along: whether summands lie one after another, from row to row `step`; else
    rows do.
    """
    x, step, along, high, rows, deep, parts = matrix
    for g in range(begin, end):
        q, r = g // GROUPS, g % GROUPS * GROUP
        at, room = x + 4 * DEPTH * q * (1 if along else step), out + 2 * TILE * parts * q
        if rows >= high + SIDE and deep >= DEPTH * (q + 1):
            far, beside = 4 * SIDE * (1 if along else step), 4 * high * (step if along else 1)
            if parts == 1:
                split_1(at + 4 * r * step, far, 4 * step, beside, room + 4 * SIDE * r)
            else:
                split_3(at + 4 * r * step, far, 4 * step, beside, room + 4 * SIDE * r)
        else:
            _lay_edge(at, step, along, high, rows, deep - DEPTH * q, parts, r, room)
        if turned and r + GROUP == SIDE:
            for t in range(2 * parts):
                turn(room + TILE * t)
