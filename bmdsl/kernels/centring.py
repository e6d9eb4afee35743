"""The centred gradient: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from .table import kernel


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


@kernel()
def subtract_outer_right(x, y, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    row = y[0].astype(out.dtype)
    for r in range(out.shape[0]):
        into, factor = out[r], scale * x[0, r]
        for p in range(len(into)):
            into[p] -= factor * row[p]


@kernel()
def subtract_outer_left(x, y, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    row = y[0]
    for r in range(out.shape[0]):
        into, factor = out[r], scale * out.dtype.type(x[0, r])
        for p in range(len(into)):
            into[p] -= factor * row[p]


@kernel(fastmath=["reassoc"])
def subtract_rows_of(g, y, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    row = y[0].astype(g.dtype)
    for r in range(g.shape[0]):
        own = g[r]
        total = g.dtype.type(0)
        for p in range(len(own)):
            total += own[p] * row[p]
        out[0, r] -= scale * total


@kernel()
def subtract_columns_of(x, g, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    total = np.zeros(g.shape[1], g.dtype)
    for r in range(g.shape[0]):
        own, factor = g[r], g.dtype.type(x[0, r])
        for p in range(len(own)):
            total[p] += factor * own[p]
    into = out[0]
    for p in range(len(total)):
        into[p] -= scale * total[p]
