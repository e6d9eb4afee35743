"""Energies and slopes of several terms' experts side by side, for draws of the units that they see.

`tables`: matrix [units, experts], strengths, the columns where terms begin, the codes of their
functions from inside out (−1: no more), and what each function's argument is multiplied by.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .experts import ABS, LOG1P, LOGCOSH, SOFTPLUS, SQUARE, slope_of, value_of
from .products import gemm

NONE, STUDENT, SQUARES, LAPLACE, BINARY, SPIN = range(6)


@numba.njit(cache=True)
def kind_of(functions, coefficients, strength):  # type: ignore[no-untyped-def]  # typed by numba
    """Which auxiliary variables a term's experts have at these strengths; NONE if none."""
    first, positive, minus_one = functions[0], True, True
    for s in strength:
        positive = positive and s > 0
        minus_one = minus_one and s == -1
    alone = len(functions) == 1 or functions[1] < 0
    if not alone and first == SQUARE and functions[1] == LOG1P and positive:
        if (len(functions) == 2 or functions[2] < 0) and coefficients[1] > 0:
            return STUDENT
    if alone and first == SQUARE and positive:
        return SQUARES
    if alone and first == ABS and positive:
        return LAPLACE
    if alone and first == SOFTPLUS and minus_one:
        return BINARY
    if alone and first == LOGCOSH and minus_one:
        return SPIN
    return NONE


@numba.njit(cache=True)
def energies(u, tables, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = Σ_j s_j f(u_j) of every row."""
    _, strength, begins, functions, coefficients = tables
    for r in range(len(u)):
        out[r] = 0.0
        for t in range(len(begins) - 1):
            for j in range(begins[t], begins[t + 1]):
                value = value_of(functions[t, 0], u[r, j])
                for k in range(1, functions.shape[1]):
                    if functions[t, k] < 0:
                        break
                    value = value_of(functions[t, k], coefficients[t, k] * value)
                out[r] += strength[j] * value


@numba.njit(cache=True)
def slopes(u, tables, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = the slope of Σ_j s_j f(u_j) in every unit, [rows, units]."""
    matrix, strength, begins, functions, coefficients = tables
    pull = np.empty(u.shape)
    for r in range(len(u)):
        for t in range(len(begins) - 1):
            for j in range(begins[t], begins[t + 1]):
                value, slope = (
                    value_of(functions[t, 0], u[r, j]),
                    slope_of(functions[t, 0], u[r, j]),
                )
                for k in range(1, functions.shape[1]):
                    if functions[t, k] < 0:
                        break
                    inner = coefficients[t, k] * value
                    slope *= coefficients[t, k] * slope_of(functions[t, k], inner)
                    value = value_of(functions[t, k], inner)
                pull[r, j] = strength[j] * slope
    backward(pull, matrix, out)


@numba.njit(cache=True)
def doubles(x):  # type: ignore[no-untyped-def]  # typed by numba
    """A matrix in double precision, in memory of its own."""
    out = np.empty(x.shape)
    for r in range(x.shape[0]):
        for p in range(x.shape[1]):
            out[r, p] = x[r, p]
    return out


@numba.njit(cache=True)
def forward(x, w, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = x w."""
    (m, k), n = x.shape, w.shape[1]
    if k == 0:
        out[:] = 0.0
    elif m and n:
        gemm(False, False, m, n, k, np.array([1.0, 0.0]), x, k, w, n, out, n)


@numba.njit(cache=True)
def backward(x, w, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = x wᵀ."""
    (m, k), n = x.shape, w.shape[0]
    if k == 0:
        out[:] = 0.0
    elif m and n:
        gemm(False, True, m, n, k, np.array([1.0, 0.0]), x, k, w, k, out, n)
