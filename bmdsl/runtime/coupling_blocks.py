"""Couplings a block of columns at a time, so that what is made of them is no long list.

A block's couplings are the seven arrays of `Incidence.bound`, of these columns alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Array = np.ndarray
BLOCK = 1 << 14
"""Columns whose couplings are made together."""


def blocks_of(size: int, states: int = 1) -> Iterator[range]:
    """A group's columns, those of a unit of so many states together."""
    step = max(1, BLOCK // states) * states
    for lo in range(0, size, step):
        yield range(lo, min(size, lo + step))


def ends_of(counts: Array) -> Array:
    """Where things begin that are so many one after another, and where the last ones end."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def spread(first: Array, counts: Array) -> tuple[Array, Array]:
    """first[k], first[k] + 1, … of each k, as many as counts[k], and the k of each."""
    of = np.repeat(np.arange(len(counts)), counts)
    return (first - (np.cumsum(counts) - counts))[of] + np.arange(len(of)), of


def part_of(couplings: tuple[Array, ...], columns: range) -> tuple[Array, ...]:
    """The couplings of these columns, of those of a whole group."""
    start, other, value, more, more_value, begin, more_other = couplings
    if len(columns) == len(start) - 1:
        return couplings
    start, more = (x[columns.start : columns.stop + 1] for x in (start, more))
    begin = begin[more[0] : more[-1] + 1]
    return (
        start - start[0],
        other[start[0] : start[-1]],
        value[start[0] : start[-1]],
        more - more[0],
        more_value[more[0] : more[-1]],
        begin - begin[0],
        more_other[begin[0] : begin[-1]],
    )


def once(first: int, couplings: tuple[Array, ...]) -> Iterator[tuple[Array, Array]]:
    """The couplings of a block whose first unit is one of the block's, columns from `first` on:
    the columns [couplings, order] and the value of each.
    """
    start, other, value, more, more_value, begin, more_other = couplings
    own = np.repeat(first + np.arange(len(start) - 1), np.diff(start))
    kept = own < other
    yield np.stack([own[kept], other[kept]], axis=1), value[kept]
    own, count = np.repeat(first + np.arange(len(more) - 1), np.diff(more)), np.diff(begin)
    for k in np.unique(count):
        chosen = np.flatnonzero(count == k)
        others = more_other[begin[chosen][:, None] + np.arange(k)]
        kept = (others > own[chosen][:, None]).all(axis=1)
        columns = np.concatenate([own[chosen][:, None], others], axis=1)
        yield columns[kept], more_value[chosen][kept]


def unique_rows(x: Array) -> tuple[Array, Array]:
    """The different rows in their order, and which of them each is."""
    number = np.zeros(len(x), np.int64)
    for column in x.T:
        if (column[1:] != column[:-1]).any():
            values, rank = np.unique(column, return_inverse=True)
            number = np.unique(number * len(values) + rank, return_inverse=True)[1]
    _, first = np.unique(number, return_index=True)
    return x[first], number
