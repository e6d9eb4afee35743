"""Terms of three groups: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 16
"""Numbers written from which on a pass over an array is worth threads."""
WORK = float(1 << 25)
"""Product of two arrays' sizes from which on sums over slices are worth threads."""
BLOCK = 16
"""Rows that a thread takes together: what is read of the parameter serves them all."""


@kernel(MANY, ["out"])
def pair_rows(x, y, out):  # type: ignore[no-untyped-def]  # typed by numba
    wide = y.shape[1]
    for r in numba.prange(x.shape[0]):
        own, others, into = x[r], y[r], out[r]
        for p in range(len(own)):
            value, part = own[p], into[p * wide : (p + 1) * wide]
            for q in range(len(part)):
                part[q] = value * others[q]


@kernel(MANY, ["U"])
def add_rowwise_forward(y, U, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    wide = eta.shape[1]
    for r in numba.prange(y.shape[0]):
        own, matrix, into = y[r], U[r], eta[r]
        for p in range(len(own)):
            value = scale * own[p]
            if value != 0:
                part = matrix[p * wide : (p + 1) * wide]
                for q in range(len(part)):
                    into[q] += value * part[q]


@kernel(MANY, ["U"], ["reassoc"])
def add_rowwise_backward(y, U, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    wide = y.shape[1]
    for r in numba.prange(y.shape[0]):
        own, matrix, into = y[r], U[r], eta[r]
        for p in range(len(into)):
            part = matrix[p * wide : (p + 1) * wide]
            total = eta.dtype.type(0)
            for q in range(len(part)):
                total += own[q] * part[q]
            into[p] += scale * total


@numba.njit(inline="always")
def states_of(z):  # type: ignore[no-untyped-def]  # typed by numba
    """The number of every row's state."""
    found = np.zeros(z.shape[0], np.int64)
    for r in range(z.shape[0]):
        row, best = z[r], 0
        for k in range(len(row)):
            if row[k] > row[best]:
                best = k
        found[r] = best
    return found


@kernel(WORK, ["x", "eta"], ["reassoc"])
def add_slices(x, z, W, target, state, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    rows, wide, targets = x.shape[0], x.shape[1], eta.shape[1]
    other = 3 - target - state
    lengths, strides = np.empty(3, np.int64), np.ones(3, np.int64)
    lengths[target], lengths[state], lengths[other] = targets, z.shape[1], wide
    strides[1] = lengths[2]
    strides[0] = lengths[1] * lengths[2]
    along, apart, next_state = strides[target], strides[other], strides[state]
    flat, codes = W.reshape(-1), states_of(z)
    if apart == 1:  # a slice's rows are what x is multiplied by: one target serves all rows
        for t in numba.prange(targets):
            for r in range(rows):
                start = t * along + codes[r] * next_state
                weights, values = flat[start : start + wide], x[r]
                total = eta.dtype.type(0)
                for q in range(len(weights)):
                    total += values[q] * weights[q]
                eta[r, t] += scale * total
    else:
        for b in numba.prange((rows + BLOCK - 1) // BLOCK):
            for q in range(wide):
                for r in range(BLOCK * b, min(rows, BLOCK * (b + 1))):
                    value = scale * x[r, q]
                    if value != 0:
                        start, into = codes[r] * next_state + q * apart, eta[r]
                        if along == 1:
                            weights = flat[start : start + targets]
                            for t in range(len(into)):
                                into[t] += value * weights[t]
                        else:
                            for t in range(len(into)):
                                into[t] += value * flat[start + t * along]


@kernel(WORK, ["x", "y"])
def add_moment_of_slices(x, y, z, state, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    rows, many, wide, states = x.shape[0], x.shape[1], y.shape[1], z.shape[1]
    codes = states_of(z)
    if state == 0:
        for k in numba.prange(states):
            slice_ = out[k]
            for r in range(rows):
                if codes[r] == k:
                    values = y[r]
                    for p in range(many):
                        value = scale * x[r, p]
                        if value != 0:
                            into = slice_[p * wide : (p + 1) * wide]
                            for q in range(len(into)):
                                into[q] += value * values[q]
    else:
        for p in numba.prange(many):
            own = out[p]
            for r in range(rows):
                value, values = scale * x[r, p], y[r]
                if value != 0:
                    if state == 1:
                        into = own[codes[r] * wide : (codes[r] + 1) * wide]
                        for q in range(len(into)):
                            into[q] += value * values[q]
                    else:
                        for q in range(wide):
                            own[q * states + codes[r]] += value * values[q]
