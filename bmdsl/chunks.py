"""Many cases through a function that holds everything of some of them at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

CHUNK = 4096
NUMBERS = 1 << 22
"""Most numbers of a group at a time."""
LARGE = 1 << 28
"""Results of more bytes go into a temporary file, mapped into memory, so that memory does not grow
with the cases.
"""
Arrays = Mapping[str, np.ndarray]


def chunks(
    data: Arrays, wide: int = 0, part: tuple[int, int] | None = None
) -> Iterator[dict[str, np.ndarray]]:
    """Cases, group → [cases, *axes], at most CHUNK and about NUMBERS numbers at a time, in order;
    `wide` numbers a case are made of it. `part`: first and past-the-last of the cases; else all.
    """
    first, last = part or (0, len(next(iter(data.values()))))
    widest = max(wide, *(int(np.prod(x.shape[1:])) for x in data.values()))
    step = max(1, min(CHUNK, NUMBERS // max(1, widest)))
    for lo in range(first, last, step):
        yield {n: x[lo : min(last, lo + step)] for n, x in data.items()}


def by_chunks(
    function: Callable[[dict[str, np.ndarray]], np.ndarray],
    data: Arrays,
    wide: int = 0,
    part: tuple[int, int] | None = None,
) -> np.ndarray:
    """The function's results for all cases, or those of a part, one after another; `wide` numbers a
    case are made on the way.
    """
    first, last = part or (0, len(next(iter(data.values()))))
    count, out, at = last - first, np.empty(0), 0
    for cases in chunks(data, wide, (first, last)):
        made = np.asarray(function(cases))
        if at == 0:
            out = _room((count, *made.shape[1:]), made.dtype)
        out[at : at + len(made)] = made
        at += len(made)
    return out


def _room(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    if int(np.prod(shape)) * dtype.itemsize <= LARGE:
        return np.empty(shape, dtype)
    with (
        tempfile.TemporaryFile() as file
    ):  # its name is gone at once; the mapping keeps what it holds
        return np.memmap(file, dtype, "w+", shape=shape)
