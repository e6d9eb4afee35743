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

from . import messages
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
        return [messages.read(y) for y in self._all_bytes(messages.written(x))]

    def first(self, x: Any) -> Any:
        """What rank 0 gave."""
        sent = messages.written(x) if self.leads else b""
        length = np.array([len(sent)], np.int64)
        self.comm.Bcast(length, 0)
        out = np.frombuffer(sent, np.uint8) if self.leads else np.empty(length[0], np.uint8)
        self._from_first(out)
        return x if self.leads else messages.read(out.data)

    def most(self, x: int) -> int:
        """The largest of the numbers that ranks gave."""
        out = np.array([x], np.int64)
        self.comm.Allreduce(MPI.IN_PLACE, out, MPI.MAX)
        return int(out[0])

    def gathered(self, x: Array) -> Array:
        """The rows of all ranks, one after another."""
        rows = self._counts(len(x))
        out = np.empty((sum(rows), *x.shape[1:]), x.dtype)
        row = _row_of(x)
        try:
            self.comm.Allgatherv((np.ascontiguousarray(x), len(x), row), (out, rows, row))
        finally:
            row.Free()
        return out

    def _counts(self, x: int) -> list[int]:
        """The number that every rank gave."""
        out = np.empty(self.size, np.int64)
        self.comm.Allgather(np.array([x], np.int64), out)
        return [int(n) for n in out]

    def _all_bytes(self, own: bytes) -> list[bytes]:
        """The bytes that every rank gave, some at a time."""
        sizes, some = np.array(self._counts(len(own))), MOST_BYTES // self.size
        out, sent = [bytearray(n) for n in sizes.tolist()], np.frombuffer(own, np.uint8)
        for k in range(0, int(sizes.max()), some):
            counts = np.clip(sizes - k, 0, some)
            part = np.empty(int(counts.sum()), np.uint8)
            self.comm.Allgatherv(sent[k : k + some], (part, counts.tolist()))
            for into, x in zip(out, np.split(part, np.cumsum(counts)[:-1]), strict=True):
                into[k : k + len(x)] = x.tobytes()
        return [bytes(x) for x in out]

    def _from_first(self, x: Array) -> None:
        """Gives every rank the bytes of rank 0, in place."""
        for k in range(0, len(x), MOST_BYTES):
            self.comm.Bcast(x[k : k + MOST_BYTES], 0)

    def exchanged(self, x: Array, sent: Sequence[int], received: Sequence[int]) -> Array:
        """The rows that all ranks have for this one, in the order of ranks: [Σ received, ...]."""
        out = np.empty((sum(received), *x.shape[1:]), x.dtype)
        row = _row_of(x)
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
                x[...] = self.first(x)
                continue
            self._from_first(flat)


def _row_of(x: Array) -> Any:
    """MPI's type for a row of an array; the caller frees it."""
    return MPI.BYTE.Create_contiguous(prod(x.shape[1:]) * x.itemsize).Commit()


def _places(counts: Sequence[int]) -> list[int]:
    """Where each of several parts begins."""
    return [0, *accumulate(counts)][:-1]


def _word(place: Any) -> int:
    """MPI_IN_PLACE as a number: 1 in Open MPI, −1 in MPICH and its kin."""
    try:
        return int(place) & (2**64 - 1)
    except TypeError:
        return 1 if "Open MPI" in MPI.Get_library_version() else 2**64 - 1
