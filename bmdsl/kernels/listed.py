"""Sums over couplings that are written out one by one: fields, energies and moments, for states
[row, column] of all listed groups.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba

COUPLINGS = 4096
"""Couplings that one thread takes at a time."""


@numba.njit(cache=True)
def incidence(places, target_lo, target_hi, m, counts):  # type: ignore[no-untyped-def]  # typed by numba
    """counts[p] += couplings whose m-th unit is column target_lo + p."""
    for f in range(places.shape[0]):
        p = places[f, m]
        if target_lo <= p < target_hi:
            counts[p - target_lo] += 1


@numba.njit(cache=True)
def fill_pairs(places, number, target_lo, target_hi, m, at, other, source):  # type: ignore[no-untyped-def]  # typed by numba
    """For couplings of two units, seen from the m-th: the other unit and the coupling's number, in
    order of the unit.
    """
    for f in range(places.shape[0]):
        p = places[f, m]
        if target_lo <= p < target_hi:
            e = at[p - target_lo]
            at[p - target_lo] += 1
            other[e] = places[f, 1 - m]
            source[e] = number[f]


@numba.njit(cache=True)
def fill_more(places, number, target_lo, target_hi, m, at, begin, other, source):  # type: ignore[no-untyped-def]  # typed by numba
    """The same for any number of others: begin[e] … begin[e + 1] of `other`; here begin[e] is where
    e's others go.
    """
    for f in range(places.shape[0]):
        p = places[f, m]
        if target_lo <= p < target_hi:
            e = at[p - target_lo]
            at[p - target_lo] += 1
            source[e] = number[f]
            o = begin[e]
            for k in range(places.shape[1]):
                if k != m:
                    other[o] = places[f, k]
                    o += 1


@numba.njit(cache=True, parallel=True, nogil=True)
def add_fields(x, eta, start, other, value, more, more_value, more_start, more_other):  # type: ignore[no-untyped-def]  # typed by numba
    """eta[r, p] += Σ over p's couplings of value · Π x[r, others]."""
    for r in numba.prange(eta.shape[0]):
        for p in range(eta.shape[1]):
            total = eta.dtype.type(0)
            for e in range(start[p], start[p + 1]):
                total += value[e] * x[r, other[e]]
            for e in range(more[p], more[p + 1]):
                part = more_value[e]
                for o in range(more_start[e], more_start[e + 1]):
                    part *= x[r, more_other[o]]
                total += part
            eta[r, p] += total


@numba.njit(cache=True, parallel=True, nogil=True)
def energies(x, places, value, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out[r] −= Σ_f value[f] Π_m x[r, places[f, m]], summed in double precision."""
    for r in numba.prange(out.shape[0]):
        total = 0.0
        for f in range(places.shape[0]):
            part = np.float64(value[f])
            for m in range(places.shape[1]):
                part *= x[r, places[f, m]]
            total += part
        out[r] -= total


@numba.njit(cache=True, parallel=True, nogil=True)
def moments(x, places, weights, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out[f] += Σ_r weights[r] Π_m x[places[f, m], r], for x [column, row]."""
    for b in numba.prange((places.shape[0] + COUPLINGS - 1) // COUPLINGS):
        part = np.empty(x.shape[1], out.dtype)
        for f in range(b * COUPLINGS, min(places.shape[0], (b + 1) * COUPLINGS)):
            for r in range(x.shape[1]):
                part[r] = weights[r]
            for m in range(places.shape[1]):
                row = x[places[f, m]]
                for r in range(x.shape[1]):
                    part[r] *= row[r]
            total = 0.0
            for r in range(x.shape[1]):
                total += part[r]
            out[f] += total
