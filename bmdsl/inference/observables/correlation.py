"""The two-point correlation along a lattice's axes, by distance, of a group or between two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..products_of_units import alike, lattice, sites
from ..unit_pairs import UnitPairs

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word(
    "correlation",
    summary=(
        "⟨s(0) s(r)⟩ along the axes, r up to half the lattice; `correlation(x)` of a group,"
        " `correlation(x,y)` ⟨x(0) y(r)⟩ of two"
    ),
)
MOST = 32
"""Largest distance."""
MOST_GROUPS = 2


def labels(machine: Phases, group: str, other: str = "") -> tuple[str, ...]:
    """A number for each distance, from 0 on of two groups.

    Raises BM815 if two groups stand on different lattices.
    """
    if other:
        _verify_alike(machine, group, other)
    return tuple(f"correlation[{r}]" for r in _distances(machine, group, other))


def _distances(machine: Phases, group: str, other: str) -> range:
    last = max(1, min(MOST, max(lattice(machine, group)) // 2))
    return range(0 if other else 1, last + 1)


def _verify_alike(machine: Phases, group: str, other: str) -> None:
    if lattice(machine, group) != lattice(machine, other):
        raise fail(
            "BM815",
            f"`{group}` and `{other}` have different axes, and no distances between their units",
            help=f"`correlation({group})` is that of one group",
        )
    states = machine.program.states
    if states[group] != states[other]:
        raise fail(
            "BM815",
            f"units of `{group}` and `{other}` have different numbers of states",
            help=f"`correlation({group})` is that of one group",
        )


def measure(
    machine: Phases, state: dict[str, np.ndarray], group: str, other: str = ""
) -> np.ndarray:
    """The mean of s(x) t(x + r) over all units r further along an axis, [chains, distances]; t is
    s but of two groups. Not around the edge, so that it holds of open lattices too.

    Of one-of-K units (K δ − 1)/(K − 1), which is 1 where both are in one state and 0 by chance.
    """
    x = sites(machine, state, group)
    y = sites(machine, state, other) if other else x
    distances = _distances(machine, group, other)
    out = np.empty((len(x), len(distances)))
    for k, r in enumerate(distances):
        total, count = np.zeros(len(x)), 0
        for axis in range(1, x.ndim - 1):
            length = x.shape[axis]
            if length > r:
                near = np.take(x, range(length - r), axis)
                both = alike(near, np.take(y, range(r, length), axis)).reshape(len(x), -1)
                total, count = total + both.sum(axis=1), count + both.shape[1]
        out[:, k] = total / count if count else np.nan
    return out


def pairs(machine: Phases, group: str, other: str = "") -> UnitPairs:
    """The pairs of units that `measure` has means of."""
    axes, states = lattice(machine, group), machine.program.states[group]
    return UnitPairs(group, other or group, axes, states, _distances(machine, group, other))
