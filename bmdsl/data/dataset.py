"""A data set: one array of cases, and labels where there are any."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Dataset:
    """`values` is [cases, *shape] and may be memory-mapped read-only; `labels`, where known, is
    [cases] integers.

    `source` is how a message names the origin: a file with its key, or the set and its part.
    """

    name: str
    values: np.ndarray = field(repr=False, compare=False)
    labels: np.ndarray | None = field(default=None, repr=False, compare=False)
    source: str = ""
    states: int | None = None
    """Size of the alphabet that the values are numbers of, where a file has one."""

    @property
    def n_cases(self) -> int:
        """Number of cases, 0 for an array without axes."""
        return self.values.shape[0] if self.values.ndim else 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one case."""
        return self.values.shape[1:]
