"""Terms that reach units by index arithmetic: compiled twins of the kinds of op of these names.

    η_y[k, s] += Σ_r W[k, r] x[r, s]      ∂W[k, r] = Σ_cases Σ_s y[k, s] x[r, s]

Cases are taken a few at a time, so that their sites stand side by side in one product and what is
gathered stays in the cache: nothing grows with the number of cases.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .convolution import SITES
from .products import WAYS, gemm
from .runs import gather, scatter
from .table import kernel

WORK = float(1 << 26)
"""Product of the sizes of states and parameter from which on a convolution is worth threads."""
MANY = 1 << 16


@numba.njit(cache=True)
def _take(x, runs, first, sites, out):  # type: ignore[no-untyped-def]  # typed by numba
    """One case's states as columns `first`, ... of a matrix [row, site]."""
    if runs.shape[0] > 0:
        gather(x, runs, first, out)
    else:
        for row in range(out.shape[0]):
            into, own = out[row, first : first + sites], x[row * sites : (row + 1) * sites]
            for s in range(len(into)):
                into[s] = own[s]


@numba.njit(cache=True)
def _give(made, first, sites, runs, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Adds columns `first`, ... of a matrix [row, site] to one case's fields."""
    if runs.shape[0] > 0:
        scatter(made, first, runs, out)
    else:
        for row in range(made.shape[0]):
            into, own = out[row * sites : (row + 1) * sites], made[row, first : first + sites]
            for s in range(len(into)):
                into[s] += own[s]


@numba.njit(cache=True)
def _together(sites, cases):  # type: ignore[no-untyped-def]  # typed by numba
    """Cases whose sites stand side by side in one product."""
    return max(1, min(cases, (SITES + sites - 1) // sites))


@kernel(WORK, ["x", "W"])
def convolve(x, runs_x, W, turned, sites, runs_eta, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    rows_x = W.shape[0] if turned else W.shape[1]
    rows_eta = W.shape[1] if turned else W.shape[0]
    cases = x.shape[0]
    together = _together(sites, cases)
    plain_x, plain_eta = (
        runs_x.shape[0] == 0 and together == 1,
        runs_eta.shape[0] == 0 and together == 1,
    )
    adding, writing = (
        np.array([eta.dtype.type(scale), eta.dtype.type(1)]),
        np.array([eta.dtype.type(scale), eta.dtype.type(0)]),
    )
    tiles = (cases + together - 1) // together
    parts = min(tiles, 2 * WAYS)
    for part in numba.prange(parts):
        width = together * sites
        seen = np.zeros((0 if plain_x else rows_x, width), x.dtype)
        made = np.empty((0 if plain_eta else rows_eta, width), x.dtype)
        for tile in range(part * tiles // parts, (part + 1) * tiles // parts):
            lo, hi = tile * together, min(cases, (tile + 1) * together)
            n = (hi - lo) * sites
            left = seen[:]
            if plain_x:
                left = x[lo].reshape(rows_x, sites)
            else:
                for c in range(lo, hi):
                    _take(x[c], runs_x, (c - lo) * sites, sites, seen)
            if plain_eta:
                right = eta[lo].reshape(rows_eta, sites)
                gemm(
                    turned != 0,
                    False,
                    rows_eta,
                    n,
                    rows_x,
                    adding,
                    W,
                    W.shape[1],
                    left,
                    left.shape[1],
                    right,
                    sites,
                )
            else:
                gemm(
                    turned != 0,
                    False,
                    rows_eta,
                    n,
                    rows_x,
                    writing,
                    W,
                    W.shape[1],
                    left,
                    left.shape[1],
                    made,
                    width,
                )
                for c in range(lo, hi):
                    _give(made, (c - lo) * sites, sites, runs_eta, eta[c])


@kernel(WORK, ["x", "out"])
def add_convolved_moment(y, runs_y, x, runs_x, sites, w, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    rows_y, rows_x = out.shape
    cases = x.shape[0]
    together = _together(sites, cases)
    tiles = (cases + together - 1) // together
    parts = min(tiles, WAYS)
    sums = np.zeros((parts, rows_y, rows_x), x.dtype)
    factors = np.array([x.dtype.type(scale), x.dtype.type(1)])
    plain_y = runs_y.shape[0] == 0 and together == 1 and len(w) == 0
    for part in numba.prange(parts):
        width = together * sites
        own = np.zeros((0 if plain_y else rows_y, width), x.dtype)
        right = np.zeros((rows_x, width), x.dtype)
        for tile in range(part * tiles // parts, (part + 1) * tiles // parts):
            lo, hi = tile * together, min(cases, (tile + 1) * together)
            left = own[:]
            if plain_y:
                left = y[lo].reshape(rows_y, sites)
            for c in range(lo, hi):
                first = (c - lo) * sites
                _take(x[c], runs_x, first, sites, right)
                if not plain_y:
                    _take(y[c], runs_y, first, sites, own)
                if len(w) > 0:
                    for r in range(rows_y):
                        weighed = own[r, first : first + sites]
                        for s in range(sites):
                            weighed[s] *= w[c]
            gemm(
                False,
                True,
                rows_y,
                rows_x,
                (hi - lo) * sites,
                factors,
                left,
                width,
                right,
                width,
                sums[part],
                rows_x,
            )
    for part in range(parts):
        for r in range(rows_y):
            into, own = out[r], sums[part, r]
            for p in range(len(into)):
                into[p] += own[p]


@kernel(MANY, ["out"])
def gather_columns(x, columns, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own, into = x[r], out[r]
        for p in range(len(columns)):
            into[p] = own[columns[p]] if columns[p] >= 0 else own[0] * 0


@kernel(MANY, ["x"])
def scatter_columns(x, columns, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(x.shape[0]):
        own, into = x[r], out[r]
        for p in range(len(columns)):
            if columns[p] >= 0:
                into[columns[p]] += scale * own[p]
