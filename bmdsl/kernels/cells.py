"""Couplings of lattices by index arithmetic, as `schedule.cell_ops` has them: a unit's or a tile's
as lists, text that generated modules copy into their loops, and what is summed over all units.

As functions they would be called with sixteen arrays, which takes longer than all that they do.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba

Array = np.ndarray
UNITS = 4096
"""Units whose couplings one thread adds at a time."""


def couplings_of(  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    p,
    lengths,
    cell_of,
    cells,
    entries,
    others,
    ramps,
    couplings,
    at,
    start,
    other,
    value,
    more,
    more_value,
    more_start,
    more_other,
):
    """The couplings of unit p's columns, written as lists: those of column s with one other unit
    are start[s], …, start[s + 1] − 1 of `other` and `value`; those with several are more[s], ….

    `at` is room for a number a ramp.
    """
    for ramp in range(ramps.shape[0]):
        left = p
        total = 0
        for back in range(ramps.shape[1]):
            axis = ramps.shape[1] - 1 - back
            above = left // lengths[axis]
            total += ramps[ramp, axis] * (left - above * lengths[axis])
            left = above
        at[ramp] = total
    states = start.shape[0] - 1
    row = np.int64(cell_of[p]) * states
    pair = 0
    several = 0
    literal = 0
    for s in range(states):
        start[s] = pair
        more[s] = several
        for e in range(cells[row + s, 0], cells[row + s, 1]):
            by = entries[e, 2]
            moved = by * p if by >= 0 else at[-1 - by]
            other[pair] = entries[e, 3] * p + entries[e, 4]
            value[pair] = couplings[entries[e, 1] + moved]
            pair += 1
        for e in range(cells[row + s, 1], cells[row + s, 2]):
            by = entries[e, 2]
            moved = by * p if by >= 0 else at[-1 - by]
            more_value[several] = couplings[entries[e, 1] + moved]
            more_start[several] = literal
            for i in range(entries[e, 0], entries[e + 1, 0]):
                more_other[literal] = others[i, 0] * p + others[i, 1]
                literal += 1
            several += 1
    start[states] = pair
    more[states] = several
    more_start[several] = literal


def places_of_ramps(q, lengths, ramps, at):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """at[ramp]: by how much values have moved at unit q that follow no steps of the flat place."""
    for ramp in range(ramps.shape[0]):
        left = q
        total = 0
        for back in range(ramps.shape[1]):
            axis = ramps.shape[1] - 1 - back
            above = left // lengths[axis]
            total += ramps[ramp, axis] * (left - above * lengths[axis])
            left = above
        at[ramp] = total


def spread_of(  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    r, q, s, states, delta, offset, cell_of, cells, entries, others, couplings, at, X, eta
):
    """Tells the fields eta[r] of a group of a change `delta` in its column s of unit q; its columns
    begin at `offset` in X.
    """
    row = np.int64(cell_of[q]) * states + s
    for e in range(cells[row, 0], cells[row, 1]):
        d = entries[e, 3] * q + entries[e, 4] - offset
        if 0 <= d < eta.shape[1]:
            by = entries[e, 2]
            moved = by * q if by >= 0 else at[-1 - by]
            eta[r, d] += delta * couplings[entries[e, 1] + moved]
    for e in range(cells[row, 1], cells[row, 2]):
        by = entries[e, 2]
        moved = by * q if by >= 0 else at[-1 - by]
        for o in range(entries[e, 0], entries[e + 1, 0]):
            d = others[o, 0] * q + others[o, 1] - offset
            if 0 <= d < eta.shape[1]:
                w = delta * couplings[entries[e, 1] + moved]
                for m in range(entries[e, 0], entries[e + 1, 0]):
                    if m != o:
                        w *= X[r, others[m, 0] * q + others[m, 1]]
                eta[r, d] += w


def couplings_of_tile(  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    own,
    cell,
    lengths,
    cell_of,
    cells,
    entries,
    others,
    ramps,
    couplings,
    near,
    value,
    start,
    middle,
    first,
):
    """The couplings of 64 units that have as many: those of state s are start[s], …, start[s + 1] −
    1, pairs up to middle[s]; unit q's value of coupling e is value[64 e + q], and its other units'
    columns are near[64 i + q] for i = first[e], …, first[e + 1] − 1.

    `cell` is that of all of them, −1 if they are of several.
    """
    here = cell if cell >= 0 else np.int64(cell_of[own[0]])
    number = 0
    literal = 0
    for s in range(start.shape[0] - 1):
        row = here * (start.shape[0] - 1) + s
        start[s] = number
        middle[s] = number + cells[row, 1] - cells[row, 0]
        for e in range(cells[row, 0], cells[row, 2]):
            first[number] = literal
            w_of = value[64 * number : 64 * number + 64]
            by = entries[e, 2]
            place = entries[e, 1]
            if cell >= 0 and by == 0:
                weight = couplings[place]
                for q in range(64):
                    w_of[q] = weight
            elif cell >= 0 and by > 0:
                for q in range(64):
                    w_of[q] = couplings[np.uint64(place + by * own[q])]
            else:
                for q in range(64):
                    p = np.int64(own[q])
                    k = cells[np.int64(cell_of[p]) * (start.shape[0] - 1) + s, 0] + e
                    k -= cells[row, 0]
                    by = entries[k, 2]
                    place = entries[k, 1]
                    if by >= 0:
                        place += by * p
                    else:
                        left = p
                        for back in range(ramps.shape[1]):
                            axis = ramps.shape[1] - 1 - back
                            above = left // lengths[axis]
                            place += ramps[-1 - by, axis] * (left - above * lengths[axis])
                            left = above
                    w_of[q] = couplings[place]
            for i in range(entries[e, 0], entries[e + 1, 0]):
                d_of = near[64 * literal : 64 * literal + 64]
                if cell >= 0:
                    scale = others[i, 0]
                    apart = others[i, 1]
                    for q in range(64):
                        d_of[q] = scale * own[q] + apart
                else:
                    for q in range(64):
                        p = np.int64(own[q])
                        k = cells[np.int64(cell_of[p]) * (start.shape[0] - 1) + s, 0] + e
                        k = entries[k - cells[row, 0], 0] + i - entries[e, 0]
                        d_of[q] = others[k, 0] * p + others[k, 1]
                literal += 1
            number += 1
    start[start.shape[0] - 1] = number
    first[number] = literal


@numba.njit(cache=True)
def places_of_values(p, lengths, ramps, at):  # type: ignore[no-untyped-def]  # typed by numba
    """How far values are moved that follow no steps of the flat place: at[r] = Σ_a ramps[r, a]
    x_a.
    """
    for r in range(len(ramps)):
        left, at[r] = p, 0
        for back in range(ramps.shape[1]):
            a = ramps.shape[1] - 1 - back
            above = left // lengths[a]
            at[r] += ramps[r, a] * (left - above * lengths[a])
            left = above


@numba.njit(cache=True)
def greedy_colours(size, states, offset, lengths, cell_of, cells, entries, others, ramps):  # type: ignore[no-untyped-def]  # typed by numba
    """Colours of a group's units, first fit in their own order: [size]. Its columns begin at
    `offset`.
    """
    colours = np.full(size, -1, np.int32)
    taken = np.full(lengths[len(lengths) - 2] + lengths[len(lengths) - 1] + 2, -1, np.int64)
    for p in range(size):
        first = np.int64(cell_of[p]) * states
        for e in range(cells[first, 0], cells[first + states - 1, 2]):
            for i in range(entries[e, 0], entries[e + 1, 0]):
                q = others[i, 0] * p + others[i, 1] - offset
                if 0 <= q < size * states and colours[q // states] >= 0:
                    taken[colours[q // states]] = p
        c = 0
        while taken[c] == p:
            c += 1
        colours[p] = c
    return colours


@numba.njit(cache=True, parallel=True, nogil=True)
def _energies(  # type: ignore[no-untyped-def]  # typed by numba
    x, size, states, offset, lengths, cell_of, cells, entries, others, ramps, couplings
):
    rows = x.shape[0]
    blocks = (size + UNITS - 1) // UNITS
    parts = np.zeros((blocks, rows))
    for b in numba.prange(blocks):
        total, at = parts[b], np.zeros(len(ramps), np.int64)
        for p in range(b * UNITS, min(size, (b + 1) * UNITS)):
            first = np.int64(cell_of[p]) * states
            if len(ramps):
                places_of_values(p, lengths, ramps, at)
            for s in range(states):
                own = offset + p * states + s
                for e in range(cells[first + s, 0], cells[first + s, 2]):
                    lo, hi, by = entries[e, 0], entries[e + 1, 0], entries[e, 2]
                    d = others[lo, 0] * p + others[lo, 1]
                    if d < own:  # each coupling once, at its first unit
                        continue
                    w = np.float64(couplings[entries[e, 1] + (by * p if by >= 0 else at[-1 - by])])
                    if hi - lo == 1:
                        for r in range(rows):
                            total[r] += w * x[r, own] * x[r, d]
                    else:
                        for r in range(rows):
                            part = w * x[r, own]
                            for i in range(lo, hi):
                                part *= x[r, others[i, 0] * p + others[i, 1]]
                            total[r] += part
    return parts


@numba.njit(cache=True, parallel=True, nogil=True, fastmath={"reassoc"})
def _energies_of_runs(  # type: ignore[no-untyped-def]  # typed by numba
    x, size, offset, lengths, cell_of, cells, entries, others, ramps, couplings
):
    """Parts of the sum over couplings of units that are a number each, [blocks, rows]: places of
    one cell that follow one another are added together.
    """
    rows, blocks = x.shape[0], (size + UNITS - 1) // UNITS
    parts = np.zeros((blocks, rows))
    for b in numba.prange(blocks):
        total, at = parts[b], np.zeros(len(ramps), np.int64)
        weight, end = np.zeros(UNITS), min(size, (b + 1) * UNITS)
        p = b * UNITS
        while p < end:
            cell, stop = np.int64(cell_of[p]), p + 1
            while stop < end and cell_of[stop] == cell:
                stop += 1
            count, own = stop - p, offset + p
            for e in range(cells[cell, 0], cells[cell, 2]):
                lo, hi, by = entries[e, 0], entries[e + 1, 0], entries[e, 2]
                wide, d = others[lo, 0], others[lo, 0] * p + others[lo, 1]
                if d < own:  # each coupling once, at its first unit
                    continue
                for q in range(count):
                    if by < 0:
                        places_of_values(p + q, lengths, ramps, at)
                    moved = by * (p + q) if by >= 0 else at[-1 - by]
                    weight[q] = couplings[entries[e, 1] + moved]
                for r in range(rows):
                    own_of, part = x[r, own : own + count], 0.0
                    if hi - lo == 1 and wide == 1:
                        near = x[r, d : d + count]
                        for q in range(count):
                            part += weight[q] * own_of[q] * near[q]
                    else:
                        for q in range(count):
                            one = weight[q] * own_of[q]
                            for i in range(lo, hi):
                                one *= x[r, others[i, 0] * (p + q) + others[i, 1]]
                            part += one
                    total[r] += part
            p = stop
    return parts


def add_energies_by_cells(
    x: Array,
    size: int,
    states: int,
    offset: int,
    cells: tuple[Array, ...],
    couplings: Array,
    out: Array,
) -> None:
    """out[r] −= Σ over couplings, seen from the first of their units, of value · Π x[r, units],
    summed in double precision, [rows].
    """
    if states == 1:
        parts = _energies_of_runs(x, size, offset, *cells, couplings)  # type: ignore[call-arg]  # numba's
    else:
        parts = _energies(x, size, states, offset, *cells, couplings)  # type: ignore[call-arg]  # numba's
    out -= parts.sum(axis=0)
