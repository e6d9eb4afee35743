"""A part of a stream's cases as arrays that are read where they are sliced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from .order import Blocks
from .reader import CasePart, ShardReader
from .source import needs_all

Array = np.ndarray
MAX_PLACES = 32
"""Blocks that a few cases of many are taken from."""
MAX_KEPT_BYTES = 1 << 25
"""Of blocks that were read last."""
MAX_SAMPLE_BYTES = 1 << 26
"""Of cases that stand for many more."""


@dataclass(frozen=True)
class ShardView:
    """The cases of a part, numbered from 0 in the order of shards and rows."""

    reader: ShardReader
    part: CasePart
    verify: bool = False
    """Whether values are looked at when they are read."""
    _kept: dict[int, dict[str, Array]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def blocks(self) -> Blocks:
        """Where the cases lie."""
        layout = self.reader.layout
        return Blocks(self.reader.counts(self.part), layout.sizes, layout.room)

    def __len__(self) -> int:
        return self.blocks.count

    @cached_property
    def columns(self) -> dict[str, ShardColumn]:
        """Group → its array."""
        return {
            n: ShardColumn(self, n, (len(self), *shape), dtype)
            for n, (shape, dtype) in self.reader.kinds().items()
        }

    @cached_property
    def weights(self) -> Array | None:
        """Of the cases; None where all are the same."""
        s = self.reader
        if s.weights is None:
            return None
        made = []
        for k in range(len(s.layout)):
            rows, own = s.chosen(k, self.part), s.weights_of(k)
            assert own is not None
            made.append(own[rows])
        return np.concatenate(made)

    def block(self, block: int) -> dict[str, Array]:
        """The cases of a block; the last ones are kept, in case another group of them is asked
        for.
        """
        if block not in self._kept:
            while sum(x.nbytes for b in self._kept.values() for x in b.values()) > MAX_KEPT_BYTES:
                del self._kept[next(iter(self._kept))]
            self._kept[block] = self.reader.block(block, self.part, self.verify)
        return self._kept[block]

    def take(self, cases: Array) -> dict[str, Array]:
        """Cases by their numbers, in that order."""
        cases = np.asarray(cases)
        where = self.blocks.of(cases)
        out = {
            n: np.empty((len(cases), *shape), dtype)
            for n, (shape, dtype) in self.reader.kinds().items()
        }
        for k in np.unique(where):
            here, found = where == k, self.block(int(k))
            rows = cases[here] - self.blocks.starts[k]
            for n, x in out.items():
                x[here] = found[n][rows]
        return out

    def places(self) -> Array:
        """The number of each case among all of the source."""
        starts = self.reader.layout.starts
        made = []
        for k in range(len(self.reader.layout)):
            rows = self.reader.chosen(k, self.part)
            own = np.arange(starts[k], starts[k + 1])
            made.append(own[rows])
        return np.concatenate(made)

    def some(self, most: int, places: int = MAX_PLACES) -> Array:
        """Numbers of at most so many cases, of few blocks spread over all."""
        full = np.flatnonzero(self.blocks.sizes)
        if not len(full):
            return np.empty(0, np.int64)
        if len(full) > places:
            full = full[np.unique(np.linspace(0, len(full) - 1, places).astype(int))]
        starts = self.blocks.starts
        counts = starts[full + 1] - starts[full]
        rows = np.unique(np.linspace(0, counts.sum() - 1, min(most, counts.sum())).astype(int))
        at = np.searchsorted(np.cumsum(counts), rows, "right")
        return np.asarray(starts[full][at] + rows - (np.cumsum(counts) - counts)[at])


@dataclass(frozen=True)
class ShardColumn:
    """One group of a view as an array [cases, *shape]: a slice is read when it is asked for.

    As a whole it is only made where it fits into memory; else BM726.
    """

    view: ShardView
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of numbers."""
        return prod(self.shape)

    def __getitem__(self, key: Any) -> Any:
        """A slice or chosen cases as an array; the column itself for all of them."""
        if isinstance(key, slice):
            rows = np.arange(*key.indices(len(self)))
        elif isinstance(key, int | np.integer):
            return self[np.array([range(len(self))[key]])][0]
        else:
            rows = np.asarray(key)
            if rows.dtype == bool:
                if rows.all():
                    return self
                rows = np.flatnonzero(rows)
        self._verify_affordable(len(rows))
        return self.view.take(rows)[self.name]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.whole(), dtype)

    def whole(self, what: str = "this") -> Array:
        """All cases in memory; BM726 where they do not fit."""
        self._verify_affordable(len(self), what)
        return self.view.take(np.arange(len(self)))[self.name]

    def _verify_affordable(self, rows: int, what: str = "this") -> None:
        from ..memory import memory_limit

        limit = memory_limit()
        size = rows * prod(self.shape[1:]) * self.dtype.itemsize
        if limit is not None and 2 * size > limit:
            raise needs_all(self.view.reader.source.place, size, what)


def sample_size(view: ShardView) -> int:
    """Cases of MAX_SAMPLE_BYTES."""
    each = sum(prod(shape) * dtype.itemsize for shape, dtype in view.reader.kinds().values())
    return max(1, MAX_SAMPLE_BYTES // max(1, each))


def in_memory(data: Mapping[str, Any]) -> dict[str, Array]:
    """Arrays by group as they are; of columns, cases that stand for all."""
    first = next(iter(data.values()))
    if not isinstance(first, ShardColumn):
        return dict(data)
    return first.view.take(first.view.some(sample_size(first.view)))
