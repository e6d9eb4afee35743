"""What ranks can do together, whatever carries their messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import numpy as np

from . import errors

Array = np.ndarray
T = TypeVar("T")
WORDS = 8
"""Numbers that compiled code needs to add arrays up over ranks, see `Ranks.call`."""


def share(count: int, rank: int, size: int) -> tuple[int, int]:
    """First and past-the-last of `count` rows that belong to a rank: shares are contiguous, in the
    order of ranks, and differ by one row at most.
    """
    return count * rank // size, count * (rank + 1) // size


def owners(rows: Array, count: Array | int, size: int) -> Array:
    """The rank that each of these rows, of `count`, belongs to: see `share`."""
    return ((rows + 1) * size - 1) // count


class Ranks(ABC):
    """The ranks of one run, seen from one of them.

    Everything but `rank`, `size`, `leads` and `call` is *collective*: all ranks call it, in the
    same order.
    """

    rank: int
    """This one, counted from 0."""
    size: int
    """How many there are."""

    @property
    def leads(self) -> bool:
        """Whether this is rank 0, which alone writes files and talks to the user."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.size == 1

    @abstractmethod
    def call(self) -> Array:
        """How compiled code adds an array up over all ranks: WORDS whole numbers.

        The address of a C function of MPI_Allreduce's form, then its arguments: send buffer
        (that of MPI_IN_PLACE), the types float, double and int64, the operation, the communicator;
        last, whether this is rank 0.
        """

    @abstractmethod
    def all(self, x: Any) -> list[Any]:
        """What every rank gave, in the order of ranks; see `messages` for what it may be."""

    def first(self, x: Any) -> Any:
        """What rank 0 gave."""
        return self.all(x if self.leads else None)[0]

    def from_first(self, make: Callable[[], T]) -> T:
        """What `make` gives on rank 0, which alone calls it; what it raises is raised on all."""
        if self.alone:
            return make()
        made, error = None, None
        if self.leads:
            try:
                made = make()
            except Exception as found:
                error = found
        text = self.first(None if error is None else errors.written(error))
        if error is not None:
            raise error
        if text is not None:
            raise errors.read(text)
        return self.first(made)  # type: ignore[no-any-return]  # what `make` gave

    def most(self, x: int) -> int:
        """The largest of the numbers that ranks gave."""
        return max(self.all(x))

    def gathered(self, x: Array) -> Array:
        """The rows of all ranks, one after another: [Σ rows, ...]."""
        return np.concatenate(self.all(x))

    def exchanged(self, x: Array, sent: Sequence[int], received: Sequence[int]) -> Array:
        """The rows that all ranks have for this one, in the order of ranks: [Σ received, ...].

        Of x, the first `sent[0]` rows are for rank 0, the next ones for rank 1, and so on;
        `received[k]` rows come from rank k.
        """
        ends = np.cumsum(sent)
        parts = self.all([x[end - n : end] for n, end in zip(sent, ends, strict=True)])
        out: Array = np.concatenate([part[self.rank] for part in parts])
        assert len(out) == sum(received)
        return out

    def each(self, make: Callable[[], T]) -> T:
        """What `make` gives on this rank; what it raises on any is raised on all, that of the first
        of them.
        """
        if self.alone:
            return make()
        made, error = None, None
        try:
            made = make()
        except Exception as found:
            error = found
        told = self.all(None if error is None else errors.written(error))
        failed = next((k for k, text in enumerate(told) if text is not None), None)
        if failed is not None:
            raise error if error is not None and failed == self.rank else errors.read(told[failed])
        return made  # type: ignore[return-value]  # what `make` gave

    def computing(self) -> AbstractContextManager[None]:
        """Inside is compiled code alone, which other ranks of the process may run at a time."""
        return nullcontext()

    def barrier(self) -> None:
        """Waits until all ranks are here."""
        self.all(None)

    def agree_on(self, arrays: Mapping[str, Array]) -> None:
        """Gives every rank the numbers of rank 0, in place.

        Ranks compute the same from the same, but on processors of different kinds a last bit may
        differ, and such differences would grow.
        """
        for x in arrays.values():
            x[...] = self.first(x if self.leads else None)


class Alone(Ranks):
    """The one rank of a program that was not started by mpirun."""

    rank, size = 0, 1

    def call(self) -> Array:
        """Nothing that could be called: no schedule of a single rank adds up over ranks."""
        return np.zeros(WORDS, np.int64)

    def all(self, x: Any) -> list[Any]:
        """x alone."""
        return [x]
