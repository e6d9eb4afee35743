"""The energy as it is written, in nats: E(x), base measures left out, so that a chain at beta has P
∝ base(x) exp(−beta E).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word("energy", summary="E(x) as written, in nats")


def measure(machine: Phases, state: dict[str, np.ndarray]) -> np.ndarray:
    """E of every chain, [chains]."""
    return machine.written_energy(state)
