"""Experts' entries and functions: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 13
"""Entries from which on a function of each is worth threads."""
SOFTPLUS, LOG1P, SQUARE, ABS, LOGCOSH = range(5)


@numba.njit(cache=True)
def value_of(code, u):  # type: ignore[no-untyped-def]  # typed by numba
    """f(u) in double precision."""
    size = abs(u)
    if code == SOFTPLUS:
        return max(u, 0.0) + np.log1p(np.exp(-size))
    if code == LOG1P:
        return np.log1p(u)
    if code == SQUARE:
        return u * u
    if code == ABS:
        return size
    return size + np.log1p(np.exp(-2 * size)) - np.log(2.0)


@numba.njit(cache=True)
def slope_of(code, u):  # type: ignore[no-untyped-def]  # typed by numba
    """f′(u) in double precision."""
    if code == SOFTPLUS:
        e = np.exp(-abs(u))
        return 1 / (1 + e) if u >= 0 else e / (1 + e)
    if code == LOG1P:
        return 1 / (1 + u)
    if code == SQUARE:
        return 2 * u
    if code == ABS:
        return np.sign(u)
    return np.tanh(u)


@kernel()
def begin_products(scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    out[:] = scale


@kernel()
def times_entries(W, places, power, out):  # type: ignore[no-untyped-def]  # typed by numba
    flat = W.reshape(-1)
    for e in range(len(out)):
        out[e] *= np.float64(flat[places[e]]) ** power


@kernel()
def times_slopes(W, places, power, out):  # type: ignore[no-untyped-def]  # typed by numba
    flat = W.reshape(-1)
    for e in range(len(out)):
        out[e] *= power * np.float64(flat[places[e]]) ** (power - 1)


@kernel()
def add_entries(values, slots, out):  # type: ignore[no-untyped-def]  # typed by numba
    flat = out.reshape(-1)
    for e in range(len(values)):
        flat[slots[e]] += flat.dtype.type(values[e])


@kernel()
def add_entry_moments(moment, slots, values, places, scale, gradient):  # type: ignore[no-untyped-def]  # typed by numba
    flat, into = moment.reshape(-1), gradient.reshape(-1)
    for e in range(len(values)):
        weight = np.float64(flat[slots[e]]) * values[e]
        into[places[e]] += into.dtype.type(np.float64(scale) * weight)


@kernel(MANY, ["value"])
def begin_functions(u, value, slope):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(u.shape[0]):
        for j in range(u.shape[1]):
            value[r, j] = u[r, j]
            slope[r, j] = 1


@numba.njit(cache=True)
def _apply(function, scale, value, slope):  # type: ignore[no-untyped-def]  # typed by numba
    """f(scale · u) in the place of u, and the slope by the chain rule."""
    for j in range(len(value)):
        u = np.float64(scale * value[j])
        slope[j] *= value.dtype.type(scale * slope_of(function, u))
        value[j] = value_of(function, u)


@kernel(MANY, ["value"])
def apply_softplus(scale, value, slope):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(value.shape[0]):
        _apply(SOFTPLUS, scale, value[r], slope[r])


@kernel(MANY, ["value"])
def apply_log1p(scale, value, slope):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(value.shape[0]):
        _apply(LOG1P, scale, value[r], slope[r])


@kernel(MANY, ["value"])
def apply_square(scale, value, slope):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(value.shape[0]):
        _apply(SQUARE, scale, value[r], slope[r])


@kernel(MANY, ["value"])
def apply_abs(scale, value, slope):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(value.shape[0]):
        _apply(ABS, scale, value[r], slope[r])


@kernel(MANY, ["value"])
def apply_logcosh(scale, value, slope):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(value.shape[0]):
        _apply(LOGCOSH, scale, value[r], slope[r])


@kernel(MANY, ["x"])
def scale_columns(x, s):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        for j in range(x.shape[1]):
            x[r, j] *= s[0, j]
