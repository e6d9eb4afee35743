"""How much alike two units are: what overlaps and correlations are means of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .phases import Phases

Array = np.ndarray


def sites(machine: Phases, state: dict[str, Array], group: str) -> Array:
    """[rows, *lattice, numbers of a unit] of a group's states in double precision."""
    x, k = state[group], machine.program.states[group]
    return np.asarray(x, np.float64).reshape(len(x), *lattice(machine, group), k)


def lattice(machine: Phases, group: str) -> tuple[int, ...]:
    """A group's axes without that of one-of-K units' states."""
    axes = machine.program.plan.axes(group)
    return (axes[:-1] if machine.program.plan.group(group).states is not None else axes) or (1,)


def alike(x: Array, y: Array) -> Array:
    """x y, and of one-of-K units (K δ(x, y) − 1)/(K − 1), which is 1 where they are in one
    state and 0 by chance; x and y are [..., numbers of a unit].
    """
    both: Array = (x * y).sum(axis=-1)
    k = x.shape[-1]
    return both if k == 1 else (k * both - 1) / (k - 1)
