"""Products of matrices by vector registers, where BLAS's gemm would be called.

    out = scale · op(a) op(b) + keep · out

The right factor is taken two registers of columns at a time, a strip, and so many summands that the
strip stays in the first-level cache. It is copied there, transposed if need be, unless few rows of
the left factor meet it or all of it is in the cache. Blocks of rows of the left factor are
multiplied by it (`register_blocks`).
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .blas import BLAS
from .lanes import INNER, address
from .register_blocks import HIGH, REGISTER, block, copy, turn

STRIP = 2 * REGISTER
"""Bytes of a strip's row."""
NEAR = 1 << 15
"""Bytes that stay in the first-level cache."""
DEPTH = NEAR // STRIP
"""Summands of a strip that does."""
FEW = 2 * HIGH
"""Rows of the left factor up to which a strip is read where it is."""
SINGLE, DOUBLE, TURNED = 115, 100, 116
"""BLAS's letters s and d of types, t of a transposed factor."""
LARGE = 1_000_000
"""Multiplications up to which a BLAS that has kernels for these registers takes its quickest ones.
"""

_narrow, _high = block(HIGH, 1), block(HIGH, 2)
_block_8, _block_6, _block_4, _block_2, _block_1 = (block(r, 2) for r in (8, 6, 4, 2, 1))


@numba.njit(**INNER)
def _multiply(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line):  # type: ignore[no-untyped-def]  # typed by numba
    """A block of so many rows and columns, by the smallest one that there is for it."""
    if 2 * there > HIGH and 2 * columns * like.itemsize <= STRIP:
        _narrow(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line)
    elif there == 1:
        _block_1(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line)
    elif there == 2:
        _block_2(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line)
    elif there <= 4:
        _block_4(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line)
    elif there <= 6:
        _block_6(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line)
    elif there <= 8:
        _block_8(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line)
    else:
        _high(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line)


@numba.njit(**INNER)
def _lay(like, turned, b, line, columns, deep, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Copies `deep` summands of a strip: parts of rows, or of columns if it is transposed."""
    if not turned:
        copy(like, b, line, columns, deep, out, STRIP)
        return
    half = REGISTER // like.itemsize
    turn(like, b, line, min(half, columns), deep, out, STRIP)
    if columns > half:
        turn(like, b + half * line, line, columns - half, deep, out + REGISTER, STRIP)


@numba.njit(**INNER)
def by_vectors(one, turned_a, turned_b, m, n, k, scale, a, lda, b, ldb, keep, c, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """out[m, n] = scale · op(a) op(b) + keep · out, row by row, for numbers of the type of `one`,
    an array of a 1. `scale`, `keep` and the matrices are addresses, rows are `ld` numbers apart.
    """
    size = one.itemsize
    row, step = (size, size * lda) if turned_a else (size * lda, size)
    wide, times = STRIP // size, max(1, (k + DEPTH - 1) // DEPTH)
    deep_at_once = (k + times - 1) // times
    direct = not turned_b and (m <= FEW or k * n * size <= NEAR)
    room = np.empty(8 if direct else 8 + (deep_at_once + 16) * STRIP // 8, np.float64)
    start = (address(room) + 63) // 64 * 64
    blocks = max(1, (m + HIGH - 1) // HIGH)
    high = max(1, (m + blocks - 1) // blocks)
    for j in range(0, n, wide):
        columns = min(wide, n - j)
        for k0 in range(0, max(1, k), max(1, deep_at_once)):
            deep = min(deep_at_once, k - k0)
            there = b + size * (j * ldb + k0 if turned_b else k0 * ldb + j)
            down = size * ldb
            if not direct:
                _lay(one, turned_b, there, down, columns, deep, start)
                there, down = start, STRIP
            kept = address(one) if k0 > 0 else keep
            for i in range(0, m, high):
                rows = min(high, m - i)
                left, to = a + i * row + k0 * step, c + size * (i * ldc + j)
                _multiply(
                    one,
                    left,
                    row,
                    step,
                    there,
                    down,
                    deep,
                    columns,
                    rows,
                    scale,
                    kept,
                    to,
                    size * ldc,
                )


@numba.njit(**INNER)
def _gemm(one, letter, always, kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """BLAS's gemm, by registers for numbers of this letter, `always` or if the product is large.
    BLAS goes column by column: row by row its product is one of exchanged factors.
    """
    large = m > 2 and m * n * k > LARGE
    if kind != letter or not (always or large):
        return BLAS(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc)
    turned_a, turned_b = turn_a == TURNED, turn_b == TURNED
    by_vectors(one, turned_a, turned_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
    return 0


@numba.njit(**INNER)
def singles(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """BLAS's gemm: of float32 by registers."""
    one = np.ones(1, np.float32)
    return _gemm(
        one, SINGLE, True, kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc
    )


@numba.njit(**INNER)
def large_singles(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """BLAS's gemm: of float32 by registers if it is large."""
    one = np.ones(1, np.float32)
    return _gemm(
        one, SINGLE, False, kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc
    )


@numba.njit(**INNER)
def doubles(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """BLAS's gemm: of float64 by registers."""
    one = np.ones(1, np.float64)
    return _gemm(
        one, DOUBLE, True, kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc
    )


@numba.njit(**INNER)
def large_doubles(kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc):  # type: ignore[no-untyped-def]  # typed by numba
    """BLAS's gemm: of float64 by registers if it is large."""
    one = np.ones(1, np.float64)
    return _gemm(
        one, DOUBLE, False, kind, turn_b, turn_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc
    )
