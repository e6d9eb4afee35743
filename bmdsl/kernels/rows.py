"""Rows, sums and small changes of arrays: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 17
"""Entries from which on a pass over an array is worth threads: some 10 µs of one core."""


@kernel(MANY, ["eta"])
def set_rows(b, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(eta.shape[0]):
        into, own = eta[r], b[0]
        for p in range(len(into)):
            into[p] = own[p]


@kernel(MANY, ["out"])
def clear(out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into = out[r]
        for p in range(len(into)):
            into[p] = 0


@kernel(MANY, ["out"])
def copy(x, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into, own = out[r], x[r]
        for p in range(len(into)):
            into[p] = own[p]


@kernel(MANY, ["out"])
def add_scaled(x, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into, own = out[r], x[r]
        for p in range(len(into)):
            into[p] += scale * own[p]


@kernel(MANY, ["out"])
def square(x, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into, own = out[r], x[r]
        for p in range(len(into)):
            into[p] = own[p] * own[p]


@kernel(MANY, ["x"])
def rescale(x, scale):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own = x[r]
        for p in range(len(own)):
            own[p] *= scale


@kernel(MANY, ["out"])
def weigh_rows(x, w, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into, own = out[r], x[r]
        for p in range(len(into)):
            into[p] = w[r] * own[p]


@kernel()
def add_sum(x, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    total = np.zeros(x.shape[1], x.dtype)
    for r in range(x.shape[0]):
        own = x[r]
        for p in range(len(total)):
            total[p] += own[p]
    into = out[0]
    for p in range(len(total)):
        into[p] += scale * total[p]


@kernel()
def add_weighted_sum(x, w, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    total = np.zeros(x.shape[1], x.dtype)
    for r in range(x.shape[0]):
        own, weight = x[r], w[r]
        for p in range(len(total)):
            total[p] += weight * own[p]
    into = out[0]
    for p in range(len(total)):
        into[p] += scale * total[p]


@kernel()
def subtract_signs(W, strength, g):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(W.shape[0]):
        into, own = g[r], W[r]
        for p in range(len(into)):
            into[p] -= strength * np.sign(own[p])


@kernel()
def clip_columns(W, bound):  # type: ignore[no-untyped-def]  # typed by numba
    length = np.zeros(W.shape[1])
    for r in range(W.shape[0]):
        for p in range(W.shape[1]):
            length[p] += np.float64(W[r, p]) * np.float64(W[r, p])
    for p in range(W.shape[1]):
        length[p] = np.sqrt(length[p])
        length[p] = bound / length[p] if length[p] > bound else 1.0
    for r in range(W.shape[0]):
        for p in range(W.shape[1]):
            W[r, p] *= W.dtype.type(length[p])


@kernel()
def clip_below(W):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(W.shape[0]):
        for p in range(W.shape[1]):
            W[r, p] = max(W[r, p], W.dtype.type(0))


@kernel()
def make_symmetric(W):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(W.shape[0]):
        W[r, r] = 0
        for p in range(r):
            W[r, p] = W[p, r] = (W[r, p] + W[p, r]) / 2


@kernel()
def tie_sides(g):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(g.shape[0]):
        g[r, r] = 0
        for p in range(r):
            g[r, p] = g[p, r] = g[r, p] + g[p, r]


@kernel()
def count_up(count):  # type: ignore[no-untyped-def]  # typed by numba
    count[0] += 1


@kernel()
def mark(flag):  # type: ignore[no-untyped-def]  # typed by numba
    flag[0] = 1


@kernel()
def add_push(x, w, rate, target, g):  # type: ignore[no-untyped-def]  # typed by numba
    mean = np.zeros(x.shape[1])
    for r in range(x.shape[0]):
        for p in range(x.shape[1]):
            mean[p] += np.float64(w[r]) * x[r, p]
    for p in range(x.shape[1]):
        g[0, p] += g.dtype.type(rate * (target - mean[p]))


@kernel()
def add_shared_push(x, w, rate, target, entries, g):  # type: ignore[no-untyped-def]  # typed by numba
    mean, push = np.zeros(x.shape[1]), np.zeros(len(g))
    for r in range(x.shape[0]):
        for p in range(x.shape[1]):
            mean[p] += np.float64(w[r]) * x[r, p]
    for p in range(x.shape[1]):
        push[entries[p]] += rate * (target - mean[p])
    for e in range(len(g)):
        g[e] += g.dtype.type(push[e])


@kernel()
def follow_entries(g, places, sums):  # type: ignore[no-untyped-def]  # typed by numba
    flat = g.reshape(-1)
    for k in range(len(places)):
        x = np.float64(flat[places[k]])
        sums[0, k] += x
        sums[1, k] += x * x
