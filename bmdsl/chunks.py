"""Many cases through a function that holds everything of a few thousand at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

CHUNK = 4096
Arrays = Mapping[str, np.ndarray]


def chunks(data: Arrays) -> Iterator[dict[str, np.ndarray]]:
    """Cases, group → [cases, *axes], at most CHUNK at a time, in order."""
    count = len(next(iter(data.values())))
    for lo in range(0, count, CHUNK):
        yield {n: x[lo : lo + CHUNK] for n, x in data.items()}


def by_chunks(function: Callable[[dict[str, np.ndarray]], np.ndarray], data: Arrays) -> np.ndarray:
    """The function's results for all cases, one after another."""
    return np.concatenate([np.asarray(function(part)) for part in chunks(data)])
