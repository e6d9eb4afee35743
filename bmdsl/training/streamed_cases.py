"""Training cases that are read as they are needed, in the place of `Cases` that lie in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..data.streams.order import Order
from ..data.streams.shared_reading import SharedReading
from ..data.streams.surveying import Survey
from ..data.streams.view import MAX_PLACES, ShardColumn, ShardView, sample_size
from ..data.streams.windows import Windows
from ..language.diagnostics import fail
from ..ranks.interface import share
from ..ranks.world import world
from .batch import Batch
from .cases import Cases, note_of_gaps, share_of
from .machine_protocol import Array

MAX_JUDGED_BLOCKS = 512
"""Blocks that validation cases are taken from: they are read again when a run is resumed."""


@dataclass(frozen=True)
class StreamedGroup:
    """A group of the training cases: those of the present windows are in memory."""

    column: ShardColumn
    windows: Windows

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the numbers."""
        return self.column.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """(cases, *shape of one)."""
        return self.column.shape

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, cases: Array) -> Array:
        return self.windows.take(self.column.name, cases)


@dataclass(frozen=True)
class StreamedCases:
    """The training cases of a view, numbered as in it, with what a survey of them has found."""

    view: ShardView
    survey: Survey

    @cached_property
    def windows(self) -> Windows:
        """What is in memory of them."""
        training, ranks = self.view.reader.model.training, world()
        shared = None if ranks.alone else SharedReading(ranks, training.batch)
        return Windows(self.view, training.seed, shared)

    @cached_property
    def data(self) -> Mapping[str, StreamedGroup]:
        """Group → its cases."""
        return {n: StreamedGroup(x, self.windows) for n, x in self.view.columns.items()}

    @cached_property
    def weights(self) -> Array:
        """Of all cases; one number where they are the same."""
        found = self.view.weights
        return np.broadcast_to(np.float64(1), (len(self.view),)) if found is None else found

    def __len__(self) -> int:
        return len(self.view)

    def order(self, seed: int, epoch: int) -> Order:
        """The epoch's order: a pure function of seed and epoch."""
        return self.windows.order(epoch)

    def updates_at_hand(self, epoch: int, place: int, batch: int) -> int:
        """Updates from the epoch's `place`-th on that the present window has cases for; one at
        least.
        """
        order = self.windows.order(epoch)
        end = int(order.starts[order.window_at(place * batch) + 1])
        whole = -(-end // batch) if end == len(order) else end // batch
        return max(1, whole - place)

    def ends(self, updates: int, batch: int) -> None:
        """Says how many updates a training has: nothing is read for later ones."""
        epoch, place = divmod(updates - 1, -(-len(self) // batch))
        self.windows.ends(epoch, (place + 1) * batch)

    def groups_missing(self) -> frozenset[str]:
        """Groups with values that are not observed."""
        return frozenset(self.survey.missing)

    def probe(self, dtype: object) -> Batch:
        """One case, with missing values where there is one."""
        rows = np.array([self.survey.first_missing])
        return Batch(self.view.take(rows), np.ones(1, dtype), 0)  # type: ignore[call-overload]  # of any type

    def notes(self) -> list[str]:
        """What is to be said of the cases."""
        return note_of_gaps(self.survey.cases_missing, len(self))

    def spread(self, most: int) -> Cases:
        """At most so many cases, of some blocks that are spread over all."""
        return some_of(self.view, most)

    def whole_spread(self, most: int) -> Cases:
        """Those of them without missing values."""
        return self.spread(most).whole()

    def batch(self, rows: Array, update: int, dtype: object) -> tuple[Batch, float]:
        """The minibatch and its share, as that of `Cases`."""
        weights, share = share_of(self.weights, rows, dtype)
        return Batch({n: x[rows] for n, x in self.data.items()}, weights, update), share

    def held(self) -> tuple[Cases | None, list[str]]:
        """Cases that `validate` holds out, at most some MB of them, and what is to be said of that.

        BM730 where none is.
        """
        training = self.view.reader.model.training
        if not training.validate:
            return None, []
        view = ShardView(self.view.reader, "held")
        if not len(view):
            raise fail(
                "BM730",
                f"`validate {training.validate:g}` holds none of the cases out",
                help="a larger share",
            )
        found = some_of(view, sample_size(view), MAX_JUDGED_BLOCKS)
        note = f"validation scores are those of {len(found):,} of {len(view):,} cases"
        return found, [note] if len(found) < len(view) else []

    def bring(self, rows: Array) -> None:
        """Has the windows of these cases, of all ranks, in memory: all ranks bring the same."""
        if self.windows.shared is not None:
            self.windows.bring(rows)

    def in_memory(self, what: str) -> dict[str, Array]:
        """All of them, for `what` takes them at once; BM726 where they do not fit."""
        return {n: x.whole(what) for n, x in self.view.columns.items()}

    def close(self) -> None:
        """Lets windows and files go."""
        if "windows" in self.__dict__:
            self.windows.close()


def some_of(view: ShardView, most: int, places: int = MAX_PLACES) -> Cases:
    """At most so many cases of a view in memory: the same on all ranks, which read some each."""
    ranks = world()
    rows = view.some(most, places)
    weights = view.weights
    first, last = share(len(rows), ranks.rank, ranks.size)
    read = ranks.each(lambda: view.take(rows[first:last]))
    values = {n: x if ranks.alone else ranks.gathered(x) for n, x in read.items()}
    return Cases(values, np.ones(len(rows)) if weights is None else weights[rows])
