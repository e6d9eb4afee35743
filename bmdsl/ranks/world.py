"""Which rank this process, or this thread, is."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..language.diagnostics import fail
from .interface import Alone, Ranks
from .launch import launched

_own: ContextVar[Ranks | None] = ContextVar("ranks of this thread", default=None)


def world() -> Ranks:
    """The ranks that this process, or thread, is one of.

    Raises BM995 if mpirun started several processes and mpi4py is not installed.
    """
    return _own.get() or _processes()


@contextmanager
def standing_as(ranks: Ranks) -> Iterator[None]:
    """Inside, this thread is the rank that `ranks` is seen from."""
    token = _own.set(ranks)
    try:
        yield
    finally:
        _own.reset(token)


@functools.cache
def _processes() -> Ranks:
    if launched() < 2:
        return Alone()
    try:
        from .by_mpi import Processes
    except ImportError as problem:
        raise fail(
            "BM995",
            f"{launched()} processes were started together, and the package mpi4py is not"
            " installed: each would train alone",
            help="pip install 'bmdsl[mpi]', or start one process",
            note=str(problem),
        ) from None
    return Processes()
