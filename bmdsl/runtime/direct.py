"""Functions of a generated module called from Python: threads only where they have much to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numba
import numpy as np

from ..kernels.sharing import OPTIONS, in_parts

LARGE = 1 << 20
"""Numbers of a call's largest array from which on numba's parallel loop is compiled, which takes
three times as long as the same loop for one thread: that one runs a few milliseconds at most."""


class Direct:
    """A function with a parallel loop over rows, and the same for one thread.

    That one is the routines' compiled form (`kernels.sharing`), so both have it from one cache, and
    a row's numbers are the same either way.
    """

    def __init__(self, function: Any, alone: Any) -> None:
        self.function, self._alone = function, alone

    def __call__(self, *given: Any) -> None:
        if max((x.size for x in given if isinstance(x, np.ndarray)), default=0) < LARGE:
            self._compiled(*given, 0, 1)
        else:
            self.function(*given)

    @cached_property
    def _compiled(self) -> Callable[..., None]:
        fast = self.function.targetoptions.get("fastmath", False)
        made: Callable[..., None] = numba.njit(fastmath=fast, **OPTIONS)(self._alone)
        return made


def direct(function: Any) -> Any:
    """A module's function as Python calls it: as it is, if it has no loop to share."""
    if not getattr(function, "targetoptions", {}).get("parallel"):
        return function
    alone = in_parts(function.py_func, {"out"})
    return function if alone is None else Direct(function, alone)
