"""Products of blocks of tiles, and what their digits' sums are as numbers.

A block is one strip of lines of one factor, by one or two strips of the other, which is held.
Products of digits are added to the sum of their weight; of two factors with three digits each, the
three highest weights count, six products: what is left out is as small as what the digits leave
out.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from ..native import deferred as numba
from . import tiles
from .lanes import FLOATS, INNER, LONG, SIDE, function, load, number, pointer, spread, store
from .tile_layouts import DIGITS
from .tiles import LEFT, RIGHT, TILE

SUMS = 6
"""Tiles for sums, and for digits of a left factor that has three."""
BASE = 256.0
"""What a digit is worth in terms of the next one."""


def levels(held: int, other: int) -> int:
    """Tiles of sums of one strip by another: products of digits of one weight are of one sum."""
    return min(DIGITS, held + other - 1)


def _alone(builder: Any, count: Any, left: Any, right: Any, sums: Any) -> None:
    """Two strips of three digits: those of the left one stay in tiles while the right one's come
    one after another.
    """
    tiles.clear(builder, DIGITS)
    with cgutils.for_range(builder, count, intp=LONG) as steps:
        shift = builder.mul(steps.index, number(TILE * DIGITS))
        near, own = builder.add(left, shift), builder.add(right, shift)
        for x in range(DIGITS):
            tiles.fetch(builder, DIGITS + x, builder.add(near, number(TILE * x)))
        for y in range(DIGITS):
            tiles.fetch(builder, RIGHT, builder.add(own, number(TILE * y)))
            for x in range(DIGITS - y):
                tiles.multiply(builder, x + y, DIGITS + x, RIGHT)
    tiles.keep(builder, DIGITS, sums)


def _block(held: int, other: int, held_left: bool) -> Any:
    many = levels(held, other)
    of_held, of_other = (LEFT, RIGHT) if held_left else (RIGHT, LEFT)

    def build(builder: Any, count: Any, first: Any, strip: Any, beside: Any, sums: Any) -> None:
        if held == other == DIGITS:
            left, right = (first, strip) if held_left else (strip, first)
            return _alone(builder, count, left, right, sums)
        tiles.clear(builder, 2 * many)
        with cgutils.for_range(builder, count, intp=LONG) as steps:
            near = builder.add(first, builder.mul(steps.index, number(TILE * held)))
            own = builder.add(strip, builder.mul(steps.index, number(TILE * other)))
            places = [near, builder.add(near, beside)]
            in_held = in_other = None
            for s, x, y in _order(held, other):
                if (s, x) != in_held:
                    tiles.fetch(builder, of_held, builder.add(places[s], number(TILE * x)))
                if y != in_other:
                    tiles.fetch(builder, of_other, builder.add(own, number(TILE * y)))
                in_held, in_other = (s, x), y
                tiles.multiply(builder, s * many + x + y, LEFT, RIGHT)
        tiles.keep(builder, 2 * many, sums)

    build.__name__ = f"block_{held}_{other}_{int(held_left)}"
    return function(5, build)


def _order(held: int, other: int) -> list[tuple[int, int, int]]:
    """Strips of the held factor and digits of both in the order that reads few tiles: to and fro
    between two strips.
    """
    pairs = [(x, y) for x in range(held) for y in range(other)]
    return [(s if p % 2 == 0 else 1 - s, *xy) for p, xy in enumerate(pairs) for s in range(2)]


def _numbers(held: int, other: int) -> Any:
    many = levels(held, other)

    def build(builder: Any, sums: Any, rows: Any, left: Any, right: Any, out: Any) -> None:
        columns = builder.bitcast(load(builder, right), FLOATS)
        with cgutils.for_range(builder, rows, intp=LONG) as loop:
            shift = builder.mul(loop.index, number(4 * SIDE))
            at = builder.add(sums, shift)
            total = None
            for level in range(many):
                found = load(builder, builder.add(at, number(TILE * level)))
                value = builder.sitofp(found, FLOATS)
                if total is not None:
                    value = builder.fadd(builder.fmul(total, _same(BASE)), value)
                total = value
            if many < held + other - 1:  # lower weights are left out
                total = builder.fmul(total, _same(BASE ** (held + other - 1 - many)))
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
