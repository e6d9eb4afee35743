"""Products of arrays known by their letters: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 16


@kernel(MANY, ["out"])
def multiply(x, y, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        into, own, other = out[r], x[r], y[r]
        for p in range(len(into)):
            into[p] = own[p] * other[p]


@kernel(MANY, ["y"])
def add_row_products(x, y, depth, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        left, right, into = x[r], y[r], out[r]
        wide = len(right) // depth
        for p in range(len(left) // depth):
            row = into[p * wide : (p + 1) * wide]
            for s in range(depth):
                value, part = left[p * depth + s], right[s * wide : (s + 1) * wide]
                for q in range(len(row)):
                    row[q] += value * part[q]


@kernel(MANY, ["x"], ["reassoc"])
def sum_columns(x, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own = x[r]
        total = x.dtype.type(0)
        for p in range(len(own)):
            total += own[p]
        out[r] = total


@numba.njit
def next_place(at, axes):  # type: ignore[no-untyped-def]  # typed by numba
    """Counts all axes but the last one on by one; the place in the source where the last axis then
    begins.
    """
    place = 0
    for a in range(len(at) - 1, -1, -1):
        at[a] += 1
        if at[a] < axes[0, a]:
            break
        at[a] = 0
    for a in range(len(at)):
        place += at[a] * axes[1, a]
    return place


@kernel()
def permute(x, axes, out):  # type: ignore[no-untyped-def]  # typed by numba
    last = axes.shape[1] - 1
    length, stride = axes[0, last], axes[1, last]
    at, place = np.zeros(last, np.int64), 0
    for start in range(0, len(out), length):
        part = out[start : start + length]
        for p in range(len(part)):
            part[p] = x[place + p * stride]
        place = next_place(at, axes)


@kernel()
def add_permuted(x, axes, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    last = axes.shape[1] - 1
    length, stride = axes[0, last], axes[1, last]
    at, place = np.zeros(last, np.int64), 0
    for start in range(0, len(out), length):
        part = out[start : start + length]
        for p in range(len(part)):
            part[p] += scale * x[place + p * stride]
        place = next_place(at, axes)


@kernel(MANY, ["out"])
def permute_rows(x, axes, out):  # type: ignore[no-untyped-def]  # typed by numba
    last = axes.shape[1] - 1
    length, stride = axes[0, last], axes[1, last]
    for r in numba.prange(x.shape[0]):
        own, into = x[r], out[r]
        at, place = np.zeros(last, np.int64), 0
        for start in range(0, len(into), length):
            part = into[start : start + length]
            for p in range(len(part)):
                part[p] = own[place + p * stride]
            place = next_place(at, axes)
