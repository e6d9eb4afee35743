"""The magnetization's absolute value, which finite systems without a field need: its sign flips now
and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...language.vocabulary import Word
from .magnetization import KIND, planes, products
from .magnetization import measure as magnetization

if TYPE_CHECKING:
    from ..phases import Phases

__all__ = ["KIND", "WORD", "measure", "of_sum", "planes", "products"]
WORD = Word("abs_magnetization", summary="its absolute value")


def measure(machine: Phases, state: dict[str, np.ndarray]) -> np.ndarray:
    """|Σ_i x_i / N| of every chain, [chains]."""
    return np.abs(magnetization(machine, state))


def of_sum(x: np.ndarray) -> np.ndarray:
    """|x| of what `products` adds up to."""
    return np.abs(x)
