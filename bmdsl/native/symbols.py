"""Functions entered under symbols, by which other compiled code calls them.

What a translation has no words for numba compiles, here and in `deferred`: functions of
contributors and of models with constructs of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba

from .functions import called_from_python, made_for
from .python_calls import RESULTS

OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
"""Numba's options for what it compiles."""
_alive: list[Any] = []
"""Compiled functions whose addresses are in use."""


def enter(
    symbol: str,
    function: FunctionType,
    takes: Sequence[Any],
    fastmath: Collection[str] = frozenset(),
    shared: bool = False,
    made: Any = None,
) -> Callable[..., Any] | None:
    """Enters a function's machine code for arguments of these numba types under a symbol; the same
    for Python, None if Python has no words for what it returns.

    `shared`: threads share its loops over `prange`. `made`: numba's function, if there is one.
    """
    native = made_for(function, takes, fastmath, shared)
    if native is not None:
        llvm.add_symbol(symbol, native.address)
        return called_from_python(native, takes) if native.returns in RESULTS else None
    how = {"parallel": shared, "fastmath": set(fastmath), **OPTIONS}
    found = numba.njit(**how)(function) if made is None else made.by_numba
    found.compile(tuple(takes))
    result = found.overloads[tuple(takes)]
    wrapper = result.fndesc.llvm_cfunc_wrapper_name
    llvm.add_symbol(symbol, result.library.get_pointer_to_function(wrapper))
    _alive.append(found)
    return found  # type: ignore[no-any-return]  # numba's
