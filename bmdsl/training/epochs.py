"""Updates and the epochs that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..data.streams.order import Order


def epochs_in(first: int, count: int, per_epoch: int) -> Iterator[tuple[int, int, int]]:
    """The epochs that updates `first`, ..., first + count − 1 belong to: their numbers, first
    updates and ends.
    """
    while count > 0:
        epoch, place = divmod(first, per_epoch)
        part = min(count, per_epoch - place)
        yield epoch, first, first + part
        first, count = first + part, count - part


def rows_of_updates(
    first: int, count: int, per_epoch: int, batch: int, order: Callable[[int], np.ndarray | Order]
) -> tuple[np.ndarray, np.ndarray]:
    """The cases of updates `first`, ..., first + count − 1, one minibatch after another, and the
    sizes of these. `order`: epoch → all cases in its order.
    """
    rows, sizes = [], list[int]()
    for epoch, lo, hi in epochs_in(first, count, per_epoch):
        cases = order(epoch)
        begin, end = (t - epoch * per_epoch for t in (lo, hi))
        rows.append(cases[begin * batch : end * batch])
        sizes += [min(batch, len(cases) - t * batch) for t in range(begin, end)]
    return np.concatenate(rows), np.array(sizes)
