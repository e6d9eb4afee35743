"""Numba's two words for what is to be compiled, `njit` and `prange`, without numba's compiler.

Kernels import this module as `numba`. A function is translated when compiled code calls it, or
Python with arguments that machine code is made for. Numba compiles it for others, such as arrays
that do not lie one number after another; making its compiler ready takes tenths of a second, which
a training that asks nothing of it does not wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import FunctionType
from typing import Any

import numba
from numba import prange

from .functions import Native
from .kept_code import check_kept_code

__all__ = ["Deferred", "njit", "prange"]


class Deferred(Native):
    """A function that is compiled once something calls it."""

    def __init__(self, function: FunctionType, options: dict[str, Any]) -> None:
        super().__init__(function, options.get("fastmath", False), self.call_numba)
        self.targetoptions = options
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.__module__, self.__qualname__ = function.__module__, function.__qualname__

    @cached_property
    def by_numba(self) -> Any:
        """Numba's function, which is compiled by its types; what it keeps on disk is checked."""
        made = numba.njit(**self.targetoptions)(self.py_func)
        check_kept_code(made)
        return made

    @property
    def _numba_type_(self) -> Any:
        """By which functions that numba compiles may call it."""
        return self.by_numba._numba_type_

    def call_numba(self, *given: Any) -> Any:
        """Calls numba's function."""
        return self.by_numba(*given)


def njit(function: Any = None, **options: Any) -> Any:
    """numba.njit, with or without options; compiled later."""
    if function is not None:
        return Deferred(function, options)

    def mark(marked: FunctionType) -> Deferred:
        return Deferred(marked, options)

    made: Callable[[FunctionType], Deferred] = mark
    return made
