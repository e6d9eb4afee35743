"""Optimizers' steps: compiled twins of the kinds of op of these names.

One pass over a parameter each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..native import deferred as numba
from .table import kernel

CHUNK = 1 << 14
MANY = 1 << 16
SUMS: dict[str, Any] = {"cache": True, "error_model": "numpy", "fastmath": {"reassoc"}}


@numba.njit(**SUMS)
def move_sgd(x, g, velocity, rate, momentum, nesterov):  # type: ignore[no-untyped-def]  # typed by numba
    """A part of `steps.sgd`, and its Σ g² and Σ θ²."""
    squares, norms = rate * 0, rate * 0
    moving = len(velocity) > 0
    for i in range(len(x)):
        move = rate * g[i]
        if moving:
            u = momentum * velocity[i] + move
            velocity[i] = u
            move = momentum * u + move if nesterov else u
        x[i] += move
        squares += g[i] * g[i]
        g[i] = 0
        norms += x[i] * x[i]
    return squares, norms


@kernel(MANY, ["theta"], ["reassoc"])
def step_sgd(theta, g, velocity, rate, momentum, nesterov, sums):  # type: ignore[no-untyped-def]  # typed by numba
    x, slope, speed = theta.reshape(-1), g.reshape(-1), velocity.reshape(-1)
    parts = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    for c in numba.prange(parts.shape[1]):
        lo, hi = c * CHUNK, (c + 1) * CHUNK
        parts[0, c], parts[1, c] = move_sgd(
            x[lo:hi], slope[lo:hi], speed[lo:hi], rate, momentum, nesterov
        )
    sums[0], sums[1] = parts[0].sum(), parts[1].sum()


@numba.njit(**SUMS)
def move_adam(x, g, mean, square, size, correction, rest1, rest2, epsilon):  # type: ignore[no-untyped-def]  # typed by numba
    """A part of `steps.adam`, and its Σ g² and Σ θ²."""
    squares, norms = size * 0, size * 0
    for i in range(len(x)):
        mean[i] += rest1 * (g[i] - mean[i])
        square[i] += rest2 * (g[i] * g[i] - square[i])
        x[i] += size * mean[i] / (np.sqrt(square[i] / correction) + epsilon)
        squares += g[i] * g[i]
        g[i] = 0
        norms += x[i] * x[i]
    return squares, norms


@kernel(MANY, ["theta"], ["reassoc"])
def step_adam(theta, g, mean, square, count, rate, beta1, beta2, epsilon, sums):  # type: ignore[no-untyped-def]  # typed by numba
    x, slope, m, s = theta.reshape(-1), g.reshape(-1), mean.reshape(-1), square.reshape(-1)
    parts = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    real = theta.dtype.type
    taken = count[0]
    first, second = np.float64(beta1), np.float64(beta2)
    size = real(np.float64(rate) / (1 - first**taken))
    correction = real(1 - second**taken)
    rest1, rest2 = real(1 - first), real(1 - second)
    for c in numba.prange(parts.shape[1]):
        lo, hi = c * CHUNK, (c + 1) * CHUNK
        parts[0, c], parts[1, c] = move_adam(
            x[lo:hi], slope[lo:hi], m[lo:hi], s[lo:hi], size, correction, rest1, rest2, epsilon
        )
    sums[0], sums[1] = parts[0].sum(), parts[1].sum()


@numba.njit(**SUMS)
def move_rmsprop(x, g, square, rate, rest, epsilon):  # type: ignore[no-untyped-def]  # typed by numba
    """A part of `steps.rmsprop`, and its Σ g² and Σ θ²."""
    squares, norms = rate * 0, rate * 0
    for i in range(len(x)):
        square[i] += rest * (g[i] * g[i] - square[i])
        x[i] += rate * g[i] / (np.sqrt(square[i]) + epsilon)
        squares += g[i] * g[i]
        g[i] = 0
        norms += x[i] * x[i]
    return squares, norms


@kernel(MANY, ["theta"], ["reassoc"])
def step_rmsprop(theta, g, square, rate, decay, epsilon, sums):  # type: ignore[no-untyped-def]  # typed by numba
    x, slope, s = theta.reshape(-1), g.reshape(-1), square.reshape(-1)
    parts = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    rest = theta.dtype.type(1 - np.float64(decay))
    for c in numba.prange(parts.shape[1]):
        lo, hi = c * CHUNK, (c + 1) * CHUNK
        parts[0, c], parts[1, c] = move_rmsprop(
            x[lo:hi], slope[lo:hi], s[lo:hi], rate, rest, epsilon
        )
    sums[0], sums[1] = parts[0].sum(), parts[1].sum()
