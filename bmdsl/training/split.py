"""The share that a rank has of every minibatch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ranks.interface import Ranks, share

Array = np.ndarray


@dataclass(frozen=True)
class Split:
    """Of several minibatches one after another, the cases that are one rank's.

    The order of cases is that of a training without ranks; each minibatch is cut where it stands.
    """

    rows: Array | slice
    """Places of the rank's cases among all."""
    starts: Array
    """Where every minibatch begins among the rank's cases, and their number: [updates + 1]."""
    all_starts: Array
    """The same among all cases."""
    first: Array
    """The place of the rank's first case in each minibatch: [updates]."""

    @classmethod
    def of(cls, sizes: Array, ranks: Ranks) -> Split:
        """Of minibatches of these sizes."""
        every = np.concatenate([[0], np.cumsum(sizes)])
        if ranks.alone:
            return cls(slice(None), every, every, np.zeros(len(sizes), np.int64))
        bounds = np.array([share(int(n), ranks.rank, ranks.size) for n in sizes])
        rows = [every[t] + np.arange(lo, hi) for t, (lo, hi) in enumerate(bounds)]
        starts = np.concatenate([[0], np.cumsum(bounds[:, 1] - bounds[:, 0])])
        return cls(np.concatenate(rows), starts, every, np.ascontiguousarray(bounds[:, 0]))
