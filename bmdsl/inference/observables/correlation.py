"""The two-point correlation along a lattice's axes, by distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ..products_of_units import alike, lattice, sites

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word(
    "correlation",
    summary="⟨s(0) s(r)⟩ along the axes, r up to half the lattice; `correlation(x)` of a group",
)
MOST = 32
"""Largest distance."""


def labels(machine: Phases, group: str) -> tuple[str, ...]:
    """A number for each distance."""
    return tuple(f"correlation[{r}]" for r in range(1, _distances(machine, group) + 1))


def _distances(machine: Phases, group: str) -> int:
    return max(1, min(MOST, max(lattice(machine, group)) // 2))


def measure(machine: Phases, state: dict[str, np.ndarray], group: str) -> np.ndarray:
    """The mean of s(x) s(x + r) over all units r apart along an axis, [chains, distances]; not
    around the edge, so that it holds of open lattices too.

    Of one-of-K units (K δ − 1)/(K − 1), which is 1 where both are in one state and 0 by chance.
    """
    x = sites(machine, state, group)
    out = np.empty((len(x), _distances(machine, group)))
    for r in range(1, out.shape[1] + 1):
        total, count = np.zeros(len(x)), 0
        for axis in range(1, x.ndim - 1):
            length = x.shape[axis]
            if length > r:
                near = np.take(x, range(length - r), axis)
                both = alike(near, np.take(x, range(r, length), axis)).reshape(len(x), -1)
                total, count = total + both.sum(axis=1), count + both.shape[1]
        out[:, r - 1] = total / count if count else np.nan
    return out
