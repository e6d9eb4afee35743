"""Fields, energies and moments of lattices without a list of couplings: compiled twins of the kinds
of op of these names.

Places of one cell that follow one another are a run: in it the other units and the value of a
coupling move with the place by fixed steps.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .cells import places_of_values
from .table import kernel

RUN = 2048
"""Places of a run at most: what is made of them stays in the first cache."""
MANY = 1 << 14


@numba.njit(cache=True)
def end_of_run(cell_of, p, end):  # type: ignore[no-untyped-def]  # typed by numba
    """The place after the run that begins at p."""
    cell, stop = cell_of[p], p + 1
    end = min(end, p + RUN)
    while stop < end and cell_of[stop] == cell:
        stop += 1
    return stop


@numba.njit(cache=True)
def values_of_run(couplings, first, by, p, count, lengths, ramps, at, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out[q] = the value of a coupling of unit p + q."""
    if by == 0:
        w = couplings[first]
        for q in range(count):
            out[q] = w
    elif by > 0:
        for q in range(count):
            out[q] = couplings[first + by * (p + q)]
    else:
        for q in range(count):
            places_of_values(p + q, lengths, ramps, at)
            out[q] = couplings[first + at[-1 - by]]


@numba.njit(cache=True)
def times_column(x, scale, begin, count, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out[q] *= x[begin + scale q]."""
    if scale == 1:
        own = x[begin : begin + count]
        for q in range(count):
            out[q] *= own[q]
    else:
        for q in range(count):
            out[q] *= x[begin + scale * q]


@kernel(MANY, ["eta"])
def add_fields_of_cells(  # type: ignore[no-untyped-def]  # typed by numba
    x, states, lengths, cell_of, cells, entries, others, ramps, couplings, eta
):
    chunks = (len(cell_of) + RUN - 1) // RUN
    for j in numba.prange(eta.shape[0] * chunks):
        own, into, b = x[j // chunks], eta[j // chunks], j % chunks
        total, part, at = (
            np.empty(RUN, x.dtype),
            np.empty(RUN, x.dtype),
            np.zeros(len(ramps), np.int64),
        )
        p, end = b * RUN, min(len(cell_of), (b + 1) * RUN)
        while p < end:
            stop = end_of_run(cell_of, p, end)
            count = stop - p
            for s in range(states):
                row = np.int64(cell_of[p]) * states + s
                for q in range(count):
                    total[q] = 0
                for e in range(cells[row, 0], cells[row, 2]):
                    values_of_run(
                        couplings, entries[e, 1], entries[e, 2], p, count, lengths, ramps, at, part
                    )
                    for i in range(entries[e, 0], entries[e + 1, 0]):
                        times_column(
                            own, others[i, 0], others[i, 0] * p + others[i, 1], count, part
                        )
                    for q in range(count):
                        total[q] += part[q]
                for q in range(count):
                    into[(p + q) * states + s] += total[q]
            p = stop


@kernel(MANY, ["X"], ["reassoc"])
def add_energies_of_cells(  # type: ignore[no-untyped-def]  # typed by numba
    X, offset, states, lengths, cell_of, cells, entries, others, ramps, couplings, out
):
    for r in numba.prange(X.shape[0]):
        own, part, at = X[r], np.empty(RUN), np.zeros(len(ramps), np.int64)
        p, total = 0, 0.0
        while p < len(cell_of):
            stop = end_of_run(cell_of, p, len(cell_of))
            count = stop - p
            for s in range(states):
                row = np.int64(cell_of[p]) * states + s
                first = offset + p * states + s
                for e in range(cells[row, 0], cells[row, 2]):
                    lo, hi = entries[e, 0], entries[e + 1, 0]
                    if hi > lo and others[lo, 0] * p + others[lo, 1] < first:
                        continue  # each coupling once, at its first unit
                    values_of_run(
                        couplings, entries[e, 1], entries[e, 2], p, count, lengths, ramps, at, part
                    )
                    times_column(own, states, first, count, part)
                    for i in range(lo, hi):
                        times_column(
                            own, others[i, 0], others[i, 0] * p + others[i, 1], count, part
                        )
                    for q in range(count):
                        total += part[q]
            p = stop
        out[r] += total


@kernel(MANY, ["x"], ["reassoc"])
def add_moments_of_cells(  # type: ignore[no-untyped-def]  # typed by numba
    x, w, offset, states, first, lengths, cell_of, cells, entries, others, ramps, copies, parts
):
    size = len(cell_of)
    blocks = copies if copies > 1 else (size + RUN - 1) // RUN  # one copy: no value is shared
    for b in numba.prange(blocks):
        wide = len(parts) // copies
        own_copy = b if copies > 1 else 0
        into = parts[wide * own_copy : wide * (own_copy + 1)]
        total, part, at = (
            np.empty(RUN, x.dtype),
            np.empty(RUN, x.dtype),
            np.zeros(len(ramps), np.int64),
        )
        p, end = size * b // blocks, size * (b + 1) // blocks
        while p < end:
            stop = end_of_run(cell_of, p, end)
            count = stop - p
            for s in range(states):
                row = np.int64(cell_of[p]) * states + s
                begin = offset + p * states + s
                for e in range(cells[row, 0], cells[row, 2]):
                    lo, hi, by = entries[e, 0], entries[e + 1, 0], entries[e, 2]
                    if hi > lo and others[lo, 0] * p + others[lo, 1] < begin:
                        continue  # each coupling once, at its first unit
                    for q in range(count):
                        total[q] = 0
                    for r in range(x.shape[0]):
                        own = x[r]
                        for q in range(count):
                            part[q] = w[r]
                        times_column(own, states, begin, count, part)
                        for i in range(lo, hi):
                            times_column(
                                own, others[i, 0], others[i, 0] * p + others[i, 1], count, part
                            )
                        for q in range(count):
                            total[q] += part[q]
                    place = entries[e, 1] - first
                    if by == 0:
                        whole = 0.0
                        for q in range(count):
                            whole += total[q]
                        into[place] += whole
                    elif by > 0:
                        for q in range(count):
                            into[place + by * (p + q)] += total[q]
                    else:
                        for q in range(count):
                            places_of_values(p + q, lengths, ramps, at)
                            into[place + at[-1 - by]] += total[q]
            p = stop


@kernel()
def sum_copies(parts, copies, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    wide = len(parts) // copies
    for f in range(wide):
        total = 0.0
        for b in range(copies):
            total += parts[b * wide + f]
        out[f] = scale * total
