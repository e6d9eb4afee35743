"""Products of float32 matrices by the processor's tiles, under the name by which kernels call BLAS.

    out = scale · op(a) op(b) + keep · out

Both factors are laid out as tiles of their parts (`tiles`): the left one as a whole, the right one
a few columns at a time. A factor all of whose numbers have 8 significant bits, such as states and
counts, has one part, found by looking. Products of two factors of three parts, which would take six
products of parts, and small ones go to BLAS: tiles must not be slower even where the processor,
short of power, runs them at a quarter of their speed. Sums are float32, in an order that depends on
shapes and parts alone.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba import _helperlib, types

from . import tiles
from .tiles import DEPTH, SIDE, TILE, address, blend, float_at, rest

SYMBOL = "bm_gemm"
"""The function that kernels call: BLAS's, until `use_tiles` puts this module's in its place."""
SIGNATURE: Any = types.intc(
    types.char,
    types.char,
    types.char,
    types.intp,
    types.intp,
    types.intp,
    types.voidptr,
    types.voidptr,
    types.intp,
    types.voidptr,
    types.intp,
    types.voidptr,
    types.voidptr,
    types.intp,
)
"""BLAS's gemm as numba calls it: kind, transpositions, m, n, k, alpha, a, lda, b, ldb, beta, c,
ldc, column by column."""
_BLAS: Any = types.ExternalFunction("numba_xxgemm", SIGNATURE)
LEAST = 1 << 18
"""Multiplications from which on tiles are quicker than BLAS."""
FEWEST = 16
"""The fewest rows, columns and summands for it."""
MOST_DEEP = 2048
"""Summands whose tiles stay in the second-level cache for 32 columns."""
MOST_TILES = 1024
"""Tiles of the left factor that are multiplied together, half of that cache."""
TURNED = 116
"""BLAS's letter t."""
FLOAT = 115
"""BLAS's letter s."""

llvm.add_symbol(SYMBOL, _helperlib.c_helpers["xxgemm"])  # type: ignore[attr-defined]  # C
_compiled: list[Any] = []

TILES = tiles.available()
"""Whether products of float32 go by tiles: tables of sums (`two_valued`) are not needed then."""


def use_tiles() -> None:
    """Lets code that is linked from now on multiply by tiles, if there are any."""
    if TILES and not _compiled:
        made = numba.njit(SIGNATURE, cache=True, nogil=True, error_model="numpy")(multiply)
        result = made.overloads[SIGNATURE.args]
        wrapper = result.fndesc.llvm_cfunc_wrapper_name
        llvm.add_symbol(SYMBOL, result.library.get_pointer_to_function(wrapper))
        _compiled.append(made)


@numba.njit(cache=True)
def _is_short(x, step, rows, columns):  # type: ignore[no-untyped-def]  # typed by numba
    """Whether all numbers have one part."""
    for r in range(rows):
        for c in range(0, columns, SIDE):
            if rest(x + 4 * (r * step + c), columns - c):
                return False
    return True


@numba.njit(cache=True)
def _lay_left(turned, x, step, rows, deep, parts, room, out):  # type: ignore[no-untyped-def]  # typed by numba
    """The tile of 16 rows and 32 columns at x, of which `rows` and `deep` are there."""
    at, stride = x, 4 * step
    if turned:
        for h in range(2):
            tiles.turn(x + 4 * SIDE * h * step, 4 * step, deep - SIDE * h, rows, room + 64 * h, 128)
        at, stride = room, 128
    for r in range(SIDE):
        there = deep if r < rows else 0
        if parts == 1:
            tiles.split_row_1(at + r * stride, there, out + 64 * r)
        else:
            tiles.split_row_3(at + r * stride, there, out + 64 * r)


@numba.njit(cache=True)
def _lay_right(turned, x, step, deep, columns, parts, room, out):  # type: ignore[no-untyped-def]  # typed by numba
    """The tile of 32 rows and 16 columns at x, of which `deep` and `columns` are there."""
    at, stride = x, 4 * step
    if turned:
        for h in range(2):
            tiles.turn(x + 64 * h, 4 * step, columns, deep - SIDE * h, room + TILE * h, 64)
        at, stride = room, 64
    for r in range(SIDE):
        even = columns if 2 * r < deep else 0
        odd = columns if 2 * r + 1 < deep else 0
        row = at + 2 * r * stride
        if parts == 1:
            tiles.split_pair_1(row, row + stride, even, odd, out + 64 * r)
        else:
            tiles.split_pair_3(row, row + stride, even, odd, out + 64 * r)


