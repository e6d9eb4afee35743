"""Several ranks read a stream together: each reads some blocks of every window, and hands the cases
of these to the ranks that train on them.

The order of cases is that of one process. Position t · batch + k of an epoch is case k of minibatch
t, which is that of the rank `owners` names; all ranks know all of that, and tell each other nothing
but the cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from ...ranks.interface import Ranks, owners, share
from .order import Order

Array = np.ndarray
MAX_SENT_BYTES = 1 << 22
"""Of a group's cases that a rank sends at a time: what an exchange takes beside the windows."""


@dataclass(frozen=True)
class SharedReading:
    """The ranks, and the cases of a minibatch."""

    ranks: Ranks
    batch: int

    def readers(self, order: Order, window: int) -> Array:
        """[blocks of the window]: the rank that reads each, in the order of ranks; about as many
        cases each.
        """
        read = order.blocks.held[order.blocks_of(window)]
        middle = np.cumsum(read) - (read + 1) // 2
        return np.minimum(middle * self.ranks.size // max(1, int(read.sum())), self.ranks.size - 1)

    def blocks_here(self, order: Order, window: int) -> Array:
        """The blocks of a window that this rank reads, ascending."""
        return order.blocks_of(window)[self.readers(order, window) == self.ranks.rank]

    def owners(self, order: Order, window: int) -> Array:
        """[cases of the window, ascending]: the rank that trains on each."""
        low, high = int(order.starts[window]), int(order.starts[window + 1])
        update, place = np.divmod(np.arange(low, high), self.batch)
        sizes = np.minimum(self.batch, len(order) - update * self.batch)
        return owners(place, sizes, self.ranks.size)[np.argsort(order[low:high])]

    def own_cases(self, order: Order, window: int) -> Array:
        """The cases of a window that this rank trains on, ascending."""
        return order.cases_of(window)[self.owners(order, window) == self.ranks.rank]

    def exchange(
        self, order: Order, window: int, read: Mapping[str, Array], into: Mapping[str, Array]
    ) -> None:
        """Fills the first rows of the arrays `into` by `own_cases`, from what every rank has `read`
        of the window.

        Collective. Memory besides is twice MAX_SENT_BYTES.
        """
        size, here = self.ranks.size, self.ranks.rank
        owner = self.owners(order, window)
        blocks = order.blocks_of(window)
        reader = np.repeat(self.readers(order, window), order.blocks.sizes[blocks])
        starts = np.searchsorted(reader, np.arange(size + 1))
        most = int(np.diff(starts).max())
        for name, x in read.items():
            width = prod(x.shape[1:]) * x.itemsize
            rounds = max(1, -(-most * width // MAX_SENT_BYTES))
            places = np.concatenate([[0], np.cumsum(owner == here)])[starts[:-1]]
            for k in range(rounds):
                bounds = [
                    (low + a, low + b)
                    for low, high in zip(starts[:-1], starts[1:], strict=True)
                    for a, b in [share(high - low, k, rounds)]
                ]
                low, high = bounds[here]
                first = low - starts[here]
                by_owner = np.argsort(owner[low:high], kind="stable")
                received = [int((owner[a:b] == here).sum()) for a, b in bounds]
                found = self.ranks.exchanged(
                    x[first : first + high - low][by_owner],
                    np.bincount(owner[low:high], minlength=size).tolist(),
                    received,
                )
                at = 0
                for source, count in enumerate(received):
                    into[name][places[source] : places[source] + count] = found[at : at + count]
                    places[source] += count
                    at += count
