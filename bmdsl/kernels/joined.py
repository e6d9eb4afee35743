"""Fields of a bias and a product: compiled twins of the kinds of op of these names.

A chunk's columns get their bias just before its product is added, while they are in the cache.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .matrix import LARGE, MANY_TURNED, WORK
from .products import backward_chunk, chunks, ends, forward_chunk
from .table import kernel
from .two_valued import FEWEST, LANES, WIDE, WORD, pack_rows, tile


@numba.njit(cache=True)
def set_block(b, r0, r1, lo, hi, eta):  # type: ignore[no-untyped-def]  # typed by numba
    """eta[r0 : r1, lo : hi] = b[r0 : r1, lo : hi], or the one row that b has in every row."""
    for r in range(r0, r1):
        into, own = eta[r, lo:hi], b[r if b.shape[0] > 1 else 0, lo:hi]
        for p in range(len(into)):
            into[p] = own[p]


@kernel(WORK, ["x", "W", "eta"])
def set_forward(b, x, W, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
    for c in numba.prange(chunks(W.shape[1])):
        lo, hi = ends(c, W.shape[1])
        set_block(b, 0, eta.shape[0], lo, hi, eta)
        forward_chunk(lo, hi, x, W, factors, eta)


@kernel(WORK, ["x", "W", "eta"], on_tiles="set_forward")
def set_forward_of_states(b, x, low, W, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    rows, depth = x.shape
    worth = rows >= FEWEST and depth * eta.shape[1] >= LARGE and eta.shape[1] >= LANES
    words = np.empty(((depth + WORD - 1) // WORD if worth else 0, rows), np.uint32)
    if worth and pack_rows(x, words, low, x.dtype.type(1)):
        for k in numba.prange((eta.shape[1] + WIDE - 1) // WIDE):
            lo, hi = k * WIDE, min(eta.shape[1], (k + 1) * WIDE)
            set_block(b, 0, eta.shape[0], lo, hi, eta)
            tile(words, W, False, eta, lo, hi, scale, low, x.dtype.type(1))
    else:
        factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
        for c in numba.prange(chunks(W.shape[1])):
            lo, hi = ends(c, W.shape[1])
            set_block(b, 0, eta.shape[0], lo, hi, eta)
            forward_chunk(lo, hi, x, W, factors, eta)


@kernel(WORK, ["x", "W", "eta"])
def set_backward(b, x, W, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
    for c in numba.prange(chunks(W.shape[0])):
        lo, hi = ends(c, W.shape[0])
        set_block(b, 0, eta.shape[0], lo, hi, eta)
        backward_chunk(lo, hi, x, W, factors, eta)


@kernel(WORK, ["x", "W", "eta"], on_tiles="set_backward")
def set_backward_of_states(b, x, low, W, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    rows, depth = x.shape
    worth = rows >= MANY_TURNED and depth * eta.shape[1] >= LARGE and eta.shape[1] >= LANES
    words = np.empty(((depth + WORD - 1) // WORD if worth else 0, rows), np.uint32)
    if worth and pack_rows(x, words, low, x.dtype.type(1)):
        for k in numba.prange((eta.shape[1] + WIDE - 1) // WIDE):
            lo, hi = k * WIDE, min(eta.shape[1], (k + 1) * WIDE)
            set_block(b, 0, eta.shape[0], lo, hi, eta)
            tile(words, W, True, eta, lo, hi, scale, low, x.dtype.type(1))
    else:
        factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
        for c in numba.prange(chunks(W.shape[0])):
            lo, hi = ends(c, W.shape[0])
            set_block(b, 0, eta.shape[0], lo, hi, eta)
            backward_chunk(lo, hi, x, W, factors, eta)