@numba.njit(cache=True)
def _multiply_rows(rows, deep, left_parts, right_parts, left, right):  # type: ignore[no-untyped-def]  # typed by numba
    """Sums = left · right, for one or two tiles of rows and `deep` tiles of summands."""
    tiles.clear()
    step, far = TILE * rows * left_parts, 2 * TILE * right_parts
    for q in range(deep):
        a, b = left + q * step, right + q * far
        if rows == 2:
            if left_parts == 1:
                if right_parts == 1:
                    tiles.product_2_1_1(a, b)
                else:
                    tiles.product_2_1_3(a, b)
            else:
                tiles.product_2_3_1(a, b)
        elif left_parts == 1:
            if right_parts == 1:
                tiles.product_1_1_1(a, b)
            else:
                tiles.product_1_1_3(a, b)
        else:
            tiles.product_1_3_1(a, b)


def multiply(kind, turn_b, turn_a, n, m, k, alpha, b_at, ldb, a_at, lda, beta, c_at, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """BLAS's gemm, which goes column by column: row by row it is a product of exchanged factors."""
    if kind != FLOAT or m * n * k < LEAST or min(m, n, k) < FEWEST:
        return _BLAS(kind, turn_b, turn_a, n, m, k, alpha, b_at, ldb, a_at, lda, beta, c_at, ldc)
    a, b, c = address(a_at), address(b_at), address(c_at)
    turned_a, turned_b = turn_a == TURNED, turn_b == TURNED
    short_a = _is_short(a, lda, k, m) if turned_a else _is_short(a, lda, m, k)
    short_b = _is_short(b, ldb, n, k) if turned_b else _is_short(b, ldb, k, n)
    if not (short_a or short_b):
        return _BLAS(kind, turn_b, turn_a, n, m, k, alpha, b_at, ldb, a_at, lda, beta, c_at, ldc)
    scale, keep = float_at(address(alpha)), float_at(address(beta))
    parts_a, parts_b = 1 if short_a else 3, 1 if short_b else 3
    table = np.zeros(64, np.uint8)
    table[0] = 1
    for t in range(8):
        table[16 + 2 * t] = 4 * SIDE
        table[48 + t] = SIDE
    deep_at_once = min(k, MOST_DEEP)
    far = (deep_at_once + DEPTH - 1) // DEPTH
    high = min((m + SIDE - 1) // SIDE, max(2, MOST_TILES // (far * parts_a) // 2 * 2))
    rows_at_once = SIDE * high
    space = np.empty(TILE * (6 + high * far * parts_a + 2 * far * parts_b) + 4096, np.uint8)
    room = (address(space) + 4095) // 4096 * 4096
    made = room + 2 * TILE
    left = made + 4 * TILE
    right = left + TILE * high * far * parts_a
    tiles.configure(address(table))
    for k0 in range(0, k, deep_at_once):
        deep = min(deep_at_once, k - k0)
        far = (deep + DEPTH - 1) // DEPTH
        held = np.float32(1) if k0 > 0 else keep
        for m0 in range(0, m, rows_at_once):
            rows = min(rows_at_once, m - m0)
            high = (rows + SIDE - 1) // SIDE
            for i in range(high):
                pair = i // 2
                both = 2 if 2 * pair + 1 < high else 1
                for q in range(far):
                    row, column = m0 + SIDE * i, k0 + DEPTH * q
                    at = a + 4 * (column * lda + row if turned_a else row * lda + column)
                    place = (2 * pair * far + q * both + i % 2) * parts_a
                    _lay_left(
                        turned_a,
                        at,
                        lda,
                        rows - SIDE * i,
                        deep - DEPTH * q,
                        parts_a,
                        room,
                        left + TILE * place,
                    )
            for n0 in range(0, n, 2 * SIDE):
                for q in range(far):
                    for j in range(2):
                        row, column = k0 + DEPTH * q, n0 + SIDE * j
                        at = b + 4 * (column * ldb + row if turned_b else row * ldb + column)
                        place = 2 * q * parts_b + j
                        _lay_right(
                            turned_b,
                            at,
                            ldb,
                            deep - DEPTH * q,
                            n - column,
                            parts_b,
                            room,
                            right + TILE * place,
                        )
                for i in range(0, high, 2):
                    both = 2 if i + 1 < high else 1
                    _multiply_rows(
                        both, far, parts_a, parts_b, left + TILE * i * far * parts_a, right
                    )
                    tiles.keep(made)
                    for r in range(min(2 * SIDE, rows - SIDE * i)):
                        at = c + 4 * ((m0 + SIDE * i + r) * ldc + n0)
                        blend(made + 128 * r, at, n - n0, scale, held)
                        blend(made + 128 * r + 64, at + 64, n - n0 - SIDE, scale, held)
    tiles.release()
    return 0
