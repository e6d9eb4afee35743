"""Couplings written out one by one: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 16
FEW = 1 << 12
"""Fields or couplings from which on sums over rows or neighbours are worth threads."""
COUPLINGS = 512
"""Couplings that one thread takes at a time."""
TILE = 16
"""Rows and columns of the tiles in which states are turned."""


@kernel()
def clear_list(out):  # type: ignore[no-untyped-def]  # typed by numba
    out[:] = 0


@kernel(MANY, ["out"])
def gather(values, source, out):  # type: ignore[no-untyped-def]  # typed by numba
    for e in numba.prange(len(out)):
        out[e] = values[source[e]]


@kernel(FEW, ["eta"])
def add_listed(x, start, other, value, more, more_value, more_start, more_other, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(eta.shape[0]):
        own, into = x[r], eta[r]
        for p in range(len(into)):
            total = eta.dtype.type(0)
            for e in range(start[p], start[p + 1]):
                total += value[e] * own[other[e]]
            for e in range(more[p], more[p + 1]):
                part = more_value[e]
                for o in range(more_start[e], more_start[e + 1]):
                    part *= own[more_other[o]]
                total += part
            into[p] += total


@kernel(MANY, ["x"])
def join(x, offset, X):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own, into = x[r], X[r]
        for p in range(len(own)):
            into[offset + p] = own[p]


@kernel(MANY, ["x"])
def take_columns(X, offset, x):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own, into = X[r], x[r]
        for p in range(len(into)):
            into[p] = own[offset + p]


@kernel(MANY, ["x"])
def turn(x, X):  # type: ignore[no-untyped-def]  # typed by numba
    rows, size = x.shape
    for b in numba.prange((size + TILE - 1) // TILE):
        for a in range(0, rows, TILE):
            for p in range(b * TILE, min(size, (b + 1) * TILE)):
                into = X[p]
                for r in range(a, min(rows, a + TILE)):
                    into[r] = x[r, p]


@kernel(MANY, ["x"])
def turn_into(x, offset, X):  # type: ignore[no-untyped-def]  # typed by numba
    rows, size = x.shape
    for b in numba.prange((size + TILE - 1) // TILE):
        for a in range(0, rows, TILE):
            for p in range(b * TILE, min(size, (b + 1) * TILE)):
                into = X[offset + p]
                for r in range(a, min(rows, a + TILE)):
                    into[r] = x[r, p]


@kernel(MANY, ["x"])
def turn_back(X, offset, x):  # type: ignore[no-untyped-def]  # typed by numba
    rows, size = x.shape
    for a in numba.prange((rows + TILE - 1) // TILE):
        for b in range(0, size, TILE):
            for r in range(a * TILE, min(rows, (a + 1) * TILE)):
                into = x[r]
                for p in range(b, min(size, b + TILE)):
                    into[p] = X[offset + p, r]


@kernel(FEW, ["out"], ["reassoc"])
def add_listed_moments(X, begin, column, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    count, rows = len(out), X.shape[1]
    for b in numba.prange((count + COUPLINGS - 1) // COUPLINGS):
        part = np.empty(rows, X.dtype)
        for f in range(b * COUPLINGS, min(count, (b + 1) * COUPLINGS)):
            lo, hi = begin[f], begin[f + 1]
            total = X.dtype.type(0)
            if hi - lo == 2:
                x, y = X[column[lo]], X[column[lo + 1]]
                for r in range(rows):
                    total += x[r] * y[r]
            elif hi > lo:
                x = X[column[lo]]
                for r in range(rows):
                    part[r] = x[r]
                for o in range(lo + 1, hi):
                    x = X[column[o]]
                    for r in range(rows):
                        part[r] *= x[r]
                for r in range(rows):
                    total += part[r]
            out[f] += scale * total


@kernel(FEW, ["out"], ["reassoc"])
def add_weighted_listed_moments(X, begin, column, w, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    count, rows = len(out), X.shape[1]
    for b in numba.prange((count + COUPLINGS - 1) // COUPLINGS):
        part = np.empty(rows, X.dtype)
        for f in range(b * COUPLINGS, min(count, (b + 1) * COUPLINGS)):
            lo, hi = begin[f], begin[f + 1]
            total = X.dtype.type(0)
            if hi > lo:
                for r in range(rows):
                    part[r] = w[r]
                for o in range(lo, hi):
                    x = X[column[o]]
                    for r in range(rows):
                        part[r] *= x[r]
                for r in range(rows):
                    total += part[r]
            out[f] += scale * total


@kernel(FEW, ["X"])
def add_listed_energies(X, begin, column, values, out):  # type: ignore[no-untyped-def]  # typed by numba
    rows = X.shape[1]
    for b in numba.prange((rows + TILE - 1) // TILE):
        lo, hi = b * TILE, min(rows, (b + 1) * TILE)
        total, part = np.zeros(TILE), np.empty(TILE)
        for f in range(len(begin) - 1):
            if begin[f + 1] > begin[f]:
                part[:] = np.float64(values[f])
                for o in range(begin[f], begin[f + 1]):
                    x = X[column[o]]
                    for r in range(lo, hi):
                        part[r - lo] *= x[r]
                for r in range(hi - lo):
                    total[r] += part[r]
        for r in range(lo, hi):
            out[r] += total[r - lo]
