"""Optimizer steps over flat arrays, one pass each, in fixed chunks spread over the threads.

Each takes a step up the gradient in place and returns (Σ g², Σ θ²): not finite where a gradient or
parameter is not. The gradient is left zero, so that the next one can be added up without a pass of
its own over a large parameter.
"""

from __future__ import annotations

import numba
import numpy as np

CHUNK = 1 << 14


def _kernel(function):  # type: ignore[no-untyped-def]  # a decorator for numba, which types its functions itself
    # reassoc: the sums run in vector lanes; the order is fixed by the compiled code, not by the
    # number of threads
    return numba.njit(
        cache=True, parallel=True, nogil=True, error_model="numpy", fastmath={"reassoc"}
    )(function)


@_kernel
def sgd(x, g, velocity, rate, momentum, nesterov):  # type: ignore[no-untyped-def]  # typed by numba
    """u ← μ u + ε g; θ ← θ + u, or θ + μ u + ε g with nesterov.

    `velocity` is empty without momentum.
    """
    sums = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    moving = len(velocity) > 0
    for c in numba.prange(sums.shape[1]):
        squares, norms = rate * 0, rate * 0
        part = slice(
            c * CHUNK, (c + 1) * CHUNK
        )  # indices from 0 need no check for negative ones, which would stop the vector loop
        xs = x[part]
        gs = g[part]
        us = velocity[part]
        for i in range(len(xs)):
            move = rate * gs[i]
            if moving:
                u = momentum * us[i] + move
                us[i] = u
                move = momentum * u + move if nesterov else u
            xs[i] += move
            squares += gs[i] * gs[i]
            gs[i] = 0
            norms += xs[i] * xs[i]
        sums[0, c] = squares
        sums[1, c] = norms
    return sums[0].sum(), sums[1].sum()


@_kernel
def adam(x, g, mean, square, rate, rest1, rest2, correction, epsilon):  # type: ignore[no-untyped-def]  # typed by numba
    """m ← m + (1−β₁)(g − m), s ← s + (1−β₂)(g² − s); θ ← θ + rate m / (√(s/correction) + δ).

    `rest` is 1 − β.
    """
    sums = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    for c in numba.prange(sums.shape[1]):
        squares, norms = rate * 0, rate * 0
        part = slice(c * CHUNK, (c + 1) * CHUNK)
        xs = x[part]
        gs = g[part]
        ms = mean[part]
        qs = square[part]
        for i in range(len(xs)):
            ms[i] += rest1 * (gs[i] - ms[i])
            qs[i] += rest2 * (gs[i] * gs[i] - qs[i])
            xs[i] += rate * ms[i] / (np.sqrt(qs[i] / correction) + epsilon)
            squares += gs[i] * gs[i]
            gs[i] = 0
            norms += xs[i] * xs[i]
        sums[0, c] = squares
        sums[1, c] = norms
    return sums[0].sum(), sums[1].sum()


@_kernel
def rmsprop(x, g, square, rate, rest, epsilon):  # type: ignore[no-untyped-def]  # typed by numba
    """s ← s + (1−ρ)(g² − s); θ ← θ + ε g / (√s + δ). `rest` is 1 − ρ."""
    sums = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    for c in numba.prange(sums.shape[1]):
        squares, norms = rate * 0, rate * 0
        part = slice(c * CHUNK, (c + 1) * CHUNK)
        xs = x[part]
        gs = g[part]
        qs = square[part]
        for i in range(len(xs)):
            qs[i] += rest * (gs[i] * gs[i] - qs[i])
            xs[i] += rate * gs[i] / (np.sqrt(qs[i]) + epsilon)
            squares += gs[i] * gs[i]
            gs[i] = 0
            norms += xs[i] * xs[i]
        sums[0, c] = squares
        sums[1, c] = norms
    return sums[0].sum(), sums[1].sum()
