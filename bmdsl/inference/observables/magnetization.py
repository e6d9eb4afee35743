"""The mean over the units of the first visible group: the magnetization of spins, the activity of
binary units.

Of one-of-K units, whose states have no order, how far the most frequent state is above its share by
chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from ...runtime.tallies import ProductSum
from ..unit_planes import UnitPlanes

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word(
    "magnetization",
    summary=(
        "the mean over the units of the first visible group; of one-of-K units (q · largest share −"
        " 1)/(q − 1)"
    ),
)
KIND = "mean"


def measure(machine: Phases, state: dict[str, np.ndarray]) -> np.ndarray:
    """Σ_i x_i / N of every chain, [chains]; of one-of-K units (q · max_k share_k − 1)/(q − 1), 0 to
    1.

    Source: Wu 1982, The Potts model, Rev. Mod. Phys. 54, section I.C.
    """
    name = machine.visible[0]
    x, q = state[name], machine.program.states[name]
    if q == 1:
        return x.mean(axis=1, dtype=np.float64)
    sums = x.reshape(len(x), -1, q).sum(axis=1, dtype=np.float64)
    return _of_states(sums, x.shape[1] // q)


def _of_states(sums: np.ndarray, units: int) -> np.ndarray:
    """The magnetization, of how many units are in each state, [..., states]."""
    q = sums.shape[-1]
    return np.asarray((q * (sums.max(axis=-1) / units) - 1) / (q - 1))


def planes(machine: Phases) -> UnitPlanes | None:
    """How many units are in each state, of one-of-K units."""
    name = machine.visible[0]
    q = machine.program.states[name]
    if q == 1:
        return None
    units = machine.program.sizes[name] // q
    return UnitPlanes(name, ((1, units),), q, units, lambda sums: _of_states(sums[0], units))


def products(machine: Phases) -> ProductSum | None:
    """Σ_i x_i / N as a sum, of units that are a number each."""
    name, listing = machine.visible[0], machine.program.listing
    if listing is None or name not in listing.offset or machine.program.states[name] > 1:
        return None
    size = machine.program.sizes[name]
    columns = listing.offset[name] + np.arange(size)
    return ProductSum(((columns[:, None], np.full(size, 1 / size)),))
