"""Kinds of op for lattices whose couplings follow from where a unit stands.

Column s of a unit of K columns and of cell c has the couplings `cells[c K + s, 0]`, …: those up to
`cells[…, 1]` have one other unit, the rest up to `cells[…, 2]` several. `entries[e]` of a coupling
of unit p: where its other units begin in `others`, the place v of its value, a step k, and of its
first other unit m and d. Column m p + d is the other unit's; of several it is others[i, 0] p +
others[i, 1] for i from entries[e, 0] to entries[e + 1, 0]. The value is couplings[v + k p], and if
k is below 0 couplings[v + Σ_a ramps[−1 − k, a] x_a] at the place x. After the axes' `lengths` stand
the most couplings and others of a unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..plan.plan import GroupPlan, Plan
from .code_ops import sweep_codes
from .listed_ops import add_listed
from .meeting_ops import sites_kind, sweep_kind
from .ops import Kind, Takes, op, reads, real, updates, whole, writes

Array = np.ndarray
LATTICE: dict[str, Any] = {
    "lengths": reads(1, "i8"),
    "cell_of": reads(1, "i4"),
    "cells": reads(2, "i8"),
    "entries": reads(2, "i8"),
    "others": reads(2, "i8"),
    "ramps": reads(2, "i8"),
}
"""The arrays by which an op finds what couples to a unit of a lattice."""
CELLS: dict[str, Takes] = {**LATTICE, "couplings": reads(1)}
"""A group's couplings, and the values of all."""
TILES: dict[str, Takes] = {
    "unit": reads(1, "i4"),
    "kind": reads(1, "i8"),
    "count": reads(1, "i8"),
    "begin": reads(1, "i8"),
}
"""Units in tiles as `meeting_ops.SITES` has them, with the cell of each tile's units, −1 if they
are of several.
"""


def cell_sweep_kind(plan: Plan, g: GroupPlan) -> Kind:
    """Updates of a group in all chains, colour after colour, in an array [column, chain] of all
    listed groups.
    """
    return sweep_kind(plan, g, CELLS, "sweep_of_cells", " of a lattice")


def cell_sites_kind(plan: Plan, g: GroupPlan) -> Kind:
    """Updates of a group in few chains, colour after colour, 64 units at a time."""
    return sites_kind(plan, g, {**TILES, **CELLS}, "sites_of_cells", " of a lattice")


