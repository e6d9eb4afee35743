"""Kinds of op of fixed-point iterations, and of gaps in data."""

from __future__ import annotations

import numpy as np

from .ops import double, op, reads, real, updates, whole, writes

Array = np.ndarray


@op(
    "{x} = ({keep}) {old} + (1 − {keep}) {x}",
    indices="rj rj",
    x=updates(),
    old=reads(),
    keep=real(),
)
def blend(x: Array, old: Array, keep: float) -> None:
    """Damps an iteration: a share `keep` of what was there before."""
    real = x.dtype.type
    x[...] = real(1 - keep) * x + real(keep) * old


@op(
    "{m} = {new}; how far each row moved",
    new=reads(),
    first=whole(),
    m=updates(),
    moved=updates(1, "f8"),
)
def move(new: Array, first: int, m: Array, moved: Array) -> None:
    """Takes new means over; moved[r] is the largest change of row r, of all groups since the
    `first`.
    """
    if not len(m):
        return
    change = np.abs(new - m).max(axis=1, initial=0)
    moved[: len(m)] = change if first else np.maximum(moved[: len(m)], change)
    m[...] = new


@op(
    "which cases have settled",
    moved=reads(1, "f8"),
    tol=double(),
    share=double(),
    place=updates(1, "i8"),
    state=updates(1, "i8"),
    chosen=writes(1, "i8"),
    going=updates(1, "i8"),
    used=updates(1, "i8"),
    apart="going used",
)
def judge(
    moved: Array,
    tol: float,
    share: float,
    place: Array,
    state: Array,
    chosen: Array,
    going: Array,
    used: Array,
) -> None:
    """Marks what rows are after one more iteration.

    state[r] becomes 1 if row r has just settled and 2 once its means were taken away. going[1]
    counts the rows that still move; chosen[: going[2]] are those that stay in the arrays, all of
    them unless few still move.
    """
    used[0] += 1
    rows = int(going[0])
    state[:rows][state[:rows] == 1] = 2
    fresh = (state[:rows] == 0) & (moved[:rows] < tol)
    state[:rows][fresh] = 1
    left = int((state[:rows] == 0).sum())
    going[1] = left
    keep = np.flatnonzero(state[:rows] == 0) if left <= share * int(going[3]) else np.arange(rows)
    chosen[: len(keep)] = keep
    going[2] = len(keep) if left else 0


@op(
    "{out}[place] = {m} of the rows that settled",
    m=reads(),
    state=reads(1, "i8"),
    place=reads(1, "i8"),
    wanted=whole(),
    out=updates(),
)
def put_rows(m: Array, state: Array, place: Array, wanted: int, out: Array) -> None:
    """Writes rows in this state into their cases' places."""
    rows = np.flatnonzero(state[: len(m)] == wanted)
    out[place[rows]] = m[rows]


@op("{x} = the chosen rows of {x}", x=updates(), chosen=reads(1, "i8"), going=reads(1, "i8"))
def keep_rows(x: Array, chosen: Array, going: Array) -> None:
    """Moves the rows that stay to the front."""
    count = int(going[2])
    if count < int(going[0]):
        x[:count] = x[chosen[:count]]


@op(
    "{place} and {state} of the chosen rows",
    chosen=reads(1, "i8"),
    place=updates(1, "i8"),
    state=updates(1, "i8"),
    going=updates(1, "i8"),
    apart="going",
)
def keep_places(chosen: Array, place: Array, state: Array, going: Array) -> None:
    """The same for the rows' places and states; going[0] is then how many rows are left."""
    count = int(going[2])
    if count < int(going[0]):
        place[:count] = place[chosen[:count]]
        state[:count] = state[chosen[:count]]
        going[3] = count
    going[0] = count


@op(
    "all rows are at work",
    like=reads(),
    place=writes(1, "i8"),
    state=writes(1, "i8"),
    moved=writes(1, "f8"),
    going=writes(1, "i8"),
    used=writes(1, "i8"),
    apart="going used",
)
def begin_iterations(
    like: Array, place: Array, state: Array, moved: Array, going: Array, used: Array
) -> None:
    """Every case in its own place, none settled."""
    count = len(like)
    place[:count] = np.arange(count)
    state[:count] = 0
    moved[:count] = 0
    going[:] = count
    used[0] = 0


@op("{figure} = {used}", apart="figure", used=reads(1, "i8"), figure=writes(1, "f8"))
def tell(used: Array, figure: Array) -> None:
    """A count as a figure of the update."""
    figure[0] = used[0]


@op("{out} = {x}, 0 in place of NaN", indices="rj rj", x=reads(), out=writes())
def fill_gaps(x: Array, out: Array) -> None:
    """What was observed, and 0 for the rest."""
    out[...] = np.where(np.isnan(x), 0, x)


@op("{x} = {seen} where that is a number", indices="rj rj", seen=reads(), x=updates())
def put_seen(seen: Array, x: Array) -> None:
    """Observed values in place of others."""
    np.copyto(x, seen, where=~np.isnan(seen))


@op("{x}² where {seen} is a number", indices="rj rj", seen=reads(), x=updates())
def put_seen_squares(seen: Array, x: Array) -> None:
    """Squares of observed values in place of others."""
    np.copyto(x, seen * seen, where=~np.isnan(seen))
