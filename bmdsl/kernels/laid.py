"""Products with a parameter that is laid out once: compiled twins of the kinds of op of these
names, for processors with tiles. On others the kinds without `_laid` carry them out.

Threads take rows of the product each, if there are many, since a thread lays out the rows of the
left factor that it multiplies; else columns. What one takes depends on shapes alone.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .joined import set_block
from .lanes import INNER, SIDE, address
from .matrix import WORK
from .products import WAYS, backward_chunk, chunks, ends, forward_chunk, gemm_of_layout
from .table import kernel
from .tile_layouts import DIGITS
from .tile_products import is_worth, lay_strip

ROWS_OF_THREAD = 24
"""The fewest rows for which a thread reads all of a layout."""
FROM = float(1 << 15)
"""Entries of a parameter from which on threads lay it out together."""


@kernel(FROM, ["W"], off_tiles="lay_nothing")
def lay_columns(W, eta, laid):  # type: ignore[no-untyped-def]  # typed by numba
    worth = is_worth(eta.shape[0], W.shape[1], W.shape[0])
    for s in numba.prange(laid.shape[0]):
        if worth:
            to = address(laid) + 4 * s * laid.shape[1]
            lay_strip((address(W), W.shape[1], 0, W.shape[1], DIGITS), s, W.shape[0], to)
        laid[s, laid.shape[1] - 1] = 1 if worth else 0


@kernel(FROM, ["W"], off_tiles="lay_nothing")
def lay_rows(W, eta, laid):  # type: ignore[no-untyped-def]  # typed by numba
    worth = is_worth(eta.shape[0], W.shape[0], W.shape[1])
    for s in numba.prange(laid.shape[0]):
        if worth:
            to = address(laid) + 4 * s * laid.shape[1]
            lay_strip((address(W), W.shape[1], 1, W.shape[0], DIGITS), s, W.shape[1], to)
        laid[s, laid.shape[1] - 1] = 1 if worth else 0


@kernel()
def lay_nothing(laid):  # type: ignore[no-untyped-def]  # typed by numba
    for s in range(laid.shape[0]):
        laid[s, laid.shape[1] - 1] = 0


@numba.njit(**INNER)
def _is_laid(laid, rows, columns, k):  # type: ignore[no-untyped-def]  # typed by numba
    return laid[0, laid.shape[1] - 1] == 1 and is_worth(rows, columns, k)


@numba.njit(**INNER)
def _block(c, laid, rows, columns, k):  # type: ignore[no-untyped-def]  # typed by numba
    """The rows and columns of the product that are part c of WAYS: where they begin and end."""
    if not _is_laid(laid, rows, columns, k):
        if c >= chunks(columns):
            return 0, 0, 0, 0
        lo, hi = ends(c, columns)
        return 0, rows, lo, hi
    down = 1
    while 2 * down <= WAYS and rows >= 2 * down * ROWS_OF_THREAD:
        down *= 2
    across = WAYS // down
    i, j = c % down, c // down
    strips = (columns + SIDE - 1) // SIDE
    lo, hi = SIDE * (strips * j // across), SIDE * (strips * (j + 1) // across)
    return rows * i // down, rows * (i + 1) // down, lo, min(hi, columns)


@numba.njit(**INNER)
def _multiply(r0, r1, lo, hi, x, laid, factors, eta):  # type: ignore[no-untyped-def]  # typed by numba
    k, columns, of_strip = x.shape[1], eta.shape[1], 4 * laid.shape[1]
    left, at = address(x) + 4 * k * r0, address(laid) + of_strip * (lo // SIDE)
    to, scale = address(eta) + 4 * (columns * r0 + lo), address(factors)
    n, m = hi - lo, r1 - r0
    gemm_of_layout(m, n, k, scale, left, k, at, of_strip, to, columns)


@numba.njit(**INNER)
def _add_forward(c, x, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    """Adds part c of WAYS of the product."""
    factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
    (rows, columns), k = eta.shape, x.shape[1]
    r0, r1, lo, hi = _block(c, laid, rows, columns, k)
    if r1 > r0 and hi > lo:
        if _is_laid(laid, rows, columns, k):
            _multiply(r0, r1, lo, hi, x, laid, factors, eta)
        else:
            forward_chunk(lo, hi, x, W, factors, eta)


@numba.njit(**INNER)
def _add_backward(c, x, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    """Adds part c of WAYS of the product."""
    factors = np.array([eta.dtype.type(scale), eta.dtype.type(1)])
    (rows, columns), k = eta.shape, x.shape[1]
    r0, r1, lo, hi = _block(c, laid, rows, columns, k)
    if r1 > r0 and hi > lo:
        if _is_laid(laid, rows, columns, k):
            _multiply(r0, r1, lo, hi, x, laid, factors, eta)
        else:
            backward_chunk(lo, hi, x, W, factors, eta)


@numba.njit(**INNER)
def _set(c, b, laid, k, eta):  # type: ignore[no-untyped-def]  # typed by numba
    """Puts b where part c of the product goes."""
    r0, r1, lo, hi = _block(c, laid, eta.shape[0], eta.shape[1], k)
    set_block(b, r0, r1, lo, hi, eta)


@kernel(WORK, ["x", "W", "eta"], off_tiles="add_forward")
def add_forward_laid(x, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for c in numba.prange(WAYS):
        _add_forward(c, x, W, laid, scale, eta)


@kernel(WORK, ["x", "W", "eta"], off_tiles="add_forward_of_states")
def add_forward_of_states_laid(x, low, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for c in numba.prange(WAYS):
        _add_forward(c, x, W, laid, scale, eta)


@kernel(WORK, ["x", "W", "eta"], off_tiles="add_backward")
def add_backward_laid(x, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for c in numba.prange(WAYS):
        _add_backward(c, x, W, laid, scale, eta)


@kernel(WORK, ["x", "W", "eta"], off_tiles="add_backward_of_states")
def add_backward_of_states_laid(x, low, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for c in numba.prange(WAYS):
        _add_backward(c, x, W, laid, scale, eta)


@kernel(WORK, ["x", "W", "eta"], off_tiles="set_forward")
def set_forward_laid(b, x, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for c in numba.prange(WAYS):
        _set(c, b, laid, x.shape[1], eta)
        _add_forward(c, x, W, laid, scale, eta)


@kernel(WORK, ["x", "W", "eta"], off_tiles="set_forward_of_states")
def set_forward_of_states_laid(b, x, low, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for c in numba.prange(WAYS):
        _set(c, b, laid, x.shape[1], eta)
        _add_forward(c, x, W, laid, scale, eta)


@kernel(WORK, ["x", "W", "eta"], off_tiles="set_backward")
def set_backward_laid(b, x, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for c in numba.prange(WAYS):
        _set(c, b, laid, x.shape[1], eta)
        _add_backward(c, x, W, laid, scale, eta)


@kernel(WORK, ["x", "W", "eta"], off_tiles="set_backward_of_states")
def set_backward_of_states_laid(b, x, low, W, laid, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for c in numba.prange(WAYS):
        _set(c, b, laid, x.shape[1], eta)
        _add_backward(c, x, W, laid, scale, eta)
