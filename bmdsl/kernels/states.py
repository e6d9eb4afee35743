"""All states of a one-of-K unit at once: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .slices import states_of
from .table import kernel

MANY = 1 << 16


@kernel(MANY, ["x"])
def divide(x, by):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own = x[r]
        for p in range(len(own)):
            own[p] /= by


@kernel(MANY, ["out"])
def set_every_state(base, extra, out):  # type: ignore[no-untyped-def]  # typed by numba
    wide = base.shape[1]
    for r in numba.prange(base.shape[0]):
        own, into = base[r], out[r]
        for k in range(extra.shape[0]):
            part, more = into[k * wide : (k + 1) * wide], extra[k]
            for p in range(len(part)):
                part[p] = own[p] + more[p]


@kernel()
def add_log_sums(A, eta):  # type: ignore[no-untyped-def]  # typed by numba
    total = np.empty(eta.shape[1])
    for r in range(eta.shape[0]):
        own, sums = eta[r], A[r]
        for k in range(len(own)):
            total[k] = own[k] + sums[k]
        largest = total.max()
        for k in range(len(own)):
            own[k] = total[k] - largest


@kernel()
def add_doubles(A, total):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(len(A)):
        total[r] += A[r]


@kernel(MANY, ["out"])
def pick_states(x, z, out):  # type: ignore[no-untyped-def]  # typed by numba
    wide, codes = out.shape[1], states_of(z)
    for r in numba.prange(z.shape[0]):
        into, own = out[r], x[r, codes[r] * wide : (codes[r] + 1) * wide]
        for p in range(wide):
            into[p] = own[p]


@kernel(MANY, ["m"])
def average_states(r, m, mean):  # type: ignore[no-untyped-def]  # typed by numba
    wide = mean.shape[1]
    for c in numba.prange(r.shape[0]):
        own, weights, total = m[c], r[c], mean[c]
        for p in range(wide):
            total[p] = 0
        for k in range(len(weights)):
            part, weight = own[k * wide : (k + 1) * wide], weights[k]
            for p in range(len(total)):
                part[p] *= weight
                total[p] += part[p]


@kernel()
def add_transposed(x, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(out.shape[0]):
        into = out[r]
        for p in range(len(into)):
            into[p] += scale * x[p, r]


@kernel(MANY, ["out"])
def add_turned(x, states, out):  # type: ignore[no-untyped-def]  # typed by numba
    wide = x.shape[1] // states
    for r in numba.prange(x.shape[0]):
        own, into = x[r], out[r]
        for k in range(states):
            part = into[k * wide : (k + 1) * wide]
            for p in range(len(part)):
                part[p] += own[p * states + k]


@kernel(MANY, ["out"])
def set_unit_states(out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        for k in range(out.shape[1]):
            out[r, k] = 1 if r % out.shape[1] == k else 0


@kernel()
def add_log_sum_of_states(eta, A, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(eta.shape[0]):
        most, total = -np.inf, 0.0
        for k in range(eta.shape[1]):
            most = max(most, eta[r, k] + A[r, k])
        for k in range(eta.shape[1]):
            total += np.exp(eta[r, k] + A[r, k] - most)
        out[r] += most + np.log(total)
