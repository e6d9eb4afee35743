"""Units reached by index arithmetic, as in `v[c, pad(2*x+p-1)]`: the column that every setting of the letters means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..language.model import Subscript
from .contraction import Letters

OUTSIDE = -1
"""The column of a place outside a padded axis: nothing is there."""


@dataclass(frozen=True)
class Unfolding:
    """A group's subscripts; its state unfolded has an axis a letter, in the order of `letters`."""

    subscripts: tuple[Subscript, ...]

    @property
    def letters(self) -> Letters:
        """Every letter once, in the order in which it is written."""
        return tuple(dict.fromkeys(x for s in self.subscripts for x, _ in s.letters))

    def columns(self, letters: Letters, lengths: Mapping[str, int], axes: tuple[int, ...]) -> np.ndarray:
        """int32 [*lengths of `letters`]: the group's flat column, OUTSIDE where a padded subscript leaves its axis."""
        grid = dict(zip(letters, np.meshgrid(*(np.arange(lengths[x]) for x in letters), indexing="ij", sparse=True), strict=True))
        shape = tuple(lengths[x] for x in letters)
        column, inside = np.zeros(shape, np.int64), np.ones(shape, bool)
        for s, length in zip(self.subscripts, axes, strict=True):
            place = sum((c * grid[x] for x, c in s.letters), np.int64(s.constant))
            if s.edge == "wrap":
                place = place % length
            elif s.edge == "pad":
                inside &= (place >= 0) & (place < length)
            column = column * length + place
        return np.where(inside, column, OUTSIDE).astype(np.int32)
