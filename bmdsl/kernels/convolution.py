"""Fields and gradients of a term whose parameter is shared over sites, W [k, r] between y [k,
sites] and x [r, sites]:

    η_y[k, s] += Σ_r W[k, r] x[r, s]      η_x[r, s] += Σ_k W[k, r] y[k, s]      ∂W[k, r] = Σ_cases
    Σ_s y[k, s] x[r, s]

Cases are taken a few at a time, so that their sites stand side by side in one product and what is
gathered stays in the cache: nothing grows with the number of cases. Tiles are spread over numba's
threads, each with the BLAS on one thread (`products`); the result does not depend on their number.
"""

from __future__ import annotations

import functools

import numpy as np

from ..native import deferred as numba
from .gemm import use_quickest
from .products import WAYS, gemm
from .runs import gather, scatter
from .unfold import Array, Side

SITES = 256
"""Columns of a tile's product: fewer leave the larger matrix to be read again for every few cases.
"""


@numba.njit(cache=True, parallel=True, nogil=True)
def _field(
    w,
    turned,
    x,
    runs_x,
    direct_x,
    rows_x,
    out,
    runs_y,
    direct_y,
    rows_y,
    sites,
    together,
    adding,
    writing,
):  # type: ignore[no-untyped-def]  # numba
    cases = x.shape[0]
    tiles = (cases + together - 1) // together
    parts = min(tiles, 2 * WAYS)
    for part in numba.prange(parts):
        width = together * sites
        seen = (
            np.zeros((rows_x, width), x.dtype)
            if not (direct_x and together == 1)
            else np.empty((0, 0), x.dtype)
        )
        made = (
            np.empty((rows_y, width), x.dtype)
            if not (direct_y and together == 1)
            else np.empty((0, 0), x.dtype)
        )
        for tile in range(part * tiles // parts, (part + 1) * tiles // parts):
            lo, hi = tile * together, min(cases, (tile + 1) * together)
            n = (hi - lo) * sites
            if seen.size:
                for c in range(lo, hi):
                    gather(x[c], runs_x, (c - lo) * sites, seen)
                left = seen
            else:
                left = x[lo:hi].reshape(rows_x, sites)
            if made.size:
                gemm(
                    turned,
                    False,
                    rows_y,
                    n,
                    rows_x,
                    writing,
                    w,
                    w.shape[1],
                    left,
                    left.shape[1],
                    made,
                    width,
                )
            else:
                right = out[lo:hi].reshape(rows_y, sites)
                gemm(
                    turned,
                    False,
                    rows_y,
                    n,
                    rows_x,
                    adding,
                    w,
                    w.shape[1],
                    left,
                    left.shape[1],
                    right,
                    sites,
                )
            if made.size:
                for c in range(lo, hi):
                    scatter(made, (c - lo) * sites, runs_y, out[c])


@numba.njit(cache=True, parallel=True, nogil=True)
def _moment(y, runs_y, direct_y, rows_y, x, runs_x, rows_x, sites, together, weights, out, factors):  # type: ignore[no-untyped-def]  # typed by numba
    cases = x.shape[0]
    tiles = (cases + together - 1) // together
    parts = min(tiles, WAYS)
    for part in numba.prange(parts):
        width = together * sites
        left, right = np.zeros((rows_y, width), x.dtype), np.zeros((rows_x, width), x.dtype)
        for tile in range(part * tiles // parts, (part + 1) * tiles // parts):
            lo, hi = tile * together, min(cases, (tile + 1) * together)
            for c in range(lo, hi):
                gather(x[c], runs_x, (c - lo) * sites, right)
                gather(y[c], runs_y, (c - lo) * sites, left)
                if weights.size:
                    left[:, (c - lo) * sites : (c - lo + 1) * sites] *= weights[c]
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
                out[part],
                rows_x,
            )


def _together(sites: int, cases: int) -> int:
    return max(1, min(cases, (SITES + sites - 1) // sites))


def add_field(
    w: Array, turned: bool, x: Array, of: Side, to: Side, out: Array, scale: float
) -> None:
    """out += scale · (W x, or Wᵀ x where `turned`), case by case: x [cases, size] through `of`, out
    [cases, size] through `to`.
    """
    if len(x) and w.size and of.sites:
        x = np.ascontiguousarray(x)
        use_quickest(x.dtype.char)
        _field(
            w,
            turned,
            x,
            of.runs,
            of.direct,
            of.rows,
            out,
            to.runs,
            to.direct,
            to.rows,
            of.sites,
            _together(of.sites, len(x)),
            *_scales(scale, out.dtype.char),
        )


@functools.cache
def _scales(scale: float, kind: str) -> tuple[Array, Array]:
    """BLAS's alpha and beta, by address: to add to what is there, and to write over it."""
    return np.array([scale, 1.0], kind), np.array([scale, 0.0], kind)


def moment(y: Array, of_y: Side, x: Array, of_x: Side, weights: Array) -> Array:
    """[rows of y, rows of x]: Σ over cases and sites of weight · y x."""
    cases, together = len(x), _together(of_x.sites, len(x))
    parts = np.zeros((min((cases + together - 1) // together, WAYS), of_y.rows, of_x.rows), x.dtype)
    if cases and of_x.sites:
        even = bool((weights == 1).all())
        use_quickest(x.dtype.char)
        _moment(
            np.ascontiguousarray(y),
            of_y.runs,
            of_y.direct,
            of_y.rows,
            np.ascontiguousarray(x),
            of_x.runs,
            of_x.rows,
            of_x.sites,
            together,
            weights[:0] if even else weights,
            parts,
            _scales(1.0, x.dtype.char)[0],
        )
    return parts.sum(axis=0)
