"""Blocks of a source as a machine takes them: cut, chosen, transformed, in its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np

from ...language.diagnostics import fail
from ...language.model import Model as CheckedModel
from ...plan.streams import of_cases
from ..arrays import verify_fits
from ..finding import flatten
from ..notice import quietly
from ..preparing import Preparation, prepare, ready_values
from .bytewise import ByteTable, table_of
from .order import cut
from .source import ShardSource

Array = np.ndarray
BLOCK = 1 << 20
"""Bytes of a block, each number counted as one of BYTES: read in one go, and small beside a
window.
"""
BYTES, BESIDES = 4, 24
"""What a number, and a case besides, is counted as: the same on every machine, so that the order of
cases is.
"""
PER_WINDOW = 16
"""Least blocks of a window, unless a format decodes more at once."""
DEFAULT_WINDOW = 256
"""MB, where the train block says nothing."""
CasePart = Literal["all", "train", "held"]
Kind = tuple[tuple[int, ...], np.dtype[Any]]
"""Shape of a case, and type of its numbers."""


@dataclass(frozen=True)
class BlockLayout:
    """Where the blocks of a source lie: [blocks] shards, and rows in them from `low` to `high`."""

    shard: Array
    low: Array
    high: Array
    room: int
    """Cases of a window."""

    @classmethod
    def of(cls, source: ShardSource, numbers: int, megabytes: int) -> BlockLayout:
        """Of cases of so many numbers. BM727 if what a format decodes at once is more than a
        window.
        """
        size = BYTES * numbers + BESIDES
        room = max(PER_WINDOW, (megabytes << 20) // size)
        block = max(1, min(BLOCK // size, room // PER_WINDOW))
        cuts = [cut(s.count, s.unit, s.groups, block) for s in source.shards]
        counts = [len(c) - 1 for c in cuts]
        low = np.concatenate([c[:-1] for c in cuts])
        high = np.concatenate([c[1:] for c in cuts])
        made = cls(np.repeat(np.arange(len(cuts)), counts), low, high, room)
        most = int(np.argmax(made.sizes))
        if made.sizes[most] > room:
            path = next(iter(source.shards[made.shard[most]].paths.values()))
            raise fail(
                "BM727",
                f"the shard `{path}` decodes {int(made.sizes[most]):,} cases at once, and a window"
                f" of {megabytes:,} MB has room for {room:,}",
                help="write it in smaller pieces (`row_group_size` of Parquet, `chunks` of HDF5 and"
                " Zarr, smaller .npz files), or with a larger window:"
                f" `streaming always(window = {2 * megabytes * int(made.sizes[most]) // room})`",
            )
        return made

    @property
    def sizes(self) -> Array:
        """Cases of every block."""
        return self.high - self.low

    @cached_property
    def starts(self) -> Array:
        """[blocks + 1]: the number of each block's first case among all."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def __len__(self) -> int:
        return len(self.shard)


