"""Kinds of op for one-of-K units as codes: a unit's state is a number below K, and its
field is gathered from rows of couplings that the codes of the others pick.

One-hot arrays are read once and written once a call; a sweep in between has codes alone.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from .ops import op, reads, updates, whole, writes
from .philox import uniforms

Array = np.ndarray
LANES = 16
"""Numbers that are added at once, and columns of a plane of rows of couplings."""
HALF = LANES // 2
"""Columns of the last plane, if that is enough: rows are filled up to a multiple of it."""
CHAINS = 16
"""Chains that are drawn at once."""
HIGHEST = 1 - 2.0**-23
"""The largest uniform number that is used: times a total it stays below that."""
AT_ONCE = 4
"""Units whose random numbers, for so many chains, come from one call."""


def width(states: int) -> int:
    """The numbers of a row of couplings, filled up."""
    return -(-states // HALF) * HALF


def room(units: int, states: int) -> int:
    """The numbers of all rows of a unit: whole lines of a cache."""
    return -(-units * states * width(states) // LANES) * LANES


def planes(states: int) -> list[tuple[int, int]]:
    """The first column and the number of columns of each plane of rows."""
    wide = width(states)
    return [(k, min(LANES, wide - k)) for k in range(0, wide, LANES)]


@op(
    "{C} = {S}, for each unit and each state of every other a row",
    S=reads(),
    states=whole(),
    C=writes(),
)
def rows_by_code(S: Array, states: int, C: Array) -> None:
    """C[i] has a row for every unit and state p: what it adds to the field of unit i, by the states
    of i; rows stand in `planes`, plane after plane, at 0 beyond the states.
    """
    for i, into in enumerate(C):
        wide = np.zeros((len(S), width(states)), C.dtype)
        wide[:, :states] = S[:, i * states : (i + 1) * states]
        parts = [wide[:, k : k + some].ravel() for k, some in planes(states)]
        into[:] = 0
        into[: wide.size] = np.concatenate(parts)


@op(
    "{x} ~ P(unit | rest) {steps} times, unit after unit, from {eta} and rows of {C}",
    eta=reads(),
    states=whole(),
    beta=reads(1),
    C=reads(),
    seen=reads(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    steps=whole(),
    first=whole(),
    x=updates(),
)
def draw_codes(
    eta: Array,
    states: int,
    beta: Array,
    C: Array,
    seen: Array,
    seed: int,
    stream: int,
    update: int,
    step: int,
    steps: int,
    first: int,
    x: Array,
) -> None:
    """Draws the units of every row in order, in sweep after sweep; η is the field that other groups
    and biases make.

    Units that `seen` has a value for (not NaN) keep it.
    """
    units, size = x.shape[1] // states, x.shape[1]
    parts = [
        C[:, k * size : (k + some) * size].reshape(units, size, some) for k, some in planes(states)
    ]
    rows = np.concatenate(parts, axis=2)[..., :states]
    tiles = range((units + 63) // 64)
    for r, now in product(range(len(x)), range(step, step + steps)):
        codes = codes_of(x[r], states)
        u = np.concatenate([uniforms(seed, stream, update, now, first + r, t) for t in tiles])
        for i in range(units):
            own = slice(i * states, (i + 1) * states)
            field = rows[i, np.arange(units) * states + codes].sum(axis=0, dtype=x.dtype)
            codes[i] = drawn(beta[r] * (eta[r, own] + field), x.dtype.type(u[i]))
            if len(seen) and not np.isnan(seen[r, own.start]):
                codes[i] = np.argmax(seen[r, own])
        x[r] = np.eye(states, dtype=x.dtype)[codes].ravel()


@op(
    "{X} ~ P(unit | rest) {steps} times, unit after unit, as codes",
    X=updates(),
    offset=whole(),
    base=reads(1),
    states=whole(),
    beta=reads(1),
    order=reads(1, "i8"),
    start=reads(1, "i8"),
    other=reads(1, "i4"),
    value=reads(1),
    more=reads(1, "i8"),
    more_value=reads(1),
    more_start=reads(1, "i8"),
    more_other=reads(1, "i4"),
    seen=reads(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    steps=whole(),
    first=whole(),
)
def sweep_codes(
    X: Array,
    offset: int,
    base: Array,
    states: int,
    beta: Array,
    order: Array,
    start: Array,
    other: Array,
    value: Array,
    more: Array,
    more_value: Array,
    more_start: Array,
    more_other: Array,
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
    chains = X.shape[1]
    eye = np.eye(states, dtype=X.dtype)
    for c in range(chains):
        for now in range(step, step + steps):
            for q, p in enumerate(order):
                own = range(int(p) * states, int(p) * states + states)
                field = np.array(base[own[0] : own[-1] + 1])
                for s, column in enumerate(own):
                    for e in range(start[column], start[column + 1]):
                        field[s] += value[e] * X[other[e], c]
                    for e in range(more[column], more[column + 1]):
                        near = more_other[more_start[e] : more_start[e + 1]]
                        field[s] += more_value[e] * X[near, c].prod()
                tile, place = divmod(q, AT_ONCE)
                block, lane = divmod(first + c, CHAINS)
                u = uniforms(seed, stream, update, now, block, tile)
                u_own = X.dtype.type(u[CHAINS * place + lane])
                new = eye[drawn(beta[c] * field, u_own)]
                if len(seen) and not np.isnan(seen[own[0], c]):
                    new = seen[own[0] : own[-1] + 1, c]
                X[offset + own[0] : offset + own[-1] + 1, c] = new


def codes_of(x: Array, states: int) -> Array:
    """The codes of one-hot units that stand side by side."""
    return np.argmax(x.reshape(-1, states), axis=1)


def drawn(field: Array, u: np.floating) -> int:
    """The state that a uniform number picks: the first whose running sum is above u times the
    total.
    """
    running = np.cumsum(np.exp(field - field.max()), dtype=field.dtype)
    return int((running <= min(u, field.dtype.type(HIGHEST)) * running[-1]).sum())
