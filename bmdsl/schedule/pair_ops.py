"""Kinds of op for sums over pairs of units: of units some way apart along the axes of a lattice,
and of the same units in two chains.

Units of a group stand in the order of their lattice, `axes` long, the last axis the quickest; of
chains that are numbers a unit has `states` of them. Of chains that are bits, `C` has a group's
words in that order, [parts, words + LANES]: part w those of chains 64w, …, 64w + 63, a word a unit,
or, if units have whole registers (`many`), the register's; what stands behind them is no unit's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .bit_ops import LANES, _bits
from .ops import op, reads, updates, whole, writes

Array = np.ndarray


def _along(axes: Array, r: int) -> Iterator[tuple[Array, Array]]:
    """The units that another is r further along each axis from, and those others."""
    at = np.arange(int(np.prod(axes))).reshape(tuple(axes))
    for axis, length in enumerate(axes):
        if length > r:
            yield (
                np.take(at, range(int(length) - r), axis).ravel(),
                np.take(at, range(r, int(length)), axis).ravel(),
            )


@op(
    "{out} = Σ {x} {y}, of units {begin}, … apart along the axes",
    x=reads(),
    y=reads(),
    axes=reads(1, "i8"),
    states=whole(),
    begin=whole(),
    out=writes(2, "f8"),
)
def sum_along_axes(x: Array, y: Array, axes: Array, states: int, begin: int, out: Array) -> None:
    """[distances, chains]: sums over all units and the one that is so far from each, no way round
    the edge.
    """
    x, y = (z.reshape(len(z), -1, states).astype(np.float64) for z in (x, y))
    for k, own in enumerate(out):
        own[:] = 0
        for near, far in _along(axes, begin + k):
            own += np.einsum("cis,cis->c", x[:, near], y[:, far])


@op("{out} = Σ {x} {x} of chains 0 and 1, 2 and 3, …", x=reads(), out=writes(1, "f8"))
def sum_over_chains(x: Array, out: Array) -> None:
    """[pairs of chains]."""
    last = 2 * len(out)
    out[:] = (x[0:last:2].astype(np.float64) * x[1:last:2]).sum(axis=1)


@op(
    "{C} = {B} in the order of the lattice",
    B=reads(2, "i8"),
    place=reads(1, "i8"),
    many=whole(),
    C=updates(2, "i8"),
)
def lay_in_order(B: Array, place: Array, many: int, C: Array) -> None:
    """A group's words, part after part."""
    own = B[place]
    each = LANES if many else 1
    C[:, : len(place) * each] = (
        own.reshape(len(place), -1, each).transpose(1, 0, 2).reshape(len(C), -1)
    )


@op(
    "{counts} = how many pairs of {C} and {D} differ, or are both 1, so far apart",
    C=reads(2, "i8"),
    D=reads(2, "i8"),
    axes=reads(1, "i8"),
    begin=whole(),
    both=whole(),
    many=whole(),
    counts=writes(2, "i8"),
)
def count_along_axes(
    C: Array, D: Array, axes: Array, begin: int, both: int, many: int, counts: Array
) -> None:
    """[distances, 64 · words], of the pairs of `sum_along_axes`: those of which both bits are set
    if `both`, else those whose bits differ.
    """
    each = LANES if many else 1
    x, y = (z[:, :-LANES].view(np.uint64).reshape(len(z), -1, each) for z in (C, D))
    for k, own in enumerate(counts):
        own[:] = 0
        for near, far in _along(axes, begin + k):
            a, b = x[:, near], y[:, far]
            v = a & b if both else a ^ b
            own += np.stack([_bits(part.ravel()) for part in v.swapaxes(0, 1)]).sum(axis=0).ravel()


@op(
    "{counts} = how many units of {C} differ, or are both 1, in chains 0 and 1, 2 and 3, …",
    C=reads(2, "i8"),
    both=whole(),
    many=whole(),
    counts=writes(1, "i8"),
)
def count_over_chains(C: Array, both: int, many: int, counts: Array) -> None:
    """[64 · words]: that of a pair stands at its first chain, and 0 at the other."""
    each = LANES if many else 1
    x = C[:, :-LANES].view(np.uint64).reshape(len(C), -1, each)
    next_to = x >> np.uint64(1)
    v = (x & next_to if both else x ^ next_to) & np.uint64(0x5555555555555555)
    counts[:] = np.stack([_bits(part.ravel()) for part in v.swapaxes(0, 1)]).sum(axis=0).ravel()
