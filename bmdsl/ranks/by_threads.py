"""Ranks that are threads of a process, several in each of the processes that there are.

They add up in the order of ranks, whatever the number of processes: a training of eight such ranks
leaves the same bits in one process and in eight.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

import numpy as np

from . import messages
from .interface import WORDS, Alone, Array, Ranks
from .world import standing_as

T = TypeVar("T")
SUM = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int64] * 6)
"""The form of MPI_Allreduce, every argument a word."""
TYPES = (np.float32, np.float64, np.int64)
"""In the place of MPI's types: the number of one of these."""


class Meeting:
    """What the threads of one process share."""

    def __init__(self, count: int, outer: Ranks) -> None:
        self.count, self.outer = count, outer
        self.barrier = threading.Barrier(count)
        self.given: list[bytes] = [b""] * count
        self.merged: list[bytes] = []
        self.baton = threading.Lock()
        """Held by the one thread that runs Python: compilers and caches know of no second one."""

    def exchange(self, place: int, x: bytes) -> list[bytes]:
        """What every rank gave, in order."""
        self.given[place] = x
        self.barrier.wait()
        if place == 0:
            found = self.outer.all(list(self.given))
            self.merged = [y for part in found for y in part]
        self.barrier.wait()
        return self.merged  # made anew before anything is given again


class Threads(Ranks):
    """One thread of several, in one process of those that `outer` are."""

    def __init__(self, place: int, meeting: Meeting) -> None:
        self._place, self._meeting = place, meeting
        self._holds = False
        outer = meeting.outer
        self.rank, self.size = outer.rank * meeting.count + place, outer.size * meeting.count
        self._sum = SUM(self._add_up)
        address = ctypes.cast(self._sum, ctypes.c_void_p).value or 0
        self._call = np.array([address, 0, *range(len(TYPES)), 0, 0, self.leads], np.int64)
        assert len(self._call) == WORDS

    def call(self) -> Array:
        """A function of Python's by its address."""
        return self._call

    def all(self, x: Any) -> list[Any]:
        """What every rank gave, in the order of ranks: copies, as processes would have them."""
        given = messages.written(x)
        with self.computing():
            found = self._meeting.exchange(self._place, given)
        return [messages.read(y) for y in found]

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Inside, other ranks of the process may run too."""
        held, self._holds = self._holds, False
        if held:
            self._meeting.baton.release()
        try:
            yield
        finally:
            if held:
                self._meeting.baton.acquire()
                self._holds = True

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Inside, this thread is this rank."""
        with self._meeting.baton, standing_as(self):
            self._holds = True
            yield

    def _add_up(self, inside: int, place: int, count: int, kind: int, *rest: int) -> int:
        """Stands in for MPI_Allreduce: sums in the order of ranks."""
        dtype: np.dtype[Any] = np.dtype(TYPES[kind])
        memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(place)
        x = np.frombuffer(memoryview(memory).cast("B"), dtype)
        try:
            first, *others = self._meeting.exchange(self._place, x.tobytes())
        except threading.BrokenBarrierError:
            return 1  # another rank has failed: the next meeting says so
        x[...] = np.frombuffer(first, dtype)
        for other in others:
            x += np.frombuffer(other, dtype)
        return 0


def meeting_of(count: int, outer: Ranks | None = None) -> Meeting:
    """What `count` ranks in each process of `outer` share, one process if there is no `outer`."""
    return Meeting(count, outer or Alone())


def in_threads(count: int, work: Callable[[], T], outer: Ranks | None = None) -> list[T]:
    """What `work` gives on each of `count` ranks in threads, the first of them this very thread.

    Raises what the first rank that failed raised; the others end at their next meeting.
    """
    meeting = meeting_of(count, outer)
    results: dict[int, T] = {}
    errors: dict[int, BaseException] = {}

    def carry_out(place: int) -> None:
        try:
            with Threads(place, meeting).standing():
                results[place] = work()
        except BaseException as error:  # raised again below, in the first thread
            errors[place] = error
            meeting.barrier.abort()

    threads = [
        threading.Thread(target=copy_context().run, args=(carry_out, k)) for k in range(1, count)
    ]
    for thread in threads:
        thread.start()
    carry_out(0)
    for thread in threads:
        thread.join()
    told = [x for x in errors.values() if not isinstance(x, threading.BrokenBarrierError)]
    if errors:
        raise (told or list(errors.values()))[0]
    return [results[k] for k in range(count)]
