"""Cases of one array in a file that are read some at a time: what a reader that can stream gives.

A module of `data/readers` that has `rows(path, key)` beside `read` can be streamed; `names(path)`
lists the arrays that a file may have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np


class ShardRows(Protocol):
    """An array [count, *shape] in a file that is open."""

    @property
    def count(self) -> int:
        """Number of cases."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one case."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers that `read` gives."""

    @property
    def unit(self) -> int:
        """Cases that are decoded at once: a chunk's; 1 where any can be read alone."""

    @property
    def groups(self) -> tuple[int, ...]:
        """Numbers of cases that are decoded at once, one after another, where they differ; else
        empty.
        """

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a table; else empty."""

    def read(self, low: int, high: int) -> np.ndarray:
        """Cases low, ..., high − 1 as a new array. ValueError or OSError for a damaged file."""

    def close(self) -> None:
        """Lets the file go."""


@dataclass(frozen=True)
class RawRows:
    """Numbers that lie one after another in a file from `offset` on, as in `.npy`.

    They are read, not mapped: a file that shrinks is an error then, and no signal.
    """

    path: Path
    count: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    unit: int = 1
    groups: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    def read(self, low: int, high: int) -> np.ndarray:
        """Cases low, ..., high − 1."""
        out = np.empty((high - low, *self.shape), self.dtype)
        self.read_into(low, out)
        return out

    def read_into(self, low: int, out: np.ndarray) -> None:
        """Fills an array of numbers that lie one after another with the cases from `low` on."""
        size = out.nbytes // max(1, len(out))
        view = out.reshape(-1).view(np.uint8).data if out.size else memoryview(b"")
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.offset + low * size)
            done = 0
            while done < len(view):
                got = file.readinto(view[done:])
                if not got:
                    raise ValueError(f"it ends after {low + done // max(1, size):,} cases")
                done += got

    def close(self) -> None:
        """Nothing is open between reads."""


@dataclass(frozen=True)
class ArrayRows:
    """Cases of an array that a file decodes as a whole, as an entry of `.npz`: not before they are
    read.
    """

    load: Callable[[], np.ndarray]
    count: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    groups: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def unit(self) -> int:
        """All cases."""
        return max(1, self.count)

    def read(self, low: int, high: int) -> np.ndarray:
        """Cases low, ..., high − 1."""
        values = self.load()
        return values if high - low == len(values) else values[low:high].copy()

    def close(self) -> None:
        """Nothing is open."""
