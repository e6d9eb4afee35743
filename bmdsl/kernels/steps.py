"""Optimizer steps over flat arrays, one pass each, in fixed chunks spread over the threads.

Each takes a step up the gradient in place and returns (Σ g², Σ θ²): not finite where a gradient or
parameter is not. The gradient is left zero, so that the next one can be added up without a pass of
its own over a large parameter.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .stepping import CHUNK, move_adam, move_rmsprop, move_sgd


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
    for c in numba.prange(sums.shape[1]):
        part = slice(c * CHUNK, (c + 1) * CHUNK)
        sums[0, c], sums[1, c] = move_sgd(
            x[part], g[part], velocity[part], rate, momentum, nesterov
        )
    return sums[0].sum(), sums[1].sum()


@_kernel
def adam(x, g, mean, square, rate, rest1, rest2, correction, epsilon):  # type: ignore[no-untyped-def]  # typed by numba
    """m ← m + (1−β₁)(g − m), s ← s + (1−β₂)(g² − s); θ ← θ + rate m / (√(s/correction) + δ).

    `rest` is 1 − β.
    """
    sums = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    for c in numba.prange(sums.shape[1]):
        part = slice(c * CHUNK, (c + 1) * CHUNK)
        sums[0, c], sums[1, c] = move_adam(
            x[part], g[part], mean[part], square[part], rate, correction, rest1, rest2, epsilon
        )
    return sums[0].sum(), sums[1].sum()


@_kernel
def rmsprop(x, g, square, rate, rest, epsilon):  # type: ignore[no-untyped-def]  # typed by numba
    """s ← s + (1−ρ)(g² − s); θ ← θ + ε g / (√s + δ). `rest` is 1 − ρ."""
    sums = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    for c in numba.prange(sums.shape[1]):
        part = slice(c * CHUNK, (c + 1) * CHUNK)
        sums[0, c], sums[1, c] = move_rmsprop(x[part], g[part], square[part], rate, rest, epsilon)
    return sums[0].sum(), sums[1].sum()
