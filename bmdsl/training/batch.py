"""A minibatch, and weighted rows that stand for an expectation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .machine_protocol import Array, State


@dataclass(frozen=True)
class Batch:
    """Cases of one update. `weights` sum to 1; `update` keys the random numbers."""

    data: State
    weights: Array
    update: int

    @property
    def size(self) -> int:
        return len(self.weights)

    @cached_property
    def missing(self) -> bool:
        """Whether some entry is NaN, that is not observed."""
        return any(
            bool(np.isnan(x).any())
            for x in self.data.values()
            if np.issubdtype(x.dtype, np.floating)
        )


@dataclass(frozen=True)
class Expectation:
    """⟨f⟩ = Σ_n weights_n f(rows_n); the weights sum to 1."""

    rows: State
    weights: Array
    figures: Mapping[str, float] = field(default_factory=dict)
    """What the phase has to say of itself, for the progress line and the metrics."""

    def mean(self, group: str) -> Array:
        """⟨x⟩ of a group, in the rows' layout."""
        return np.tensordot(self.weights.astype(np.float64), self.rows[group], axes=(0, 0))
