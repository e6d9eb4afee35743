"""Work of a chosen number of ranks, whatever the number of processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..language.diagnostics import fail
from ..ranks.by_threads import in_threads
from ..ranks.world import world

T = TypeVar("T")


def as_ranks(count: int | None, work: Callable[[], T]) -> T:
    """What `work` gives on the first rank of this process.

    With a `count`, ranks are threads, as many in each process, and add up in their order: a
    training of so many ranks leaves the same bits in one process and in `count`. Without one each
    process is a rank, and MPI chooses the order.

    Raises BM997 if the processes cannot have equally many ranks each.
    """
    processes = world()
    if count is None or (count == 1 and processes.alone):
        return work()
    if count % processes.size:
        raise fail(
            "BM997",
            f"{count} ranks cannot be shared evenly by {processes.size} processes",
            help=f"a multiple of {processes.size}, as `--ranks {processes.size * 2}`",
        )
    return in_threads(count // processes.size, work, processes)[0]


def refuse_ranks(what: str) -> None:
    """Raises BM996 where several ranks would do what one process does."""
    if not world().alone:
        raise fail(
            "BM996",
            f"{what} cannot be shared by {world().size} ranks",
            help="train it in one process, with as many threads as there are cores",
        )
