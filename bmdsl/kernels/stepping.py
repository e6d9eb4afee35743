"""Optimizers' steps: compiled twins of the kinds of op of these names.

One pass over a parameter each.
"""

from __future__ import annotations

import numba
import numpy as np

from .table import kernel

CHUNK = 1 << 14
MANY = 1 << 16


@kernel(MANY, ["theta"], ["reassoc"])
def step_sgd(theta, g, velocity, rate, momentum, nesterov, sums):  # type: ignore[no-untyped-def]  # typed by numba
    x, slope, speed = theta.reshape(-1), g.reshape(-1), velocity.reshape(-1)
    parts = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    moving = len(speed) > 0
    for c in numba.prange(parts.shape[1]):
        squares, norms = rate * 0, rate * 0
        part = slice(c * CHUNK, (c + 1) * CHUNK)
        xs, gs, us = x[part], slope[part], speed[part]
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
        parts[0, c] = squares
        parts[1, c] = norms
    sums[0], sums[1] = parts[0].sum(), parts[1].sum()


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
        squares, norms = size * 0, size * 0
        part = slice(c * CHUNK, (c + 1) * CHUNK)
        xs, gs, ms, qs = x[part], slope[part], m[part], s[part]
        for i in range(len(xs)):
            ms[i] += rest1 * (gs[i] - ms[i])
            qs[i] += rest2 * (gs[i] * gs[i] - qs[i])
            xs[i] += size * ms[i] / (np.sqrt(qs[i] / correction) + epsilon)
            squares += gs[i] * gs[i]
            gs[i] = 0
            norms += xs[i] * xs[i]
        parts[0, c] = squares
        parts[1, c] = norms
    sums[0], sums[1] = parts[0].sum(), parts[1].sum()


@kernel(MANY, ["theta"], ["reassoc"])
def step_rmsprop(theta, g, square, rate, decay, epsilon, sums):  # type: ignore[no-untyped-def]  # typed by numba
    x, slope, s = theta.reshape(-1), g.reshape(-1), square.reshape(-1)
    parts = np.zeros((2, (len(x) + CHUNK - 1) // CHUNK))
    rest = theta.dtype.type(1 - np.float64(decay))
    for c in numba.prange(parts.shape[1]):
        squares, norms = rate * 0, rate * 0
        part = slice(c * CHUNK, (c + 1) * CHUNK)
        xs, gs, qs = x[part], slope[part], s[part]
        for i in range(len(xs)):
            qs[i] += rest * (gs[i] * gs[i] - qs[i])
            xs[i] += rate * gs[i] / (np.sqrt(qs[i]) + epsilon)
            squares += gs[i] * gs[i]
            gs[i] = 0
            norms += xs[i] * xs[i]
        parts[0, c] = squares
        parts[1, c] = norms
    sums[0], sums[1] = parts[0].sum(), parts[1].sum()
