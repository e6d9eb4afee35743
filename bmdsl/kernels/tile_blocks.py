"""Products of blocks of tiles, and what their digits' sums are as numbers.

A block is one strip of lines of one factor, by one or two strips of the other, which is held. The
product of each pair of digits has tiles of sums of its own, as its weight is another; of two
factors with three digits each, the six pairs of highest weight count: what is left out is as small
as what the digits leave out.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from ..native import deferred as numba
from . import tiles
from .lanes import FLOATS, INNER, LONG, SIDE, function, load, number, pointer, spread, store
from .tile_layouts import DIGITS
from .tiles import HELD, OTHER, TILE

MOST_SUMS = 6
"""Tiles for sums."""
BASE = 256.0
"""What a digit is worth in terms of the next one."""


def pairs(held: int, other: int) -> list[tuple[int, int]]:
    """Digits that are multiplied with one another, in this order, 0 the highest."""
    if held == other == DIGITS:
        return [(0, 0), (0, 1), (0, 2), (1, 1), (1, 0), (2, 0)]
    return [(x, y) for x in range(held) for y in range(other)]


def strips(held: int, other: int) -> int:
    """Strips of the held factor in a block, for which there are tiles enough."""
    return min(2, MOST_SUMS // len(pairs(held, other)))


def order(held: int, other: int) -> list[tuple[int, int]]:
    """Strips and pairs of digits in the order that reads few tiles: to and fro between strips."""
    out = []
    for p in range(len(pairs(held, other))):
        there = range(strips(held, other))
        out += [(s, p) for s in (reversed(there) if p % 2 else there)]
    return out


def _block(held: int, other: int, held_left: bool) -> Any:
    every = pairs(held, other)

    def build(builder: Any, count: Any, first: Any, strip: Any, beside: Any, sums: Any) -> None:
        tiles.clear(builder, strips(held, other) * len(every))
        with cgutils.for_range(builder, count, intp=LONG) as steps:
            near = builder.add(first, builder.mul(steps.index, number(TILE * held)))
            own = builder.add(strip, builder.mul(steps.index, number(TILE * other)))
            places = [near, builder.add(near, beside)]
            in_held = in_other = None
            for s, p in order(held, other):
                x, y = every[p]
                if (s, x) != in_held:
                    tiles.fetch(builder, HELD, builder.add(places[s], number(TILE * x)))
                if y != in_other:
                    tiles.fetch(builder, OTHER, builder.add(own, number(TILE * y)))
                in_held, in_other = (s, x), y
                left, right = (HELD, OTHER) if held_left else (OTHER, HELD)
                tiles.multiply(builder, s * len(every) + p, left, right)
        tiles.keep(builder, strips(held, other) * len(every), sums)

    build.__name__ = f"block_{held}_{other}_{int(held_left)}"
    return function(5, build)


def _numbers(held: int, other: int) -> Any:
    every = pairs(held, other)

    def build(builder: Any, sums: Any, rows: Any, left: Any, right: Any, out: Any) -> None:
        columns = builder.bitcast(load(builder, right), FLOATS)
        with cgutils.for_range(builder, rows, intp=LONG) as loop:
            shift = builder.mul(loop.index, number(4 * SIDE))
            at = builder.add(sums, shift)
            of_level: dict[int, Any] = {}
            for p, (x, y) in enumerate(every):
                found = load(builder, builder.add(at, number(TILE * p)))
                before = of_level.get(x + y)
                of_level[x + y] = found if before is None else builder.add(before, found)
            total = None
            for level in sorted(of_level):
                value = builder.sitofp(of_level[level], FLOATS)
                if total is not None:
                    many = builder.fmul(total, _same(BASE))
                    value = builder.fadd(many, value)
                total = value
            if len(of_level) < held + other - 1:  # lower levels are left out
                total = builder.fmul(total, _same(BASE ** (held + other - 1 - len(of_level))))
            place = builder.add(left, builder.mul(loop.index, number(4)))
            one = builder.load(pointer(builder, place, FLOATS.element))
            total = builder.fmul(total, spread(builder, one, FLOATS))
            store(builder, builder.fmul(total, columns), builder.add(out, shift))

    build.__name__ = f"numbers_{held}_{other}"
    return function(5, build)


def _same(x: float) -> Any:
    return ir.Constant(FLOATS, [x] * SIDE)


_block_1_1, _block_1_3 = _block(1, 1, True), _block(1, DIGITS, True)
_block_3_1, _block_3_3 = _block(DIGITS, 1, True), _block(DIGITS, DIGITS, True)
_turned_1_1, _turned_1_3 = _block(1, 1, False), _block(1, DIGITS, False)
_turned_3_1, _turned_3_3 = _block(DIGITS, 1, False), _block(DIGITS, DIGITS, False)
_numbers_1, _numbers_3, _numbers_6 = _numbers(1, 1), _numbers(1, 3), _numbers(3, 3)


@numba.njit(**INNER)
def multiply_block(held_left, held, other, count, first, strip, beside, sums):  # type: ignore[no-untyped-def]  # typed by numba
    """Sums of the products of one strip with one or two that are held, `beside` bytes apart, over
    `count` tiles of summands; tile after tile at `sums`.
    """
    if held_left:
        if held == 1:
            if other == 1:
                _block_1_1(count, first, strip, beside, sums)
            else:
                _block_1_3(count, first, strip, beside, sums)
        elif other == 1:
            _block_3_1(count, first, strip, beside, sums)
        else:
            _block_3_3(count, first, strip, beside, sums)
    elif held == 1:
        if other == 1:
            _turned_1_1(count, first, strip, beside, sums)
        else:
            _turned_1_3(count, first, strip, beside, sums)
    elif other == 1:
        _turned_3_1(count, first, strip, beside, sums)
    else:
        _turned_3_3(count, first, strip, beside, sums)


@numba.njit(**INNER)
def numbers(held, other, sums, rows, left, right, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Sums of digits' products as float32: rows times what a step of the left lines is, columns
    times what one of the right lines is.
    """
    if held == 1 and other == 1:
        _numbers_1(sums, rows, left, right, out)
    elif held == 1 or other == 1:
        _numbers_3(sums, rows, left, right, out)
    else:
        _numbers_6(sums, rows, left, right, out)
