"""Energies of rows and residuals: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 16


@kernel()
def begin_energies(out):  # type: ignore[no-untyped-def]  # typed by numba
    out[:] = 0


@kernel(MANY, ["x"], ["reassoc"])
def add_row_dots(x, b, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own, other = x[r], b[0]
        total = np.float64(0)
        for p in range(len(own)):
            total += np.float64(own[p]) * np.float64(other[p])
        out[r] += total


@kernel(MANY, ["x"], ["reassoc"])
def add_pair_dots(x, y, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own, other = x[r], y[r]
        total = np.float64(0)
        for p in range(len(own)):
            total += np.float64(own[p]) * np.float64(other[p])
        out[r] += total


@kernel()
def add_energies(x, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(len(out)):
        out[r] += scale * x[r]


@kernel()
def tell_mean(x, w, figure):  # type: ignore[no-untyped-def]  # typed by numba
    total = np.float64(0)
    for r in range(len(x)):
        total += np.float64(w[r]) * x[r]
    figure[0] = total


@kernel()
def weigh_states(x, w, out):  # type: ignore[no-untyped-def]  # typed by numba
    each = len(x) // max(1, len(w))
    for r in range(len(w)):
        own = x[r * each : (r + 1) * each]
        most = own.max()
        total = np.float64(0)
        for s in range(each):
            total += np.exp(own[s] - most)
        for s in range(each):
            out[r * each + s] = np.float64(w[r]) * (np.exp(own[s] - most) / total)


@kernel(MANY, ["out"])
def repeat_rows(x, out):  # type: ignore[no-untyped-def]  # typed by numba
    each = out.shape[0] // max(1, x.shape[0])
    for r in numba.prange(out.shape[0]):
        out[r] = x[r // each]


@kernel(MANY, ["out"])
def subtract_from(x, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into, own = out[r], x[r]
        for p in range(len(into)):
            into[p] = own[p] - into[p]


@kernel(MANY, ["out"])
def step_along(x, r, t, out):  # type: ignore[no-untyped-def]  # typed by numba
    for n in numba.prange(out.shape[0]):
        into, own, way = out[n], x[n], r[n]
        for p in range(len(into)):
            into[p] = own[p] + t * way[p]


@kernel(MANY, ["out"])
def set_change(v, d, factor, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into, slope, change = out[r], v[r], d[r]
        for p in range(len(into)):
            into[p] = slope[p] * (factor * change[p])


@kernel(MANY, ["out"])
def move_means(m, v, d, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into, mean, slope, change = out[r], m[r], v[r], d[r]
        for p in range(len(into)):
            into[p] = mean[p] + slope[p] * change[p]


@kernel(MANY, ["out"])
def change_of_states(p, states, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(out.shape[0]):
        into, own = out[r], p[r]
        for first in range(0, len(into), states):
            total = into[first] * 0
            for s in range(first, first + states):
                total += own[s] * into[s]
            for s in range(first, first + states):
                into[s] = own[s] * (into[s] - total)
