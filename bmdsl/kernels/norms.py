"""Norms of weight vectors made alike: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from .table import kernel

TINY = 1e-12


@kernel()
def pull_columns(W, mu, strength, g, slope):  # type: ignore[no-untyped-def]  # typed by numba
    norm = np.zeros(W.shape[1])
    for r in range(W.shape[0]):
        for p in range(W.shape[1]):
            norm[p] += np.float64(W[r, p]) * np.float64(W[r, p])
    total = np.float64(0)
    pull = np.empty(W.shape[1], W.dtype)
    for p in range(W.shape[1]):
        length = np.sqrt(norm[p])
        total += length - mu[0]
        pull[p] = 2 * strength * (length - mu[0]) / max(length, TINY)
    for r in range(W.shape[0]):
        for p in range(W.shape[1]):
            g[r, p] -= pull[p] * W[r, p]
    slope[0] = -2 * strength * total


@kernel()
def pull_rows(W, mu, strength, g, slope):  # type: ignore[no-untyped-def]  # typed by numba
    total = np.float64(0)
    for r in range(W.shape[0]):
        norm = np.float64(0)
        for p in range(W.shape[1]):
            norm += np.float64(W[r, p]) * np.float64(W[r, p])
        length = np.sqrt(norm)
        total += length - mu[0]
        pull = W.dtype.type(2 * strength * (length - mu[0]) / max(length, TINY))
        for p in range(W.shape[1]):
            g[r, p] -= pull * W[r, p]
    slope[0] = -2 * strength * total


@kernel()
def draw_together(mu, other, coupling, slope, other_slope):  # type: ignore[no-untyped-def]  # typed by numba
    apart = 2 * coupling * (mu[0] - other[0])
    slope[0] += apart
    other_slope[0] -= apart


@kernel()
def step_norm(slope, rate, damping, mu):  # type: ignore[no-untyped-def]  # typed by numba
    mu[0] -= rate * damping * slope[0]
