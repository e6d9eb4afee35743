"""Products of float32 matrices by the processor's tiles, under the name by which kernels call BLAS.

    out = scale · op(a) op(b) + keep · out

Both factors are laid out as tiles of their parts (`tile_layouts`): the one that takes less room as
a whole (it is held), the other one some rows at a time. A factor all of whose numbers have 8
significant bits, such as states and counts, has one part, found by looking. So a product with
states takes three products of parts and is exact but for the order of its sums; one of two real
factors takes six, and what is left out is below 2⁻²⁴ of it. Small products go to BLAS. Sums are
float32, in an order that depends on the number of summands alone.
"""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import _helperlib, types

from ..native import deferred as numba
from ..native.symbols import enter
from . import tiles
from .lanes import INNER, SIDE, address, float_at
from .tile_blocks import multiply_block
from .tile_layouts import GROUPS, blend, is_short, lay, turn
from .tiles import DEPTH, PARTS, TILE

SYMBOL = "bm_gemm"
"""The function that kernels call: BLAS's, until `use_tiles` puts this module's in its place."""
BLAS = "numba_xxgemm"
"""Numba's name for BLAS's."""
SIGNATURE: Any = types.intc(
    types.char,
    types.char,
    types.char,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
    types.intp,
)
"""BLAS's gemm as numba calls it: kind, transpositions, m, n, k, alpha, a, lda, b, ldb, beta, c,
ldc, column by column. Addresses are whole numbers."""
_BLAS: Any = types.ExternalFunction(BLAS, SIGNATURE)
LEAST = 1 << 18
"""Multiplications from which on tiles are quicker than BLAS."""
FEWEST = 16
"""The fewest rows, columns and summands for it."""
MOST_DEEP = 2048
"""Summands whose tiles stay in the second-level cache for 32 columns."""
MOST_TILES = 1024
"""Tiles of the held factor that are multiplied together, half of that cache."""
FEW_PAIRS = 8
"""Pairs of tiles of the held factor up to which the other one is laid out between the products:
with more of them that is a small part of the work, and a second place for it costs more cache.
"""
TURNED = 116
"""BLAS's letter t."""
FLOAT = 115
"""BLAS's letter s."""

for symbol in (SYMBOL, BLAS):
    llvm.add_symbol(symbol, _helperlib.c_helpers["xxgemm"])  # type: ignore[attr-defined]  # C

TILES = tiles.available()
"""Whether products of float32 go by tiles: tables of sums (`two_valued`) are not needed then."""


@functools.cache
def use_tiles() -> None:
    """Lets code that is linked from now on multiply by tiles, if there are any."""
    if TILES:
        function: Any = multiply_states if tiles.use() == "states" else multiply
        enter(SYMBOL, function, SIGNATURE.args)


@numba.njit(**INNER)
def _blend_pair(made, turned, high, c, step, rows, columns, scale, keep):  # type: ignore[no-untyped-def]  # typed by numba
    """Sums of two by two tiles go to where they belong."""
    tall, wide, below = (SIDE, high, 1) if turned else (high, SIDE, 2)
    if turned:
        for t in range(4):
            turn(made + TILE * t)
    for i in range(2):
        near = made + TILE * below * i
        far = near + TILE * (3 - below)
        for r in range(min(tall, rows - tall * i)):
            at = c + 4 * (tall * i + r) * step
            blend(near + 4 * SIDE * r, at, min(wide, columns), scale, keep)
            blend(far + 4 * SIDE * r, at + 4 * wide, min(wide, columns - wide), scale, keep)


@numba.njit(**INNER)
def factor(x, step, along, rows, deep):  # type: ignore[no-untyped-def]  # typed by numba
    """Where its numbers lie, from row to row; whether summands lie one after another, else rows do;
    rows and parts.
    """
    short = is_short(x, step, rows, deep) if along else is_short(x, step, deep, rows)
    return x, step, int(along), rows, 1 if short else PARTS


@numba.njit(**INNER)
def _is_turned(a, b, deep):  # type: ignore[no-untyped-def]  # typed by numba
    """Whether bᵀ aᵀ takes fewer transposed tiles than a b: the left factor's tiles want summands
    one after another, the right one's rows.
    """
    of_a, of_b = a[3] * a[4] * deep, b[3] * b[4] * deep
    direct = (0 if a[2] else of_a) + (of_b if b[2] else 0)
    turned = (of_a if a[2] else 0) + (0 if b[2] else of_b) + 2 * a[3] * b[3]
    return turned < direct


