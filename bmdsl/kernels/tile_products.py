"""Products of float32 matrices by the processor's tiles, under the name by which kernels call BLAS.

    out = scale · op(a) op(b) + keep · out

Both factors are laid out as tiles of their digits (`tile_layouts`): the one that takes less room as
a whole (it is held), the other one a strip of lines at a time. A factor all of whose numbers are
whole and small, such as states and counts, has one digit, found by looking. So a product with
states takes three products of digits, whose sums of whole numbers are exact; one of two real
factors takes six. An entry's error is at most 2⁻²⁴ of the greatest of its row of a, or its column
of b. Small products go by vector registers or BLAS.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from . import tiles
from .lanes import INNER, SIDE, address, float_at
from .tile_blocks import SUMS, multiply_block, numbers
from .tile_layouts import DIGITS, FOUR, blend, find_scales, is_short, lay, turn
from .tiles import DEPTH, TILE
from .vector_products import SINGLE, TURNED, large_singles

LEAST = 1 << 18
"""Multiplications from which on tiles are quicker than BLAS."""
FEWEST = 16
"""The fewest rows, columns and summands for it."""
MOST_DEEP = 512
"""Summands whose tiles stay in the second-level cache for a strip."""
MOST_TILES = 1024
"""Tiles of the held factor that are multiplied together, half of that cache."""
LAID = 108
"""The letter l: float32, and b is what `lay_strip` made, its leading dimension a strip's bytes."""

TILES = tiles.available()
"""Whether products of float32 go by tiles: tables of sums (`two_valued`) are not needed then."""


@numba.njit(**INNER)
def factor(x, step, along, rows, deep):  # type: ignore[no-untyped-def]  # typed by numba
    """Where its numbers lie, from row to row; whether summands lie one after another, else lines
    do; lines and digits.
    """
    short = is_short(x, step, rows, deep) if along else is_short(x, step, deep, rows)
    return x, step, int(along), rows, 1 if short else DIGITS


@numba.njit(**INNER)
def _is_turned(a, b, deep):  # type: ignore[no-untyped-def]  # typed by numba
    """Whether bᵀ aᵀ takes fewer transposed tiles than a b: the left factor's tiles want summands
    one after another, the right one's lines.
    """
    of_a, of_b = a[3] * a[4] * deep, b[3] * b[4] * deep
    direct = (0 if a[2] else of_a) + (of_b if b[2] else 0)
    turned = (of_a if a[2] else 0) + (0 if b[2] else of_b) + FOUR * a[3] * b[3]
    return turned < direct


