"""Matrix products: compiled twins of the kinds of op of these names.

gemm on one thread a chunk; tables of sums in its place where the left factor has two values and the
product is large enough for them (`two_valued`). Chunks depend on shapes alone.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .products import backward_chunk, chunks, ends, forward_chunk, moment_chunk
from .table import kernel
from .two_valued import FEWEST, LANES, WIDE, WORD, pack_columns, pack_rows, tile

WORK = float(1 << 42)
"""Product of the three matrices' sizes from which on a product is worth threads: (2 m n k)² is
their product times 4, so about two million multiplications, 20 µs of one core."""


LARGE = 1 << 14
"""Entries of the right factor from which on tables of sums are quicker than gemm."""
MANY_ROWS = 64
"""Rows that share a table from which on writing it pays, where states are packed by columns."""
MANY_TURNED = 96
"""The same where the right factor is not read in order."""


@kernel(WORK, ["x", "W", "eta"])
def add_forward(x, W, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
    for c in numba.prange(chunks(W.shape[1])):
        lo, hi = ends(c, W.shape[1])
        forward_chunk(lo, hi, x, W, factors, eta)


@kernel(WORK, ["x", "W", "eta"])
def add_backward(x, W, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
    for c in numba.prange(chunks(W.shape[0])):
        lo, hi = ends(c, W.shape[0])
        backward_chunk(lo, hi, x, W, factors, eta)


@kernel(WORK, ["x", "y", "out"])
def add_moment(x, y, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    factors = np.array([out.dtype.type(scale), out.dtype.type(1)])
    for c in numba.prange(chunks(x.shape[1])):
        lo, hi = ends(c, x.shape[1])
        moment_chunk(lo, hi, x, y, factors, out)


@kernel(WORK, ["x", "W", "eta"], on_tiles="add_forward")
def add_forward_of_states(x, low, W, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    rows, depth = x.shape
    worth = rows >= FEWEST and depth * eta.shape[1] >= LARGE and eta.shape[1] >= LANES
    words = np.empty(((depth + WORD - 1) // WORD if worth else 0, rows), np.uint32)
    if worth and pack_rows(x, words, low, x.dtype.type(1)):
        for k in numba.prange((eta.shape[1] + WIDE - 1) // WIDE):
            lo, hi = k * WIDE, min(eta.shape[1], (k + 1) * WIDE)
            tile(words, W, False, eta, lo, hi, scale, low, x.dtype.type(1))
    else:
        factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
        for c in numba.prange(chunks(W.shape[1])):
            lo, hi = ends(c, W.shape[1])
            forward_chunk(lo, hi, x, W, factors, eta)


@kernel(WORK, ["x", "W", "eta"], on_tiles="add_backward")
def add_backward_of_states(x, low, W, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    rows, depth = x.shape
    worth = rows >= MANY_TURNED and depth * eta.shape[1] >= LARGE and eta.shape[1] >= LANES
    words = np.empty(((depth + WORD - 1) // WORD if worth else 0, rows), np.uint32)
    if worth and pack_rows(x, words, low, x.dtype.type(1)):
        for k in numba.prange((eta.shape[1] + WIDE - 1) // WIDE):
            lo, hi = k * WIDE, min(eta.shape[1], (k + 1) * WIDE)
            tile(words, W, True, eta, lo, hi, scale, low, x.dtype.type(1))
    else:
        factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
        for c in numba.prange(chunks(W.shape[0])):
            lo, hi = ends(c, W.shape[0])
            backward_chunk(lo, hi, x, W, factors, eta)


@kernel(WORK, ["x", "y", "out"], on_tiles="add_moment")
def add_moment_of_states(x, low, y, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    depth, columns = x.shape
    worth = depth >= MANY_ROWS and columns * out.shape[1] >= LARGE and out.shape[1] >= LANES
    words = np.empty(((depth + WORD - 1) // WORD if worth else 0, columns), np.uint32)
    if worth and pack_columns(x, words, low, x.dtype.type(1)):
        for k in numba.prange((out.shape[1] + WIDE - 1) // WIDE):
            lo, hi = k * WIDE, min(out.shape[1], (k + 1) * WIDE)
            tile(words, y, False, out, lo, hi, scale, low, x.dtype.type(1))
    else:
        factors = np.array([out.dtype.type(scale), out.dtype.type(1)])
        for c in numba.prange(chunks(x.shape[1])):
            lo, hi = ends(c, x.shape[1])
            moment_chunk(lo, hi, x, y, factors, out)
