"""Kinds of op of replicas at a ladder of inverse temperatures: exchanges, spacing, who is where."""

from __future__ import annotations

import numpy as np

from .ops import op, reads, updates, whole, writes

Array = np.ndarray
LEAST = 0.01
"""The least share of refused exchanges that a pair is taken to have: no two temperatures fall
together.
"""


@op(
    "neighbours exchange with probability min(1, exp((β − β′)(E − E′))), −E = {x}",
    x=reads(1, "f8"),
    first=whole(),
    uniforms=reads(2, "f8"),
    betas=reads(1, "f8"),
    place=updates(2, "i8"),
    accepted=updates(1, "f8"),
    tried=updates(1, "f8"),
    adds_to="accepted tried",
)
def exchange(
    x: Array,
    first: int,
    uniforms: Array,
    betas: Array,
    place: Array,
    accepted: Array,
    tried: Array,
) -> None:
    """Replicas k and k + 1 of each ladder, every second pair from `first` on, change places.

    `place` is [ladders, replicas], x of all rows in its order, `uniforms` a row a pair. `accepted`
    and `tried` count for every pair.
    """
    energies, ladder = -x.reshape(place.shape), np.arange(len(place))
    by_place = np.argsort(place, axis=1)
    for row, k in enumerate(range(first, len(betas) - 1, 2)):
        a, b = by_place[:, k], by_place[:, k + 1]
        gain = (betas[k] - betas[k + 1]) * (energies[ladder, a] - energies[ladder, b])
        swap = np.log(uniforms[row]) < gain
        place[ladder[swap], a[swap]], place[ladder[swap], b[swap]] = k + 1, k
        accepted[k] += swap.sum()
        tried[k] += len(ladder)


@op(
    "{betas} so spaced that all pairs refuse alike, after every {every} updates",
    update=whole(),
    every=whole(),
    betas=updates(1, "f8"),
    accepted=updates(1, "f8"),
    tried=updates(1, "f8"),
)
def respace(update: int, every: int, betas: Array, accepted: Array, tried: Array) -> None:
    """Moves temperatures, and begins to count anew, in the last of every so many updates."""
    if update % every != every - 1:
        return
    refused = 1 - accepted / np.maximum(tried, 1)
    barrier = np.concatenate([[0.0], np.cumsum(np.maximum(refused, LEAST))])
    betas[:] = np.interp(np.linspace(0, barrier[-1], len(betas)), barrier, betas)
    accepted[:] = 0
    tried[:] = 0


@op("{out} = {betas} of every row", betas=reads(1, "f8"), place=reads(2, "i8"), out=writes(1))
def take_betas(betas: Array, place: Array, out: Array) -> None:
    """The inverse temperature of every replica's row."""
    out[:] = betas[place.reshape(-1)]


@op("{rows} = the rows at β number {k}", place=reads(2, "i8"), k=whole(), rows=writes(1, "i8"))
def find_rows(place: Array, k: int, rows: Array) -> None:
    """The row of each ladder that is at this place."""
    rows[:] = np.argmax(place == k, axis=1) + place.shape[1] * np.arange(len(place))


@op("{out} = {x} of the rows {chosen}", x=reads(), chosen=reads(1, "i8"), out=writes())
def take_rows(x: Array, chosen: Array, out: Array) -> None:
    """Some of the rows."""
    out[...] = x[chosen]


@op(
    "{out} = {x} of the rows {chosen}",
    x=reads(1, "f8"),
    chosen=reads(1, "i8"),
    out=writes(1, "f8"),
)
def take_figures(x: Array, chosen: Array, out: Array) -> None:
    """Some of the rows' figures."""
    out[:] = x[chosen]


@op(
    "{trips} += replicas that come to the cold end from the hot one",
    betas=reads(1, "f8"),
    place=reads(2, "i8"),
    was_hot=updates(2, "i8"),
    trips=updates(1, "i8"),
)
def count_trips(betas: Array, place: Array, was_hot: Array, trips: Array) -> None:
    """Counts trips along the ladder; was_hot[c, r] says whether a replica was last at its hot
    end.
    """
    hot, cold = place == np.argmin(betas), place == np.argmax(betas)
    trips[0] += int((cold & (was_hot > 0)).sum())
    was_hot[...] = ((was_hot > 0) & ~cold) | hot
