"""Kinds of op for couplings that are written out one by one: their values, fields and moments.

A group's couplings stand unit after unit. Those of unit p with one other unit are `start[p]`, …,
`start[p + 1]` of `other` and `value`; those with any number of others are `more[p]`, …, `more[p +
1]`, coupling e of these with the columns `more_start[e]`, …, `more_start[e + 1]` of `more_other`.
States are [row, column], or turned, [column, row].
"""

from __future__ import annotations

import numpy as np

from .ops import op, reads, real, updates, whole, writes

Array = np.ndarray


@op("{out} = 0", "i", out=writes(1))
def clear_list(out: Array) -> None:
    """All entries are 0."""
    out[...] = 0


@op(
    "{out} = {values}, in the order of {source}",
    values=reads(1),
    source=reads(1, "i8"),
    out=writes(1),
)
def gather(values: Array, source: Array, out: Array) -> None:
    """Values of couplings unit after unit."""
    out[...] = values[source]


@op(
    "{eta} += Σ over couplings of value · Π {x}",
    x=reads(),
    start=reads(1, "i8"),
    other=reads(1, "i4"),
    value=reads(1),
    more=reads(1, "i8"),
    more_value=reads(1),
    more_start=reads(1, "i8"),
    more_other=reads(1, "i4"),
    eta=updates(),
)
def add_listed(
    x: Array,
    start: Array,
    other: Array,
    value: Array,
    more: Array,
    more_value: Array,
    more_start: Array,
    more_other: Array,
    eta: Array,
) -> None:
    """Adds what listed couplings are to fields: value times the product of the other units, for
    each.
    """
    for p in range(eta.shape[1]):
        pairs = slice(int(start[p]), int(start[p + 1]))
        eta[:, p] += x[:, other[pairs]] @ value[pairs]
        for e in range(int(more[p]), int(more[p + 1])):
            others = more_other[int(more_start[e]) : int(more_start[e + 1])]
            eta[:, p] += more_value[e] * x[:, others].prod(axis=1)


@op("{X} has {x} in columns from {offset} on", x=reads(), offset=whole(), X=updates())
def join(x: Array, offset: int, X: Array) -> None:
    """A group's states among those of others."""
    X[:, offset : offset + x.shape[1]] = x


@op("{x} = columns of {X} from {offset} on", X=reads(), offset=whole(), x=writes())
def take_columns(X: Array, offset: int, x: Array) -> None:
    """A group's states out of an array that has those of others too."""
    x[...] = X[:, offset : offset + x.shape[1]]


@op("{X} = {x}ᵀ", "rc cr", x=reads(), X=writes())
def turn(x: Array, X: Array) -> None:
    """A group's states, one row of X for every unit."""
    X[...] = x.T


@op("{X} has {x}ᵀ in rows from {offset} on", x=reads(), offset=whole(), X=updates())
def turn_into(x: Array, offset: int, X: Array) -> None:
    """A group's states, one row of X for every unit, among those of other groups."""
    X[offset : offset + x.shape[1]] = x.T


@op("{x} = the rows of {X} from {offset} on, turned back", X=reads(), offset=whole(), x=writes())
def turn_back(X: Array, offset: int, x: Array) -> None:
    """A group's states out of an array that holds one row for every unit."""
    x[...] = X[offset : offset + x.shape[1]].T


@op(
    "{out} += {scale} Σ of products of {X}",
    X=reads(),
    begin=reads(1, "i8"),
    column=reads(1, "i4"),
    scale=real(),
    out=updates(1),
    adds_to="out",
)
def add_listed_moments(X: Array, begin: Array, column: Array, scale: float, out: Array) -> None:
    """Adds scale · Σ_r Π X[units of a coupling, r]; a coupling without units adds nothing."""
    for f in range(len(out)):
        units = column[int(begin[f]) : int(begin[f + 1])]
        if len(units):
            out[f] += out.dtype.type(scale) * X[units].prod(axis=0).sum()


@op(
    "{out} += {scale} Σ of products of {X}, weighted by {w}",
    X=reads(),
    begin=reads(1, "i8"),
    column=reads(1, "i4"),
    w=reads(1),
    scale=real(),
    out=updates(1),
    adds_to="out",
)
def add_weighted_listed_moments(
    X: Array, begin: Array, column: Array, w: Array, scale: float, out: Array
) -> None:
    """Adds scale · Σ_r w_r Π X[units of a coupling, r]; a coupling without units adds nothing."""
    for f in range(len(out)):
        units = column[int(begin[f]) : int(begin[f + 1])]
        if len(units):
            out[f] += out.dtype.type(scale) * (X[units].prod(axis=0) @ w)


@op(
    "{out} += Σ over couplings of {values} · Π {X}",
    X=reads(),
    begin=reads(1, "i8"),
    column=reads(1, "i4"),
    values=reads(1),
    out=updates(1, "f8"),
)
def add_listed_energies(X: Array, begin: Array, column: Array, values: Array, out: Array) -> None:
    """Adds Σ_f values[f] Π X[units of coupling f, r]; a coupling without units adds nothing."""
    for f in range(len(begin) - 1):
        units = column[int(begin[f]) : int(begin[f + 1])]
        if len(units):
            out += values[f].astype(np.float64) * X[units].prod(axis=0)
