"""Matrices within a group, and limits: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

TILE = 32
"""Rows and columns of the tiles in which a matrix meets its transpose: two tiles are resident in
L1.
"""
MANY = 1 << 16


@kernel(MANY, ["M"])
def fold_pairs(M, states):  # type: ignore[no-untyped-def]  # typed by numba
    size = M.shape[0]
    tiles = (size + TILE - 1) // TILE
    for a in numba.prange(tiles):
        for b in range(a + 1):
            for r in range(a * TILE, min(size, (a + 1) * TILE)):
                for p in range(b * TILE, min(r, (b + 1) * TILE)):
                    both = M[r, p] + M[p, r]
                    M[r, p] = both
                    M[p, r] = both
    for q in numba.prange((size + states - 1) // states):
        for r in range(q * states, min(size, (q + 1) * states)):
            for p in range(q * states, min(size, (q + 1) * states)):
                M[r, p] = 0


@kernel()
def add_diagonal(M, b):  # type: ignore[no-untyped-def]  # typed by numba
    for p in range(b.shape[1]):
        b[0, p] += M[p, p]


@kernel()
def set_diagonal(x, states, S):  # type: ignore[no-untyped-def]  # typed by numba
    size = S.shape[0]
    for q in range((size + states - 1) // states):
        for r in range(q * states, min(size, (q + 1) * states)):
            for p in range(q * states, min(size, (q + 1) * states)):
                S[r, p] = x[0, p] if r == p else 0


@kernel()
def watch_states(x, far):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(x.shape[0]):
        for p in range(x.shape[1]):
            size = np.float64(abs(x[r, p]))
            if not size <= far[0]:
                far[0] = np.inf if np.isnan(size) else size


@kernel()
def watch_fields(eta2, most):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(eta2.shape[0]):
        for p in range(eta2.shape[1]):
            size = np.float64(eta2[r, p])
            if not size <= most[0]:
                most[0] = np.inf if np.isnan(size) else size


@kernel()
def set_trace(M, trace):  # type: ignore[no-untyped-def]  # typed by numba
    total = 0.0
    for p in range(M.shape[0]):
        total += M[p, p]
    trace[0, 0] = total
