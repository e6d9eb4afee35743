"""Sums over planes of a lattice that the routine of the sweeps takes, and what observables they
are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..schedule.routines.pairs import PAIRS, Planes

if TYPE_CHECKING:
    from ..runtime.binding import Source

Array = np.ndarray


@dataclass(frozen=True)
class UnitPlanes:
    """The units of a group at each place along axes of their lattice.

    `made` makes an observable's numbers [..., numbers] of the sums [..., places, states] over the
    planes of each axis.
    """

    first: str
    planes: tuple[tuple[int, int], ...]
    """Of each axis its length, and the units that lie one after another at a place."""
    states: int
    """Numbers of a unit: K of a one-of-K unit."""
    units: int
    made: Callable[[tuple[Array, ...]], Array]

    @property
    def second(self) -> str:
        """The one group."""
        return self.first

    @property
    def width(self) -> int:
        """Sums of a record and chain."""
        return self.states * sum(length for length, _ in self.planes)

    @property
    def wanted(self) -> Planes:
        """What the routine is told."""
        return Planes(self.first)

    def rows(self, chains: int) -> int:
        """Chains."""
        return chains

    def fixed(self, k: int) -> dict[Source, Any]:
        """What does not change from call to call, of sums number k."""
        planes = np.array(self.planes, np.int64)
        return {(PAIRS, "planes", str(k)): planes, f"per_unit_{k}": self.states}

    def of_counts(self, counts: Array, spin: bool) -> Array:
        """The sums, of counts of units [draws, planes, chains] that are 1."""
        if not spin:
            return counts
        lengths = np.concatenate([np.full(n, self.units // n) for n, _ in self.planes])
        return np.asarray(2 * counts - lengths[:, None])

    def means(self, sums: Array) -> Array:
        """The observable's numbers, of sums [..., planes · states]."""
        ends = np.cumsum([self.states * length for length, _ in self.planes])[:-1]
        parts = np.split(sums, ends, axis=-1)
        return self.made(tuple(x.reshape(*x.shape[:-1], -1, self.states) for x in parts))


def along_axes(
    group: str,
    axes: tuple[int, ...],
    states: int,
    made: Callable[[tuple[Array, ...]], Array],
) -> UnitPlanes:
    """The planes of all axes of a lattice."""
    inner = [int(np.prod(axes[k + 1 :])) for k in range(len(axes))]
    planes = tuple(zip(axes, inner, strict=True))
    return UnitPlanes(group, planes, states, int(np.prod(axes)), made)