@numba.njit(**INNER)
def by_tiles(a, b, k, scale, keep, c, step_c):  # type: ignore[no-untyped-def]  # typed by numba
    """The product of two factors with k summands: out = scale · a b + keep · out."""
    m, n = a[3], b[3]
    turned = _is_turned(a, b, k)
    a_held = m * a[4] <= n * b[4]
    held, other = (a, b) if a_held else (b, a)
    held_at, held_step, held_along, held_rows, held_parts = held
    at_first, step, along, rows, parts = other
    held_left = a_held != turned
    turn_held, turn_other = bool(held_along) != held_left, bool(along) == held_left
    # as many rows in every tile of the left factor, so that none is nearly empty
    left_rows = held_rows if held_left else rows
    pairs = (left_rows + 2 * SIDE - 1) // (2 * SIDE)
    high = (left_rows + 2 * pairs - 1) // (2 * pairs)
    held_high, other_high = (high, SIDE) if held_left else (SIDE, high)
    deep_at_once = min(k, MOST_DEEP)
    far = (deep_at_once + DEPTH - 1) // DEPTH
    most = max(1, MOST_TILES // (2 * far * held_parts))
    pairs = min(most, (held_rows + 2 * held_high - 1) // (2 * held_high))
    between = pairs <= FEW_PAIRS and parts == PARTS and not turn_other
    room = 2 * TILE * far * parts
    space = np.empty(2 * TILE * far * pairs * held_parts + 2 * room + 8 * TILE, np.uint8)
    made = (address(space) + 4095) // 4096 * 4096
    first_near = made + 4 * TILE
    store = first_near + (2 * room if between else room)
    tiles.configure(made, high)
    for k0 in range(0, k, deep_at_once):
        deep = min(deep_at_once, k - k0)
        far = (deep + DEPTH - 1) // DEPTH
        groups, of_pair = far * GROUPS, 2 * TILE * far * held_parts
        kept = np.float32(1) if k0 > 0 else keep
        for h0 in range(0, held_rows, 2 * held_high * pairs):
            some = min(held_rows - h0, 2 * held_high * pairs)
            count = (some + 2 * held_high - 1) // (2 * held_high)
            for pair in range(count):
                row, there = h0 + 2 * held_high * pair, some - 2 * held_high * pair
                at = held_at + 4 * (row * held_step + k0 if held_along else k0 * held_step + row)
                place = at, held_step, held_along, held_high, there, deep, held_parts
                lay(0, groups, place, turn_held, store + of_pair * pair)
            at, near = at_first + 4 * (k0 if along else k0 * step), first_near
            place = at, step, along, other_high, rows, deep, parts
            lay(0, groups, place, turn_other, near)
            for o0 in range(0, rows, 2 * other_high):
                there = rows - o0 - 2 * other_high
                at += 8 * other_high * (step if along else 1)
                following = at, step, along, other_high, there, deep, parts
                next_near = first_near + room if between and near == first_near else first_near
                plain = deep // DEPTH * GROUPS if between and there >= other_high + SIDE else 0
                each, laid = (plain + far * count - 1) // (far * count), 0
                for pair in range(count):
                    own = store + of_pair * pair
                    left, right = (own, near) if held_left else (near, own)
                    tiles.clear()
                    multiply_block(
                        held_parts if held_left else parts,
                        parts if held_left else held_parts,
                        (far, left, right, laid, each, plain, next_near),
                        following,
                    )
                    tiles.keep(made)
                    laid = min(plain, laid + each * far)
                    row = h0 + 2 * held_high * pair
                    row, column = (row, o0) if a_held else (o0, row)
                    to = c + 4 * (row * step_c + column)
                    _blend_pair(made, turned, high, to, step_c, m - row, n - column, scale, kept)
                if there > 0:
                    lay(plain, groups, following, turn_other, next_near)
                near = next_near
    tiles.release(address(space))


@numba.njit(**INNER)
def _is_small(kind, m, n, k):  # type: ignore[no-untyped-def]  # typed by numba
    return kind != FLOAT or m * n * k < LEAST or min(m, n, k) < FEWEST


def multiply(kind, turn_b, turn_a, n, m, k, alpha, b_at, ldb, a_at, lda, beta, c_at, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """BLAS's gemm, which goes column by column: row by row it is a product of exchanged factors."""
    if _is_small(kind, m, n, k):
        return _BLAS(kind, turn_b, turn_a, n, m, k, alpha, b_at, ldb, a_at, lda, beta, c_at, ldc)
    a = factor(a_at, lda, turn_a != TURNED, m, k)
    b = factor(b_at, ldb, turn_b == TURNED, n, k)
    scale, keep = float_at(alpha), float_at(beta)
    by_tiles(a, b, k, scale, keep, c_at, ldc)
    return 0


def multiply_states(kind, turn_b, turn_a, n, m, k, alpha, b_at, ldb, a_at, lda, beta, c_at, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """`multiply`, but by BLAS if both factors have more than one part."""
    if _is_small(kind, m, n, k):
        return _BLAS(kind, turn_b, turn_a, n, m, k, alpha, b_at, ldb, a_at, lda, beta, c_at, ldc)
    a = factor(a_at, lda, turn_a != TURNED, m, k)
    b = factor(b_at, ldb, turn_b == TURNED, n, k)
    if min(a[4], b[4]) > 1:
        return _BLAS(kind, turn_b, turn_a, n, m, k, alpha, b_at, ldb, a_at, lda, beta, c_at, ldc)
    scale, keep = float_at(alpha), float_at(beta)
    by_tiles(a, b, k, scale, keep, c_at, ldc)
    return 0