@dataclass(frozen=True)
class ShardReader:
    """A source with what is done to its cases, and which are held out of training.

    A case is held out with probability `validate`, by its block and the seed; one of weight 0 is
    as good as not there.
    """

    source: ShardSource
    model: CheckedModel
    layout: BlockLayout
    preparation: Preparation
    dtype: np.dtype[np.floating]
    weights: Array | None = None
    """Of all cases, or None."""

    @classmethod
    def of(
        cls,
        source: ShardSource,
        model: CheckedModel,
        preparation: Preparation,
        dtype: np.dtype[np.floating],
        weights: Array | None = None,
    ) -> ShardReader:
        """With the train block's window."""
        window = int(dict(model.training.streaming.options).get("window", DEFAULT_WINDOW))
        numbers = sum(prod(int(n) for n in g.axes) for g in model.groups if g.name in source.kinds)
        layout = BlockLayout.of(source, numbers, window)
        return cls(source, model, layout, preparation, dtype, weights)

    def with_preparation(self, preparation: Preparation) -> ShardReader:
        """The same with other transforms."""
        return replace(self, preparation=preparation)

    def chosen(self, block: int, part: CasePart) -> Array | slice:
        """The rows of a block that are of a part."""
        training, size = self.model.training, int(self.layout.sizes[block])
        weights = self.weights_of(block)
        there = None if weights is None or weights.all() else weights > 0
        if training.validate and part != "all":
            drawn = of_cases("SPLIT", training.seed, block + 1).random(size)
            held = drawn < training.validate
            side = held if part == "held" else ~held
            return np.flatnonzero(side if there is None else side & there)
        if part == "held":
            return np.empty(0, np.int64)
        return slice(None) if there is None else np.flatnonzero(there)

    def counts(self, part: CasePart) -> Array:
        """[blocks]: how many cases of each are of a part."""
        if part == "all" and self.weights is None:
            return self.layout.sizes
        if not self.model.training.validate and self.weights is None:
            return self.layout.sizes if part == "train" else np.zeros(len(self.layout), np.int64)
        made = []
        for k, size in enumerate(self.layout.sizes):
            rows = self.chosen(k, part)
            made.append(int(size) if isinstance(rows, slice) else len(rows))
        return np.array(made)

    def weights_of(self, block: int) -> Array | None:
        """The weights of a block's cases; None where all are the same."""
        if self.weights is None:
            return None
        starts = self.layout.starts
        return self.weights[starts[block] : starts[block + 1]]

    def stored(self, block: int) -> dict[str, Array]:
        """A block as it is stored, in the shapes of the model's groups."""
        layout = self.layout
        found = self.source.read(
            int(layout.shard[block]), int(layout.low[block]), int(layout.high[block])
        )
        return flatten(found, self.model)

    def block(self, block: int, part: CasePart = "all", verify: bool = False) -> dict[str, Array]:
        """The cases of a block that are of a part, as the machine takes them.

        `verify`: whether values are looked at; those of a source that was looked at before need
        not be.
        """
        if not verify:
            return self._ready(block, part, self.preparation)
        values, layout = self.stored(block), self.layout
        shard = self.source.shards[int(layout.shard[block])]
        with quietly(block > 0):
            out = prepare(
                values,
                self.model,
                f"`{shard.name}`",
                self.model.training.seed,
                kept=self.preparation,
                block=block,
                rows=np.arange(layout.low[block], layout.high[block]),
            ).arrays
        for name, x in out.items():
            verify_fits(x, self.dtype, f"data for `{name}` from `{shard.name}`")
        return self._chosen_of(out, block, part)

    def _ready(self, block: int, part: CasePart, preparation: Preparation) -> dict[str, Array]:
        """The cases of a block that are of a part, with these transforms; nothing is looked at."""
        with quietly():
            out = ready_values(self.stored(block), self.model, preparation, block)
        return self._chosen_of(out, block, part)

    def _chosen_of(
        self, values: Mapping[str, Array], block: int, part: CasePart
    ) -> dict[str, Array]:
        rows = self.chosen(block, part)
        return {n: self._numbers(x[rows]) for n, x in values.items()}

    def fill(self, block: int, part: CasePart, room: Mapping[str, Array], at: int) -> int:
        """Puts the cases of a block that are of a part into arrays from `at` on, of the types of
        `held_kinds`; their number.
        """
        rows, layout = self.chosen(block, part), self.layout
        if isinstance(rows, slice) and self._as_stored:
            size, kinds = int(layout.sizes[block]), self.source.kinds
            places = {n: x[at : at + size].reshape(size, *kinds[n].shape) for n, x in room.items()}
            low, high = int(layout.low[block]), int(layout.high[block])
            self.source.read(int(layout.shard[block]), low, high, places)
            return size
        found = self._ready(block, part, self._of_held)
        size = len(next(iter(found.values())))
        for name, x in found.items():
            room[name][at : at + size] = x
        return size

    def taken(self, name: str, held: Array, rows: Array) -> Array:
        """Rows of a group's values that are held, as the machine takes them."""
        table = self._tables.get(name)
        return held[rows] if table is None else table.of(held, rows)

    @cached_property
    def _tables(self) -> dict[str, ByteTable]:
        """Group → what its bytes stand for, of those that are held as they are stored."""
        out = {}
        for name, x in flatten(self.source.head(), self.model).items():
            fitted = self.preparation.known().get(name)
            table = None if fitted is None else table_of(fitted, x.dtype)
            if table is not None and self.kinds()[name][0] == x.shape[1:]:
                out[name] = ByteTable(self._numbers(table.values))
        return out

    @cached_property
    def _of_held(self) -> Preparation:
        """What is done to cases before they are held."""
        if not self._tables:
            return self.preparation
        known = self.preparation.known().items()
        return replace(self.preparation, groups={n: f for n, f in known if n not in self._tables})

    @cached_property
    def _as_stored(self) -> bool:
        """Whether numbers are held as they lie in the shards."""
        stored, known = self.source.head(), self._of_held.known()
        shaped = flatten(stored, self.model)
        return all(
            np.shares_memory(shaped[n], x)
            and shaped[n].flags.c_contiguous
            and not (n in known and known[n].steps)
            and self.held_kinds()[n] == (shaped[n].shape[1:], x.dtype)
            for n, x in stored.items()
        )

    def held_kinds(self) -> Mapping[str, Kind]:
        """Shapes and types of groups, as windows hold them."""
        if not self._tables:
            return self.kinds()
        stored = flatten(self.source.head(), self.model)
        return {
            n: (shape, stored[n].dtype if n in self._tables else dtype)
            for n, (shape, dtype) in self.kinds().items()
        }

    def _numbers(self, x: Array) -> Array:
        """Numbers wider than the machine's in its own type."""
        return x.astype(self.dtype) if x.dtype.itemsize > self.dtype.itemsize else x

    def kinds(self) -> Mapping[str, Kind]:
        """Shapes and types of groups, as blocks have them."""
        return {n: (x.shape[1:], x.dtype) for n, x in self._first.items()}

    @cached_property
    def _first(self) -> dict[str, Array]:
        return self.block(int(np.argmax(self.layout.sizes > 0)))
