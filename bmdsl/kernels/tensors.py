"""Contractions of a dense tensor of three axes: fields, moments and all states of one axis at once.

W is [n0, n1, n2], C-contiguous. Two of its axes meet states [rows, size]; a one-of-K state picks
slices, which are all that is then read or written. Without such a state, a matrix product with the
tensor unfolded along its first axis does the work.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from . import products

Array = np.ndarray
WIDE = 1 << 24
"""Most numbers of an unfolded product that are held at once."""


def codes_of(x: Array) -> Array | None:
    """The state of every row of a one-of-K group of one unit; None where some row is no state but a
    mean.
    """
    codes = np.argmax(x, axis=1)
    return codes if np.array_equal(x, np.eye(x.shape[1], dtype=x.dtype)[codes]) else None


def add_field(
    w: Array,
    target: int,
    xs: tuple[Array, Array],
    codes: tuple[Array | None, Array | None],
    out: Array,
    scale: float,
    plain: bool,
) -> None:
    """out[r, t] += scale · Σ W x y over the two other axes, whose states are `xs` in order of axes;
    `codes` of one-of-K states, else None.
    """
    others = [a for a in range(3) if a != target]
    for m in (1, 0):
        code = codes[m]
        if code is not None:
            picked = np.moveaxis(w, (target, others[m], others[1 - m]), (0, 1, 2))
            kernel = _gather_by_target if target == 0 else _gather_by_row
            (kernel.py_func if plain else kernel)(
                picked, np.ascontiguousarray(xs[1 - m]), code, out, out.dtype.type(scale)
            )
            return
    if target == 0:
        step = max(1, WIDE // (w.shape[1] * w.shape[2]))
        for lo in range(0, len(out), step):
            products.backward(
                pairs(xs[0][lo : lo + step], xs[1][lo : lo + step]),
                w.reshape(len(w), -1),
                out[lo : lo + step],
                scale,
                plain,
            )
        return
    step = max(1, WIDE // (w.shape[1] * w.shape[2]))
    for lo in range(0, len(out), step):
        unfolded = all_fields(w, np.ascontiguousarray(xs[0][lo : lo + step]), scale, plain)
        y = xs[1][lo : lo + step]
        out[lo : lo + step] += (
            (y[:, None, :] @ unfolded)[:, 0] if target == 2 else (unfolded @ y[:, :, None])[:, :, 0]
        )


def all_fields(w: Array, x: Array, scale: float, plain: bool) -> Array:
    """scale · Σ over the first axis of W x: [rows, n1, n2], one matrix product for all states of
    the other axes.
    """
    out = np.zeros((len(x), *w.shape[1:]), w.dtype)
    add_all_fields(w, x, out, scale, plain)
    return out


def add_all_fields(w: Array, x: Array, out: Array, scale: float, plain: bool) -> None:
    """out[r, p, q] += scale · Σ over the first axis of W x."""
    products.forward(x, w.reshape(len(w), -1), out.reshape(len(x), -1), scale, plain)


def every_pair(base: Array, extra: Array, plain: bool) -> Array:
    """base[r] + extra[k] for all pairs, row after row: [rows · K, size]."""
    out = np.empty((len(base) * len(extra), base.shape[1]), base.dtype)
    (_every_pair.py_func if plain else _every_pair)(base, extra, out)
    return out


def add_moment(
    out: Array, xs: tuple[Array, Array, Array], codes: list[Array | None], scale: float, plain: bool
) -> None:
    """out += scale · Σ_r x0 ⊗ x1 ⊗ x2; of a one-of-K state only the slices that rows are in are
    touched.
    """
    for m in (2, 1, 0):
        code = codes[m]
        if code is not None:
            others = [a for a in range(3) if a != m]
            picked = np.moveaxis(out, (others[0], m, others[1]), (0, 1, 2))
            kernel = _scatter_by_slice if m == 0 else _scatter_by_target
            x, y = (np.ascontiguousarray(xs[a]) for a in others)
            (kernel.py_func if plain else kernel)(
                picked, x, y, np.ascontiguousarray(xs[m].max(axis=1)), code, out.dtype.type(scale)
            )
            return
    products.moment(
        np.ascontiguousarray(xs[0]), pairs(xs[1], xs[2]), out.reshape(len(out), -1), scale, plain
    )


def pairs(x: Array, y: Array) -> Array:
    """x ⊗ y row by row: [rows, n · m]."""
    return np.ascontiguousarray((x[:, :, None] * y[:, None, :]).reshape(len(x), -1))


@numba.njit(cache=True, parallel=True, nogil=True)
def _every_pair(base, extra, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(base.shape[0]):
        own = base[r]
        for k in range(extra.shape[0]):
            into, other = out[r * extra.shape[0] + k], extra[k]
            for q in range(len(into)):
                into[q] = own[q] + other[q]


# The tensor comes as a view [first axis, state, other]: where that is how it lies in memory, a
# state's slice is one row, and the loops over rows run
# in vector lanes.


@numba.njit(
    cache=True, parallel=True, nogil=True, fastmath={"reassoc"}
)  # the order of a sum is the compiled code's, whatever the number of threads
def _gather_by_target(w, x, codes, out, scale):  # type: ignore[no-untyped-def]  # typed by numba
    """Target on the slowest axis: one of its slices of W stays in cache while all rows use it."""
    for t in numba.prange(w.shape[0]):
        for r in range(x.shape[0]):
            weights, values = w[t, codes[r]], x[r]
            total = out.dtype.type(0)
            for q in range(len(weights)):
                total += values[q] * weights[q]
            out[r, t] += scale * total


@numba.njit(cache=True, parallel=True, nogil=True)
def _gather_by_row(w, x, codes, out, scale):  # type: ignore[no-untyped-def]  # typed by numba
    """Blocks of rows: W is read once a block, units that are off are passed over."""
    for b in numba.prange((x.shape[0] + 63) // 64):
        for q in range(w.shape[2]):
            for r in range(64 * b, min(x.shape[0], 64 * (b + 1))):
                value = scale * x[r, q]
                if value != 0:
                    k = codes[r]
                    for t in range(w.shape[0]):
                        out[r, t] += value * w[t, k, q]


@numba.njit(cache=True, parallel=True, nogil=True)
def _scatter_by_target(out, x, y, weight, codes, scale):  # type: ignore[no-untyped-def]  # typed by numba
    for t in numba.prange(out.shape[0]):
        for r in range(x.shape[0]):
            value = scale * weight[r] * x[r, t]
            if value != 0:
                into, values = out[t, codes[r]], y[r]
                for q in range(len(into)):
                    into[q] += value * values[q]


@numba.njit(cache=True, parallel=True, nogil=True)
def _scatter_by_slice(out, x, y, weight, codes, scale):  # type: ignore[no-untyped-def]  # typed by numba
    for k in numba.prange(out.shape[1]):
        for r in range(x.shape[0]):
            if codes[r] == k:
                for t in range(out.shape[0]):
                    value = scale * weight[r] * x[r, t]
                    if value != 0:
                        for q in range(out.shape[2]):
                            out[t, k, q] += value * y[r, q]
