"""One pool of threads at a time: numba's run, the BLAS's are held to one thread while they do.

Two pools that both spin on the same cores made one update ten times slower than either alone.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from operator import index
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, SupportsIndex, TypeVar

from ..kernels.blas import libraries
from ..language.constants import MAX_LENGTH
from ..language.diagnostics import fail
from .interrupts import cause, remembered

if TYPE_CHECKING:
    from threadpoolctl import LibController

P = ParamSpec("P")
T = TypeVar("T")
_depth = 0


@functools.cache
def _ownership() -> Any:
    """threadpoolctl's count of who may set its threads, if it has one."""
    import threadpoolctl

    return getattr(threadpoolctl, "CONTROLLING_THREAD_OWNERSHIP", None)


class one_pool:  # noqa: N801  # used as a function that makes a context
    """Holds every BLAS to one thread inside; nested uses cost nothing."""

    __slots__ = ("_before", "_outermost")

    def __enter__(self) -> None:
        global _depth
        self._before: list[tuple[LibController, int]] = []
        self._outermost = not _depth
        if not self._outermost:
            return
        pools, ownership = libraries(), _ownership()
        _depth = 1
        for pool in pools:
            count = pool.get_num_threads()
            if count is not None and count != 1:
                if ownership is not None and not self._before:
                    ownership.increment()
                self._before.append((pool, count))
                pool.set_num_threads(1)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _depth
        if not self._outermost:
            return
        _depth = 0
        for pool, count in self._before:
            pool.set_num_threads(count)
        ownership = _ownership()
        if ownership is not None and self._before:
            ownership.decrement()


def _counts_of(function: Callable[..., Any]) -> dict[str, int]:
    """The arguments that are whole numbers, each with its place; one that is given by its name
    alone is past all places.
    """
    code, kinds = function.__code__, function.__annotations__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return {
        n: k if k < code.co_argcount else sys.maxsize
        for k, n in enumerate(names)
        if str(kinds.get(n)) in ("int", "int | None")
    }


def verify_counts(
    name: str, counts: Mapping[str, int], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """BmError BM976 for an argument that is no whole number from 0 to 2³¹ − 1."""
    for argument, place in counts.items():
        x = kwargs[argument] if argument in kwargs else args[place] if place < len(args) else None
        if x is None or (type(x) is int and 0 <= x <= MAX_LENGTH):
            continue
        if not isinstance(x, SupportsIndex) or not 0 <= index(x) <= MAX_LENGTH:
            raise fail(
                "BM976",
                f"`{argument}` of `{name}` is {str(x)[:40]}: a whole number from 0 to"
                f" {MAX_LENGTH:,} is needed",
                help=f"for instance `{argument}=10`",
            )


def alone(function: Callable[P, T]) -> Callable[P, T]:
    """A function that runs inside `one_pool`; an interrupt of compiled code comes out as what it
    is. Its arguments of the type `int` are numbers of chains, sweeps, cases: BmError BM976 for
    one that is no such number.
    """

    counts = _counts_of(function)

    @functools.wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        if counts:
            verify_counts(function.__name__, counts, args, kwargs)
        with one_pool(), remembered():
            try:
                return function(*args, **kwargs)
            except MemoryError:
                raise fail(
                    "BM830",
                    f"this call of `{function.__name__}` needs more memory than there is",
                    help="fewer chains, or some of the cases at a time",
                ) from None
            except SystemError as error:
                interrupt = cause(error)
                if interrupt is None:
                    raise
                raise interrupt from None

    return inside


SPINS = "4000"


def prefer_openmp() -> None:
    """Asks numba for OpenMP first: it starts a parallel loop in 2 µs where its own work queue takes
    80. A user's choice stands.

    Its threads wait for one another spinning, for milliseconds by default: beside another busy
    program, or a second one of ours, an update then took 40 times longer. After four thousand
    turns, some 50 microseconds, they sleep: fewer lose time between loops, more in company.
    """
    import numba

    if not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(os.environ):
        os.environ["GOMP_SPINCOUNT"] = SPINS  # read when numba starts its pool
    if not {"NUMBA_THREADING_LAYER", "NUMBA_THREADING_LAYER_PRIORITY"} & set(os.environ):
        numba.config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]  # type: ignore[attr-defined]  # set when numba starts
    # starts the pool now: a function compiled anew that calls one from numba's cache asks for the
    # pool's symbols before any parallel loop has run
    numba.get_num_threads()


def set_threads(count: int) -> None:
    """Threads that compiled code uses from here on.

    BmError BM820 where the machine has not so many.
    """
    import numba

    most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set when numba starts
    if not 1 <= count <= most:
        raise fail(
            "BM820",
            f"{count} threads were asked for, there can be 1 to {most}",
            help="the number of cores, or `NUMBA_NUM_THREADS`, bounds it",
        )
    numba.set_num_threads(count)


def set_at_most(count: int) -> None:
    """As many threads as that, or as the machine has."""
    import numba

    set_threads(min(count, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]  # as above
