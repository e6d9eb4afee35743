"""Kinds of op that add arrays up over all ranks of a training.

`ranks` says how: the address of a C function of MPI_Allreduce's form and its arguments, as
`bmdsl.ranks` gives them. Every rank comes to such an op as often as every other one, in one order.
"""

from __future__ import annotations

import ctypes

import numpy as np

from .ops import op, reads, updates

Array = np.ndarray
ADDRESS, INSIDE, FLOAT, DOUBLE, WHOLE, SUM, AMONG, LEADS = range(8)
"""What the words of `ranks` are."""
ALLREDUCE = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int64] * 6)


def _add_up(x: Array, kind: int, ranks: Array) -> None:
    words = [int(ranks[k]) for k in (INSIDE, kind, SUM, AMONG)]
    inside, of, total, among = words
    ALLREDUCE(int(ranks[ADDRESS]))(inside, x.ctypes.data, x.size, of, total, among)


@op("{x} = Σ {x} over ranks", "i w", x=updates(1), ranks=reads(1, "i8"))
def add_over_ranks(x: Array, ranks: Array) -> None:
    """Every entry is its sum over all ranks."""
    _add_up(x, FLOAT if x.itemsize == 4 else DOUBLE, ranks)


@op("{x} = Σ {x} over ranks", "i w", x=updates(1, "f8"), ranks=reads(1, "i8"))
def add_doubles_over_ranks(x: Array, ranks: Array) -> None:
    """Every entry is its sum over all ranks, in double precision."""
    _add_up(x, DOUBLE, ranks)


@op("{x} = Σ {x} over ranks", "i w", x=updates(1, "i8"), ranks=reads(1, "i8"))
def add_counts_over_ranks(x: Array, ranks: Array) -> None:
    """Every whole number is its sum over all ranks."""
    _add_up(x, WHOLE, ranks)


@op("{x} = 0 but on rank 0", "i w", x=updates(1), ranks=reads(1, "i8"))
def keep_on_first(x: Array, ranks: Array) -> None:
    """What all ranks have alike is counted once in the sum over ranks that follows."""
    if not ranks[LEADS]:
        x[:] = 0


@op("{x} = 0 but on rank 0", "i w", x=updates(1, "f8"), ranks=reads(1, "i8"))
def keep_doubles_on_first(x: Array, ranks: Array) -> None:
    """The same in double precision."""
    if not ranks[LEADS]:
        x[:] = 0


@op("{x} = 0 but on rank 0", "i w", x=updates(1, "i8"), ranks=reads(1, "i8"))
def keep_counts_on_first(x: Array, ranks: Array) -> None:
    """The same of whole numbers."""
    if not ranks[LEADS]:
        x[:] = 0