@numba.njit(**INNER)
def _lay_strip(matrix, line, lines, deep, turned, scales, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Lays out up to sixteen lines of a factor from this one on."""
    x, step, along, _, digits = matrix
    at = x + 4 * line * (step if along else 1)
    lay(at, step, along, lines, deep, digits, turned, scales + 4 * line, out)


@numba.njit(**INNER)
def _blend_tile(made, c, step, rows, columns, scale, keep):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(rows):
        blend(made + 4 * SIDE * r, c + 4 * r * step, columns, scale, keep)


@numba.njit(**INNER)
def depth_of_part(k):  # type: ignore[no-untyped-def]  # typed by numba
    """How many of k summands are multiplied before the next ones are: whole tiles."""
    times = (k + MOST_DEEP - 1) // MOST_DEEP
    return ((k + times - 1) // times + DEPTH - 1) // DEPTH * DEPTH


@numba.njit(**INNER)
def lay_strip(b, s, k, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Lays out strip s, sixteen lines of k summands, of a right factor for many products: tiles,
    then what a step of each line is for every part of the summands.
    """
    x, step, along, lines, _ = b
    step_k, line = depth_of_part(k), SIDE * s
    parts = out + TILE * DIGITS * ((k + DEPTH - 1) // DEPTH)
    there, at = min(SIDE, lines - line), x + 4 * line * (step if along else 1)
    scales, found = np.empty(2 * SIDE, np.float32), np.empty(2 * SIDE, np.float32)
    for k0 in range(0, k, step_k):
        deep, here = min(step_k, k - k0), at + 4 * k0 * (1 if along else step)
        find_scales((here, step, along, there, DIGITS), deep, address(scales), address(found))
        to = out + TILE * DIGITS * (k0 // DEPTH)
        lay(here, step, bool(along), there, deep, DIGITS, bool(along), address(scales), to)
        blend(address(found), parts + 4 * SIDE * (k0 // step_k), SIDE, np.float32(1), np.float32(0))


@numba.njit(**INNER)
def by_tiles(a, b, k, scale, keep, c, step_c, laid):  # type: ignore[no-untyped-def]  # typed by numba
    """The product of two factors with k summands: out = scale · a b + keep · out.

    laid: whether b is what `lay_strip` made, its step that from strip to strip.
    """
    m, n = a[3], b[3]
    turned = not laid and _is_turned(a, b, k)
    a_held = laid or m * a[4] <= n * b[4]
    held, other = (a, b) if a_held else (b, a)
    held_lines, held_digits, lines, digits = held[3], held[4], other[3], other[4]
    held_left = a_held != turned
    turn_held, turn_other = bool(held[2]) != held_left, bool(other[2]) == held_left
    tall = 1 if held_digits + digits > 4 else 2
    # as many lines in every strip of the left factor, so that none is nearly empty
    left_lines, times = (held_lines, tall) if held_left else (lines, 1)
    strips = (left_lines + times * SIDE - 1) // (times * SIDE) * times
    high = (left_lines + strips - 1) // strips
    held_high, other_high = (high, SIDE) if held_left else (SIDE, high)
    of_block = TILE if held_digits == digits == 1 else TILE * (SUMS // 2)
    deep_at_once = depth_of_part(k)
    far = (deep_at_once + DEPTH - 1) // DEPTH
    of_strip = TILE * far * held_digits
    most = max(1, MOST_TILES // (tall * far * held_digits))
    most = tall * min(most, (held_lines + tall * held_high - 1) // (tall * held_high))
    of_scales = 4 * (max(m, n) + 2 * SIDE)
    room = most * of_strip + TILE * (far * digits + SUMS + 1) + 4 * of_scales
    space = np.empty(room + 8192, np.uint8)
    table = (address(space) + 4095) // 4096 * 4096
    store = table + 4096
    strip = store + most * of_strip
    sums = strip + TILE * far * digits
    made = sums + TILE * SUMS
    scales = made + TILE
    parts, own_scales, own_parts = (
        scales + of_scales,
        scales + 2 * of_scales,
        scales + 3 * of_scales,
    )
    tiles.configure(table, high)
    for k0 in range(0, k, deep_at_once):
        deep = min(deep_at_once, k - k0)
        far = (deep + DEPTH - 1) // DEPTH
        of_strip = TILE * far * held_digits
        kept = np.float32(1) if k0 > 0 else keep
        held_here, other_here = _from(held, k0), _from(other, k0)
        find_scales(held_here, deep, scales, parts)
        if not laid:
            find_scales(other_here, deep, own_scales, own_parts)
        for h0 in range(0, held_lines, held_high * most):
            count = min(most, (held_lines - h0 + held_high - 1) // held_high)
            for s in range(count):
                line = h0 + held_high * s
                there = min(held_high, held_lines - line)
                _lay_strip(held_here, line, there, deep, turn_held, scales, store + of_strip * s)
            for o0 in range(0, lines, other_high):
                there, of_others = min(other_high, lines - o0), own_parts + 4 * o0
                if laid:
                    whole = b[0] + b[1] * (o0 // SIDE)
                    strip = whole + TILE * DIGITS * (k0 // DEPTH)
                    of_others = whole + TILE * DIGITS * ((k + DEPTH - 1) // DEPTH)
                    of_others += 4 * SIDE * (k0 // deep_at_once)
                else:
                    _lay_strip(other_here, o0, there, deep, turn_other, own_scales, strip)
                for s in range(0, count, tall):
                    first = store + of_strip * s
                    multiply_block(
                        held_left, held_digits, digits, far, first, strip, of_strip, sums
                    )
                    for i in range(s, min(s + tall, count)):
                        line = h0 + held_high * i
                        own, others = parts + 4 * line, of_others
                        left, right = (own, others) if held_left else (others, own)
                        block = sums + of_block * (i - s)
                        numbers(held_digits, digits, block, high, left, right, made)
                        if turned:
                            turn(made)
                        held_there = min(held_high, held_lines - line)
                        row, rows = (line, held_there) if a_held else (o0, there)
                        column, columns = (o0, there) if a_held else (line, held_there)
                        to = c + 4 * (row * step_c + column)
                        _blend_tile(made, to, step_c, rows, columns, scale, kept)
    tiles.release(address(space))


@numba.njit(**INNER)
def _from(matrix, k):  # type: ignore[no-untyped-def]  # typed by numba
    """The factor from this summand on."""
    x, step, along, lines, digits = matrix
    return x + 4 * k * (1 if along else step), step, along, lines, digits


@numba.njit(**INNER)
def is_worth(m, n, k):  # type: ignore[no-untyped-def]  # typed by numba
    """Whether tiles are quicker than BLAS for a product of this size."""
    return m * n * k >= LEAST and min(m, n, k) >= FEWEST


@numba.njit(**INNER)
def multiply(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """BLAS's gemm, which goes column by column: row by row it is a product of exchanged factors. Of
    kind LAID, b is laid out.
    """
    if kind == LAID:
        whole = factor(a, lda, True, m, k)
        laid = b, ldb, 0, n, DIGITS
        by_tiles(whole, laid, k, float_at(alpha), float_at(beta), c, ldc, True)
        return 0
    if kind != SINGLE or not is_worth(m, n, k):
        return large_singles(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc)
    left = factor(a, lda, turn_a != TURNED, m, k)
    right = factor(b, ldb, turn_b == TURNED, n, k)
    scale, keep = float_at(alpha), float_at(beta)
    by_tiles(left, right, k, scale, keep, c, ldc, False)
    return 0


@numba.njit(**INNER)
def multiply_states(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """`multiply`, but by BLAS if both factors have more than one digit."""
    if kind != SINGLE or not is_worth(m, n, k):
        return large_singles(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc)
    left = factor(a, lda, turn_a != TURNED, m, k)
    right = factor(b, ldb, turn_b == TURNED, n, k)
    if min(left[4], right[4]) > 1:
        return large_singles(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc)
    scale, keep = float_at(alpha), float_at(beta)
    by_tiles(left, right, k, scale, keep, c, ldc, False)
    return 0
