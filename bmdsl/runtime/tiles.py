"""The units of a lattice or graph in tiles of 64 that are drawn together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .listing import Incidence

Array = np.ndarray
TILE = 64
"""Units that are drawn together."""


@dataclass(frozen=True)
class Tiles:
    """Units colour after colour, TILE places to a tile."""

    unit: Array
    """[TILE · tiles]; what is left of a tile repeats its first unit."""
    count: Array
    """[tiles]: units of each."""
    begin: Array
    """[colours + 1]: the first tile of each colour."""
    kind: Array
    """[tiles]: that of all of a tile's units, −1 if they are of several."""


def unit_tiles(degree: Array, kind: Array, order: Array, classes: Array) -> Tiles:
    """Tiles of units of one colour and with as many couplings, and of one kind where these fill
    tiles; `degree` and `kind` [units].
    """
    unit, count, begin, kinds = [np.zeros(0, np.int64)], list[int](), [0], list[int]()
    for lo, hi in zip(classes[:-1], classes[1:], strict=True):
        units = order[lo:hi]
        units = units[np.lexsort((kind[units], degree[units]))]
        cuts = np.flatnonzero(np.diff(degree[units])) + 1
        for alike in np.split(units, cuts):
            rest = []
            for run in np.split(alike, np.flatnonzero(np.diff(kind[alike])) + 1):
                full = len(run) // TILE
                unit.append(run[: TILE * full])
                count += [TILE] * full
                kinds += [int(kind[run[0]])] * full
                rest.append(run[TILE * full :])
            left = np.concatenate(rest)
            for some in np.split(left, range(TILE, len(left), TILE)):
                if len(some):
                    unit.append(np.append(some, np.repeat(some[:1], TILE - len(some))))
                    count.append(len(some))
                    same = (kind[some] == kind[some[0]]).all()
                    kinds.append(int(kind[some[0]]) if same else -1)
        begin.append(len(count))
    return Tiles(
        np.concatenate(unit).astype(np.int32),
        np.array(count, np.int64),
        np.array(begin, np.int64),
        np.array(kinds, np.int64),
    )


def numbered(degrees: Array) -> Array:
    """A number for each row, the same for rows that are alike, in their order: [rows]."""
    return np.unique(degrees, axis=0, return_inverse=True)[1].reshape(-1)


def tiles_of(
    i: Incidence, order: Array, classes: Array, kind: Array | None = None, states: int = 1
) -> dict[str, Array]:
    """The arrays of `meeting_ops.SITES`, with `source`, where values come from."""
    columns, units = len(i.start) - 1, (len(i.start) - 1) // states
    orders = np.diff(i.more_start)
    most = int(orders.max(initial=1))
    degrees = np.zeros((columns, most + 2), np.int64)
    degrees[:, 0] = np.diff(i.start)
    np.add.at(degrees, (np.repeat(np.arange(columns), np.diff(i.more)), orders + 1), 1)
    alike = numbered(degrees.reshape(units, -1))
    made = unit_tiles(alike, np.zeros_like(alike) if kind is None else kind, order, classes)
    column = (made.unit[::TILE, None] * np.int64(states) + np.arange(states)).reshape(-1)
    pairs, more = degrees[column, 0], np.diff(i.more)[column]
    start = np.concatenate([[0], np.cumsum(pairs + more)]).astype(np.int64)
    middle = start[:-1] + pairs
    own = made.unit.reshape(-1, TILE).repeat(states, axis=0) * np.int64(states)
    own += np.tile(np.arange(states), len(made.count))[:, None]
    source = np.empty((start[-1], TILE), np.int64)
    literals = np.ones(start[-1], np.int64)
    at, inside = _each(start[:-1], pairs)
    entries = i.start[own[at[0]]] + inside[:, None]
    source[at[1]] = i.source[entries]
    at_more, inside_more = _each(middle, more)
    several = i.more[own[at_more[0]]] + inside_more[:, None]
    source[at_more[1]] = i.more_source[several]
    literals[at_more[1]] = orders[several[:, 0]] if len(several) else 0
    first = np.concatenate([[0], np.cumsum(literals)]).astype(np.int64)
    near = np.empty((first[-1], TILE), np.int32)
    near[first[at[1]]] = i.other[entries]
    for begin, e, length in zip(first[at_more[1]], several, literals[at_more[1]], strict=True):
        near[begin : begin + length] = i.more_other[i.more_start[e] + np.arange(length)[:, None]]
    return {
        "unit": made.unit,
        "near": near.reshape(-1),
        "source": source.reshape(-1),
        "start": start,
        "middle": middle,
        "first": first,
        "count": made.count,
        "begin": made.begin,
    }


def _each(begin: Array, count: Array) -> tuple[tuple[Array, Array], Array]:
    """Of rows of `count` entries that begin at `begin`: the row and the place of each, and its
    number in the row.
    """
    row = np.repeat(np.arange(len(count)), count)
    inside = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return (row, begin[row] + inside), inside
