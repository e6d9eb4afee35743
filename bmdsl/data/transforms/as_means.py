"""Values taken as the means of their units: grey levels as probabilities that a binary
unit is on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...language.vocabulary import Word
from ..floats import as_float

WORD = Word(
    "as_means",
    summary="values as they are, for means of their units: grey levels in [0, 1] for binary ones",
)
MEANS = True
"""What comes out need not be a state of its unit, only between its lowest and highest."""


def apply(
    values: np.ndarray, generator: np.random.Generator, learned: Mapping[str, np.ndarray]
) -> np.ndarray:
    """The values, in floating point (Hinton 2010, A practical guide to training RBMs,
    section 3).
    """
    return as_float(values)


def by_number() -> bool:
    """Always."""
    return True


def invert(values: np.ndarray, learned: Mapping[str, np.ndarray]) -> np.ndarray:
    """The values."""
    return values
