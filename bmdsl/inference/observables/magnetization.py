"""The mean over the units of the first visible group: the magnetization of spins, the activity of binary units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word("magnetization", summary="the mean over the units of the first visible group")


def measure(machine: Phases, state: dict[str, np.ndarray]) -> np.ndarray:
    """Σ_i x_i / N of every chain, [chains]."""
    return state[machine.visible[0]].mean(axis=1, dtype=np.float64)
