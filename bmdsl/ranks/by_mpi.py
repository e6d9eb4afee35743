"""Ranks that are processes, on one machine or many, with messages by MPI."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from mpi4py import MPI

from .interface import Array, Ranks

MOST_BYTES = 1 << 30
"""Bytes of one message at most: MPI counts entries in 32 bits."""


class Processes(Ranks):
    """The processes that mpirun started."""

    def __init__(self) -> None:
        self.comm = MPI.COMM_WORLD.Dup()
        self.rank, self.size = self.comm.rank, self.comm.size

    @cached_property
    def _call(self) -> Array:
        library = ctypes.CDLL(MPI.__file__)  # a symbol is looked up in the MPI that it is linked to
        address = ctypes.cast(library.MPI_Allreduce, ctypes.c_void_p).value or 0
        handles = (MPI.FLOAT, MPI.DOUBLE, MPI.INT64_T, MPI.SUM, self.comm)
        inside = _word(MPI.IN_PLACE)
        numbers = (address, inside, *(MPI._handleof(x) for x in handles), int(self.leads))
        return np.array(numbers, np.uint64).view(np.int64)

    def call(self) -> Array:
        """MPI_Allreduce itself, by its address."""
        return self._call

    def all(self, x: Any) -> list[Any]:
        """What every rank gave, in the order of ranks."""
        return self.comm.allgather(x)

    def first(self, x: Any) -> Any:
        """What rank 0 gave."""
        return self.comm.bcast(x if self.leads else None, 0)

    def most(self, x: int) -> int:
        """The largest of the numbers that ranks gave."""
        out = np.array([x], np.int64)
        self.comm.Allreduce(MPI.IN_PLACE, out, MPI.MAX)
        return int(out[0])

    def gathered(self, x: Array) -> Array:
        """The rows of all ranks, one after another."""
        rows = self.comm.allgather(len(x))
        out = np.empty((sum(rows), *x.shape[1:]), x.dtype)
        if out.nbytes >= MOST_BYTES:
            return np.concatenate(self.comm.allgather(x))
        width = out.nbytes // max(1, len(out))
        counts = [n * width for n in rows]
        sent = np.ascontiguousarray(x).view(np.uint8).reshape(-1) if x.size else np.empty(0, "u1")
        into = out.reshape(-1).view(np.uint8) if out.size else np.empty(0, "u1")
        self.comm.Allgatherv(sent, (into, counts))
        return out

    def exchanged(self, x: Array, sent: Sequence[int], received: Sequence[int]) -> Array:
        """The rows that all ranks have for this one, in the order of ranks: [Σ received, ...]."""
        out = np.empty((sum(received), *x.shape[1:]), x.dtype)
        row = MPI.BYTE.Create_contiguous(prod(x.shape[1:]) * x.itemsize).Commit()
        try:
            self.comm.Alltoallv(
                (np.ascontiguousarray(x), (sent, _places(sent)), row),
                (out, (received, _places(received)), row),
            )
        finally:
            row.Free()
        return out

    def barrier(self) -> None:
        """Waits until all ranks are here."""
        self.comm.Barrier()

    def end(self, code: int, seconds: float) -> list[int] | None:
        """The exit codes of all ranks, once all have come to their end; None if one has not after
        so many seconds.

        Ranks wait without a core of their own, as rank 0 may draw pictures meanwhile.
        """
        out = np.zeros(self.size, np.int64)
        waits, until = self.comm.Iallgather(np.array([code]), out), time.monotonic() + seconds
        while not waits.Test():
            if time.monotonic() > until:
                return None
            time.sleep(0.02)
        return [int(x) for x in out]

    def abort(self, code: int) -> None:
        """Ends all ranks at once: one of them cannot go on, and the others wait for it."""
        MPI.COMM_WORLD.Abort(code)

    def agree_on(self, arrays: Mapping[str, Array]) -> None:
        """Gives every rank the numbers of rank 0, in place."""
        for x in arrays.values():
            flat = x.reshape(-1).view(np.uint8) if x.size and x.flags.c_contiguous else None
            if flat is None:
                x[...] = self.comm.bcast(x if self.leads else None, 0)
                continue
            for k in range(0, len(flat), MOST_BYTES):
                self.comm.Bcast(flat[k : k + MOST_BYTES], 0)


def _places(counts: Sequence[int]) -> list[int]:
    """Where each of several parts begins."""
    return [0, *accumulate(counts)][:-1]


def _word(place: Any) -> int:
    """MPI_IN_PLACE as a number: 1 in Open MPI, −1 in MPICH and its kin."""
    try:
        return int(place) & (2**64 - 1)
    except TypeError:
        return 1 if "Open MPI" in MPI.Get_library_version() else 2**64 - 1