@op(
    "{X} ~ P(unit | rest) {steps} times, unit after unit of a lattice, as codes",
    X=updates(),
    offset=whole(),
    base=reads(1),
    states=whole(),
    beta=reads(1),
    order=reads(1, "i8"),
    **LATTICE,
    couplings=reads(1),
    seen=reads(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    steps=whole(),
    first=whole(),
)
def sweep_codes_of_cells(
    X: Array,
    offset: int,
    base: Array,
    states: int,
    beta: Array,
    order: Array,
    lengths: Array,
    cell_of: Array,
    cells: Array,
    entries: Array,
    others: Array,
    ramps: Array,
    couplings: Array,
    seen: Array,
    seed: int,
    stream: int,
    update: int,
    step: int,
    steps: int,
    first: int,
) -> None:
    """Draws every unit of a group given the rest in all chains, in this order; X is [column, chain]
    of all groups. Units that `seen` has a value for (not NaN) keep it.
    """
    lists = written_out(
        len(order), states, lengths, cell_of, cells, entries, others, ramps, couplings
    )
    key = seed, stream, update, step, steps, first
    sweep_codes(X, offset, base, states, beta, order, *lists, seen, *key)


@op(
    "{eta} += Σ over couplings of value · Π {x}, of a lattice",
    x=reads(),
    states=whole(),
    **LATTICE,
    couplings=reads(1),
    eta=updates(),
)
def add_fields_of_cells(
    x: Array,
    states: int,
    lengths: Array,
    cell_of: Array,
    cells: Array,
    entries: Array,
    others: Array,
    ramps: Array,
    couplings: Array,
    eta: Array,
) -> None:
    """Adds what a lattice makes of x [row, column of all groups] to a group's fields."""
    where = lengths, cell_of, cells, entries, others, ramps, couplings
    add_listed(x, *written_out(len(cell_of), states, *where), eta)


@op(
    "{out} += Σ over couplings of value · Π {X}, of a lattice",
    X=reads(),
    offset=whole(),
    states=whole(),
    **LATTICE,
    couplings=reads(1),
    out=updates(1, "f8"),
)
def add_energies_of_cells(
    X: Array,
    offset: int,
    states: int,
    lengths: Array,
    cell_of: Array,
    cells: Array,
    entries: Array,
    others: Array,
    ramps: Array,
    couplings: Array,
    out: Array,
) -> None:
    """Adds the couplings whose first unit is of a group; X is [row, column of all groups]."""
    where = lengths, cell_of, cells, entries, others, ramps
    for near, value in _first_units(len(cell_of), offset, states, *where, couplings):
        out += value.astype(np.float64) * X[:, near].astype(np.float64).prod(axis=1)


@op(
    "{parts} += Σ of products of {x} by their values, weighted by {w}, in {copies} parts",
    x=reads(),
    w=reads(1),
    offset=whole(),
    states=whole(),
    first=whole(),
    **LATTICE,
    copies=whole(),
    parts=updates(1, "f8"),
    adds_to="parts",
)
def add_moments_of_cells(
    x: Array,
    w: Array,
    offset: int,
    states: int,
    first: int,
    lengths: Array,
    cell_of: Array,
    cells: Array,
    entries: Array,
    others: Array,
    ramps: Array,
    copies: int,
    parts: Array,
) -> None:
    """Adds Σ_r w_r Π x[r, units of a coupling] where the coupling's value is, the values of a term
    beginning with `first`, for the couplings whose first unit is of a group; x is [row, column of
    all groups]. In several copies of the values one has what another lacks.
    """
    places = np.arange(first + len(parts) // copies)
    where = lengths, cell_of, cells, entries, others, ramps
    for near, place in _first_units(len(cell_of), offset, states, *where, places):
        parts[place - first] += float(w @ x[:, near].prod(axis=1))


@op(
    "{out} = {scale} times the sum of {copies} parts of {parts}",
    parts=reads(1, "f8"),
    copies=whole(),
    scale=real(),
    out=writes(1),
)
def sum_copies(parts: Array, copies: int, scale: float, out: Array) -> None:
    """Moments from the sums of blocks of units."""
    out[...] = scale * parts.reshape(copies, -1).sum(axis=0)


def _first_units(
    units: int, offset: int, states: int, *where: Array
) -> Iterator[tuple[list[int], Any]]:
    """Each coupling whose first unit is of a group: its columns, and its value."""
    start, other, value, more, more_value, begin, more_other = written_out(units, states, *where)
    for column in range(units * states):
        own = offset + column
        for e in range(start[column], start[column + 1]):
            if other[e] > own:
                yield [own, int(other[e])], value[e]
        for e in range(more[column], more[column + 1]):
            near = more_other[begin[e] : begin[e + 1]]
            if not len(near) or near[0] > own:
                yield [own, *near.tolist()], more_value[e]


def written_out(
    units: int,
    states: int,
    lengths: Array,
    cell_of: Array,
    cells: Array,
    entries: Array,
    others: Array,
    ramps: Array,
    couplings: Array,
) -> tuple[Array, ...]:
    """The couplings of all units as `listed_ops` has them."""
    axes = tuple(int(n) for n in lengths[:-2])
    start, more, begin = [0], [0], [0]
    other, value, more_value, more_other = list[int](), list[float](), list[float](), list[int]()
    for p in range(units):
        place = np.unravel_index(p, axes)
        for s in range(states):
            lo, pairs, hi = (int(k) for k in cells[cell_of[p] * states + s])
            for e in range(lo, hi):
                near = others[entries[e, 0] : entries[e + 1, 0]]
                columns = (near[:, 0] * p + near[:, 1]).tolist()
                by = int(entries[e, 2])
                at = entries[e, 1] + (by * p if by >= 0 else ramps[-1 - by] @ np.array(place))
                if e < pairs:
                    other += columns
                    value.append(couplings[at])
                else:
                    more_other += columns
                    more_value.append(couplings[at])
                    begin.append(len(more_other))
            start.append(len(other))
            more.append(len(more_value))
    number = couplings.dtype
    return (
        np.array(start, np.int64),
        np.array(other, np.int32),
        np.array(value, number),
        np.array(more, np.int64),
        np.array(more_value, number),
        np.array(begin, np.int64),
        np.array(more_other, np.int32),
    )
