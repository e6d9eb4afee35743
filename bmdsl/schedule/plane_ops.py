"""Kinds of op for sums over the planes of a lattice: over all units at one place along an axis.

A row of `planes` is (places along an axis, units that lie one after another at each of them): a
group's units, in the order of their lattice, are read [all before, places, units]. C is that of
`pair_ops`.
"""

from __future__ import annotations

import numpy as np

from .bit_ops import LANES, _bits
from .ops import op, reads, whole, writes

Array = np.ndarray


@op(
    "{out} = Σ {x} over every plane of the lattice",
    x=reads(),
    planes=reads(2, "i8"),
    states=whole(),
    out=writes(2, "f8"),
)
def sum_over_planes(x: Array, planes: Array, states: int, out: Array) -> None:
    """[planes · states, chains], axis after axis."""
    found = []
    for length, units in planes:
        own = x.astype(np.float64).reshape(len(x), -1, length, units, states)
        found.append(own.sum(axis=(1, 3)).reshape(len(x), -1))
    out[:] = np.concatenate(found, axis=1).T


@op(
    "{counts} = how many units of {C} are 1 in every plane of the lattice",
    C=reads(2, "i8"),
    planes=reads(2, "i8"),
    many=whole(),
    counts=writes(2, "i8"),
)
def count_over_planes(C: Array, planes: Array, many: int, counts: Array) -> None:
    """[planes, 64 · words], axis after axis."""
    each, at = LANES if many else 1, 0
    x = C[:, :-LANES].view(np.uint64)
    for length, units in planes:
        own = x.reshape(len(C), -1, length, units, each)
        for y in range(length):
            v = own[:, :, y].reshape(len(C), -1, each)
            counts[at + y] = (
                np.stack([_bits(part.ravel()) for part in v.swapaxes(0, 1)]).sum(axis=0).ravel()
            )
        at += length
