"""The order in which a stream's cases are trained on: a pure function of the blocks that cases lie
in, seed and epoch, so that a position is all that a resume needs.

Cases lie in blocks, runs of cases that are read at once. An epoch takes the blocks in a random
order; blocks next to each other in it form a window, as many as fit into memory, and the cases of a
window are shuffled:

    block order   π = permutation(blocks; seed, epoch)
    window w      the blocks π[first[w]] ... π[first[w + 1] − 1]
    case order    permutation(cases of the window; seed, epoch, w + 1)

Case numbers count all training cases, shard after shard: `order[a:b]` are those at positions a,
..., b − 1 of the epoch, of any process that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...plan.streams import of_cases

Array = np.ndarray


@dataclass(frozen=True)
class Blocks:
    """`sizes` [blocks]: training cases of each; `held` [blocks]: all that is read with them."""

    sizes: Array = field(compare=False)
    held: Array = field(compare=False)
    room: int
    """Cases of a window, read together, at most; a larger block is a window of its own."""

    @cached_property
    def starts(self) -> Array:
        """[blocks + 1]: the number of each block's first case, and that of all cases."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def count(self) -> int:
        """Number of training cases."""
        return int(self.starts[-1])

    def of(self, cases: Array) -> Array:
        """The block of each case."""
        return np.searchsorted(self.starts, cases, "right") - 1


@dataclass(frozen=True)
class Order:
    """The cases of one epoch by their positions; `order[a:b]` are case numbers."""

    blocks: Blocks
    seed: int
    epoch: int
    _shuffled: dict[int, Array] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return self.blocks.count

    @cached_property
    def chain(self) -> Array:
        """All blocks with training cases in the epoch's order."""
        made = of_cases("SHUFFLE", self.seed, self.epoch).permutation(len(self.blocks))
        return made[self.blocks.sizes[made] > 0]

    @cached_property
    def first(self) -> Array:
        """[windows + 1]: where each window's blocks begin in `chain`."""
        read = np.concatenate([[0], np.cumsum(self.blocks.held[self.chain])])
        cuts = [0]
        while cuts[-1] < len(self.chain):
            reach = read[cuts[-1]] + self.blocks.room
            cuts.append(max(int(np.searchsorted(read, reach, "right")) - 1, cuts[-1] + 1))
        return np.array(cuts)

    @cached_property
    def starts(self) -> Array:
        """[windows + 1]: the position of each window's first case."""
        ends = np.concatenate([[0], np.cumsum(self.blocks.sizes[self.chain])])
        return ends[self.first]

    @property
    def windows(self) -> int:
        """Number of windows."""
        return len(self.first) - 1

    @cached_property
    def window_of(self) -> Array:
        """[blocks]: the window of each; −1 of a block without training cases."""
        out = np.full(len(self.blocks), -1)
        out[self.chain] = np.repeat(np.arange(self.windows), np.diff(self.first))
        return out

    def window_at(self, position: int) -> int:
        """The window that a position lies in."""
        return int(np.searchsorted(self.starts, position, "right")) - 1

    def blocks_of(self, window: int) -> Array:
        """The blocks of a window, ascending."""
        return np.sort(self.chain[self.first[window] : self.first[window + 1]])

    def cases_of(self, window: int) -> Array:
        """The cases of a window, ascending."""
        starts = self.blocks.starts
        return concatenated_ranges(starts[b := self.blocks_of(window)], starts[b + 1])

    def _order_of(self, window: int) -> Array:
        """The cases of a window in their order."""
        found = self._shuffled.get(window)
        if found is None:
            while len(self._shuffled) > 1:
                del self._shuffled[min(self._shuffled)]
            cases = self.cases_of(window)
            generator = of_cases("SHUFFLE", self.seed, self.epoch, window + 1)
            found = self._shuffled[window] = cases[generator.permutation(len(cases))]
        return found

    def __getitem__(self, part: slice) -> Array:
        """Case numbers at the positions of a slice without a step."""
        low, high, _ = part.indices(len(self))
        made = []
        while low < high:
            w = self.window_at(low)
            start, end = int(self.starts[w]), int(self.starts[w + 1])
            made.append(self._order_of(w)[low - start : min(high, end) - start])
            low = end
        return np.concatenate(made) if made else np.empty(0, np.int64)


def concatenated_ranges(lows: Array, highs: Array) -> Array:
    """lows[0], ..., highs[0] − 1, lows[1], ..., one range after another."""
    counts = highs - lows
    if not counts.sum():
        return np.empty(0, np.int64)
    steps = np.ones(int(counts.sum()), np.int64)
    there = counts > 0
    lows, highs, counts = lows[there], highs[there], counts[there]
    steps[0] = lows[0]
    steps[np.cumsum(counts)[:-1]] = lows[1:] - highs[:-1] + 1
    return np.cumsum(steps)


def cut(count: int, unit: int, groups: Sequence[int], size: int) -> Array:
    """[blocks + 1]: where the blocks of a shard begin, about `size` cases each, none of which parts
    what is decoded at once.
    """
    if groups:
        ends, out, low = np.cumsum(groups), [0], 0
        for k, end in enumerate(ends):
            following = ends[k + 1] if k + 1 < len(ends) else None
            if following is None or following - low > size:
                if end > low:
                    out.append(int(end))
                low = int(end)
        return np.array(out)
    step = max(1, size // unit) * unit
    return np.append(np.arange(0, count, step), count) if count else np.array([0])
