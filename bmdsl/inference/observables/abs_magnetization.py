"""The magnetization's absolute value, which finite systems without a field need: its sign flips now
and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from .magnetization import measure as magnetization

if TYPE_CHECKING:
    from ..phases import Phases

WORD = Word("abs_magnetization", summary="its absolute value")


def measure(machine: Phases, state: dict[str, np.ndarray]) -> np.ndarray:
    """|Σ_i x_i / N| of every chain, [chains]."""
    return np.abs(magnetization(machine, state))
