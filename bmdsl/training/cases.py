"""The training cases: checked, split off for validation, and served in shuffled minibatches keyed
by seed and epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..data.arrays import real
from ..data.split import split_rows
from ..language.diagnostics import fail
from ..plan.streams import of_cases
from ..runtime.missing import missing_cases
from .batch import Batch
from .machine_protocol import Array, State


@dataclass(frozen=True)
class Cases:
    """Data of one length with a weight a case."""

    data: State
    weights: Array

    @classmethod
    def of(cls, data: Mapping[str, Array], weights: Array | None) -> Cases:
        """BmError where lengths differ, there is no case, or a weight is negative or not finite."""
        arrays = {n: real(x, f"data for `{n}`") for n, x in data.items()}
        lengths = {len(x) for x in arrays.values()}
        if len(lengths) != 1 or lengths == {0}:
            counts = ", ".join(f"`{n}` has {len(x)}" for n, x in arrays.items())
            raise fail(
                "BM751", f"training needs at least one case, and as many in every group: {counts}"
            )
        count = lengths.pop()
        w = np.ones(count) if weights is None else real(weights, "case weights").astype(np.float64)
        if w.shape != (count,) or not np.isfinite(w).all() or (w < 0).any() or w.sum() == 0:
            raise fail("BM751", f"case weights must be {count} numbers of at least 0, not all 0")
        return cls(arrays, w)

    def __len__(self) -> int:
        return len(self.weights)

    def take(self, rows: Array) -> Cases:
        return Cases({n: x[rows] for n, x in self.data.items()}, self.weights[rows])

    def missing(self) -> Array:
        """Which cases have a value that is not observed (NaN): [cases], bool."""
        return missing_cases(self.data)

    def whole(self) -> Cases:
        """The cases without missing values."""
        found = self.missing()
        return self.take(np.flatnonzero(~found)) if found.any() else self

    def spread(self, most: int) -> Cases:
        """At most so many cases, evenly spread over all."""
        return (
            self.take(np.unique(np.linspace(0, len(self) - 1, min(len(self), most)).astype(int)))
            if len(self)
            else self
        )

    def whole_spread(self, most: int) -> Cases:
        """At most so many cases without missing values, evenly spread over all."""
        return self.whole().spread(most)

    def groups_missing(self) -> frozenset[str]:
        """Groups with values that are not observed."""
        return frozenset(n for n, x in self.data.items() if missing_cases({n: x}).any())

    def probe(self, dtype: object) -> Batch:
        """One case, with missing values where there is one."""
        return self.batch(np.array([int(self.missing().argmax())]), 0, dtype)[0]

    def notes(self) -> list[str]:
        """What is to be said of the cases."""
        missing = self.missing()
        return note_of_gaps(int(missing.sum()), len(missing))

    def updates_at_hand(self, epoch: int, place: int, batch: int) -> int | None:
        """None: all cases are in memory, however many updates a call carries out."""
        return None

    def ends(self, updates: int, batch: int) -> None:
        """Nothing: all cases are in memory."""

    def bring(self, rows: Array) -> None:
        """Nothing: all cases are in memory."""

    def close(self) -> None:
        """Nothing is open."""

    def split(self, fraction: float, seed: int) -> tuple[Cases, Cases | None]:
        """Training cases and a random `fraction` for validation."""
        rows, held = split_rows(len(self), fraction, seed)
        return (self.take(rows), self.take(held)) if len(held) else (self, None)

    def order(self, seed: int, epoch: int) -> Array:
        """The epoch's order: a pure function of seed and epoch, so a resume needs no generator
        state.
        """
        return of_cases("SHUFFLE", seed, epoch).permutation(len(self))

    def batch(self, rows: Array, update: int, dtype: object) -> tuple[Batch, float]:
        """The minibatch and its share: mean case weight over that of all cases, so that an epoch
        weighs every case rightly.
        """
        weights, share = share_of(self.weights, rows, dtype)
        return Batch({n: x[rows] for n, x in self.data.items()}, weights, update), share


def share_of(weights: Array, rows: Array, dtype: object) -> tuple[Array, float]:
    """The weights of a minibatch, of sum 1, and its mean weight over that of all cases."""
    w = weights[rows]
    total = float(w.sum())
    normal = w / total if total else np.full(len(w), 1 / len(w))
    share = total / len(w) / float(weights.mean())
    return normal.astype(dtype), share  # type: ignore[call-overload]  # a type of numbers


def note_of_gaps(missing: int, count: int) -> list[str]:
    """What is to be said of monitors where so many of the cases have missing values; nothing where
    none has.
    """
    if not missing:
        return []
    whole = count - missing
    return [
        f"monitors look at the {whole:,} of {count:,} training cases that have no missing values"
        if whole
        else "monitors look at nothing: every training case has missing values"
    ]
