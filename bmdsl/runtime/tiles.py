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


def tiles_of(
    i: Incidence, order: Array, classes: Array, kind: Array | None = None
) -> dict[str, Array]:
    """The arrays of `meeting_ops.SITES`, with `source`, where values come from."""
    degree = np.diff(i.start)
    made = unit_tiles(degree, np.zeros_like(degree) if kind is None else kind, order, classes)
    own = degree[made.unit[::TILE]]
    start = np.concatenate([[0], np.cumsum(own)]).astype(np.int64)
    tile = np.repeat(np.arange(len(own)), own)
    inside = np.arange(start[-1]) - start[tile]
    entries = i.start[made.unit.reshape(-1, TILE)[tile]] + inside[:, None]
    return {
        "unit": made.unit,
        "near": i.other[entries].reshape(-1),
        "source": i.source[entries].reshape(-1),
        "start": start,
        "count": made.count,
        "begin": made.begin,
    }
