"""The overlap of two chains: how much alike two independent states of one model are, whose
distribution P(q) tells the phases of a glass (Parisi 1983, Phys. Rev. Lett. 50, 1946).
"""

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
    "overlap", summary="q of every two chains: the mean over units of s s′; `overlap(x)` of a group"
)


def labels(machine: Phases, group: str) -> tuple[str, ...]:
    """One number."""
    return ("overlap",)


def measure(machine: Phases, state: dict[str, np.ndarray], group: str) -> np.ndarray:
    """q = Σ_i s_i s′_i / N of chains 0 and 1, 2 and 3, …, [pairs, 1]; of one-of-K units
    Σ_i (K δ − 1)/(K − 1)/N. Raises BM815 if there is one chain alone.
    """
    x = sites(machine, state, group)
    if len(x) < 2:
        raise fail(
            "BM815", "an overlap is that of two chains, and there is one", help="-n 2, or more"
        )
    last = len(x) // 2 * 2
    both = alike(x[0:last:2], x[1:last:2])
    return np.asarray(both.reshape(last // 2, -1).mean(axis=1, keepdims=True))


def moments(records: np.ndarray) -> np.ndarray:
    """|q|, q² and q⁴ of records [..., 1]."""
    return np.concatenate([np.abs(records), records**2, records**4], axis=-1)


def figures(machine: Phases, group: str, mean: np.ndarray) -> dict[str, float]:
    """⟨|q|⟩, ⟨q²⟩ and the Binder ratio (3 − ⟨q⁴⟩/⟨q²⟩²)/2, which is 0 of a Gaussian and 1 where all
    states are one or its opposite (Binder & Young 1986, Rev. Mod. Phys. 58, 801).
    """
    a, q2, q4 = (float(x) for x in mean)
    return {
        "abs_overlap": a,
        "overlap_squared": q2,
        "overlap_binder": (3 - q4 / q2**2) / 2 if q2 else 0.0,
    }


def pairs(machine: Phases, group: str) -> UnitPairs:
    """The pairs of units that `measure` has means of."""
    return UnitPairs(group, group, lattice(machine, group), machine.program.states[group])
