"""Functions of a generated module called from Python: threads only where they have much to do."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..kernels.sharing import in_parts, load_sharing
from ..native import deferred as numba
from ..native.functions import Native
from ..native.symbols import OPTIONS
from ..native.text import is_compiled

LARGE = 1 << 20
"""Numbers of a call's largest array from which on threads share its loop: one thread takes a few
milliseconds at most for fewer, and the form for threads is one more to compile."""


class Direct:
    """A function with a parallel loop over rows, and the same for one thread.

    That one is the routines' compiled form, so both have it from one cache, and a row's numbers are
    the same either way.
    """

    def __init__(self, function: Any, written: Collection[str] = ("out",)) -> None:
        """`written`: the arguments that it writes to."""
        self.py_func = function.py_func
        fast = function.targetoptions.get("fastmath", False)
        self.function = Native(function.py_func, fast, function.call_numba, shared=True)
        shared = in_parts(function.py_func, set(written))
        self._rest: tuple[int, ...] = () if shared is None else (0, 1)
        alone = function.py_func if shared is None else shared
        self._alone = numba.njit(fastmath=fast, **OPTIONS)(alone)

    def __call__(self, *given: Any) -> Any:
        if max((x.size for x in given if isinstance(x, np.ndarray)), default=0) < LARGE:
            return self._alone(*given, *self._rest)
        load_sharing()
        return self.function(*given)


def direct(function: Any) -> Any:
    """A module's function as Python calls it: plain functions as they are."""
    parallel = is_compiled(function) and function.targetoptions.get("parallel")
    return Direct(function) if parallel else function
