"""States gathered by a table of columns, and fields scattered back: what index arithmetic comes to
once sizes are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..native import deferred as numba

Array = np.ndarray


def gathered(x: Array, columns: Array) -> Array:
    """[rows, *axes of `columns`] from x [rows, size]; 0 where a column is negative."""
    made = x[:, np.maximum(columns, 0).ravel()]
    made[:, columns.ravel() < 0] = 0
    return made.reshape(len(x), *columns.shape)


def scatter(made: Array, columns: Array, out: Array) -> None:
    """out[r, columns] += made[r, ...], for out [rows, size] or [rows, states, size]; negative
    columns are left out.
    """
    there = columns.ravel() >= 0
    where = columns.ravel()[there]
    flat = made.reshape(-1, columns.size)[:, there]
    for total, part in zip(out.reshape(-1, out.shape[-1]), flat, strict=True):
        total += np.bincount(where, part, len(total)).astype(out.dtype)


@dataclass(frozen=True)
class Side:
    """A group's states as matrices [rows, sites] of a convolution, one a case: runs of even steps
    from state to matrix.

    `runs` [n, 5]: row and site where a run begins, the first column, its length and step.
    """

    rows: int
    sites: int
    size: int
    runs: Array
    direct: bool
    """Whether the state is this very matrix."""

    @classmethod
    def of(cls, columns: Array, size: int) -> Side:
        """`columns` [rows, sites] of a group of `size` columns; negative where nothing is."""
        rows, sites = columns.shape
        table = np.ascontiguousarray(columns, np.int64)
        direct = bool(columns.size == size and (columns.ravel() == np.arange(size)).all())
        count = _runs(table, np.empty((0, 5), np.int64))
        runs = np.empty((count, 5), np.int64)
        _runs(table, runs)
        return cls(rows, sites, size, runs, direct)


@numba.njit(cache=True)
def _runs(table, out):  # type: ignore[no-untyped-def]  # typed by numba
    """The number of runs of even steps inside the rows of a table; written to `out` where it has
    room.
    """
    count = 0
    for r in range(table.shape[0]):
        s = 0
        while s < table.shape[1]:
            if table[r, s] < 0:
                s += 1
                continue
            end, step = s + 1, 1
            if end < table.shape[1] and table[r, end] >= 0:
                step = table[r, end] - table[r, s]
                while (
                    end < table.shape[1]
                    and table[r, end] >= 0
                    and table[r, end] - table[r, end - 1] == step
                ):
                    end += 1
            if count < out.shape[0]:
                out[count, 0], out[count, 1], out[count, 2], out[count, 3], out[count, 4] = (
                    r,
                    s,
                    table[r, s],
                    end - s,
                    step,
                )
            count += 1
            s = end
    return count
