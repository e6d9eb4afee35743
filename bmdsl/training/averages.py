"""What figures of updates come to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .compiled import Figures
from .machine_protocol import Array


class Averages:
    """Figures of updates, averaged over an epoch; a figure need not come with every update."""

    def __init__(self) -> None:
        self._parts: dict[str, list[Array]] = {}
        self.shown: dict[str, float] = {}
        """The last value of each."""

    def add(self, figures: Figures) -> None:
        """Figures of some updates, NaN of those that told none."""
        for name, x in figures.items():
            told = x[~np.isnan(x)]
            if len(told):
                self._parts.setdefault(name, []).append(told)
                self.shown[name] = float(told[-1])

    def arrays(self) -> dict[str, Array]:
        """Name → the figures since the last means, as a checkpoint keeps them."""
        return {n: np.concatenate(x) for n, x in self._parts.items()}

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Puts figures back that `arrays` gave."""
        self._parts = {n: [np.array(x)] for n, x in arrays.items()}

    def means(self) -> dict[str, float]:
        """The mean of each, and nothing is left of them."""
        out = {n: float(np.concatenate(x).mean()) for n, x in self._parts.items()}
        self._parts = {}
        return out
