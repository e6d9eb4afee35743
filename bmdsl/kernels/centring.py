"""The centred gradient: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 16
"""Entries from which on a pass over a gradient is worth threads."""
ROWS = 64
"""Rows whose columns' sums are added up together, whatever the number of threads."""


@kernel()
def follow_middle(x, wx, y, wy, slide, begun, mu):  # type: ignore[no-untyped-def]  # typed by numba
    middle = np.zeros(x.shape[1])
    for r in range(x.shape[0]):
        own, weight = x[r], np.float64(wx[r])
        for p in range(len(middle)):
            middle[p] += weight * own[p]
    for r in range(y.shape[0]):
        own, weight = y[r], np.float64(wy[r])
        for p in range(len(middle)):
            middle[p] += weight * own[p]
    offsets, share = mu[0], np.float64(slide)
    for p in range(len(middle)):
        half = middle[p] / 2
        offsets[p] = (1 - share) * offsets[p] + share * half if begun[0] else half


@kernel(MANY, ["g"], ["reassoc"])
def centre(plain_x, mu_x, scale_x, plain_y, mu_y, scale_y, g, g_x, g_y):  # type: ignore[no-untyped-def]  # typed by numba
    rows, columns = g.shape
    lefts, right, other = mu_x[0].astype(g.dtype), mu_y[0].astype(g.dtype), plain_y[0]
    parts = (rows + ROWS - 1) // ROWS
    sums = np.zeros((parts, columns), g.dtype)
    for part in numba.prange(parts):
        below = sums[part]
        for r in range(part * ROWS, min(rows, (part + 1) * ROWS)):
            into, left = g[r], lefts[r]
            own, offset = scale_x * plain_x[0, r], scale_y * left
            total = g.dtype.type(0)
            for p in range(len(into)):
                value = into[p] - (own * right[p] + offset * other[p])
                into[p] = value
                total += value * right[p]
                below[p] += left * value
            g_x[0, r] -= scale_x * total
    into = g_y[0]
    for part in range(parts):
        below = sums[part]
        for p in range(len(into)):
            into[p] -= scale_y * below[p]
