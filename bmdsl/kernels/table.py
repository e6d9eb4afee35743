"""Compiled functions by address: compiled once for all models, called by name from routines.

Numba links a callee's code into every caller; a routine that called the product kernels directly
took 11 to 29 s to compile. Here a function is compiled for one explicit signature, its address is
entered into LLVM's table of symbols, and a routine calls the symbol: 0.02 µs a call, and nothing of
the callee is compiled again.

A function that is worth threads has two compiled forms, a serial one below a measured amount of
work and a parallel one above. Which one runs depends on shapes alone, so results do not depend on
threads.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..schedule.ops import Access, Kind
from .tile_products import use_tiles

OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


@dataclass(frozen=True)
class Compiled:
    """How a kind of op is compiled."""

    function: Callable[..., None]
    parallel_from: float | None = None
    """Work from which on its loops are spread over threads; None: never."""
    work: tuple[str, ...] = ()
    """The arguments whose numbers of entries, multiplied, are the work."""
    fastmath: frozenset[str] = frozenset()

    def for_arrays_of(self, largest: int) -> Compiled:
        """The same without a parallel form, if arrays of so many numbers leave no work for it."""
        least = self.parallel_from
        needless = least is not None and float(largest) ** len(self.work) < least
        return replace(self, parallel_from=None) if needless else self


TABLE: dict[str, Compiled] = {}
"""The compiled twins of the kinds of op in `bmdsl.schedule.standard`, by name."""


def kernel(
    parallel_from: float | None = None, work: Sequence[str] = (), fastmath: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a function into the table under its own name."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        if function.__name__ in TABLE:
            raise TypeError(f"there are two kernels called {function.__name__}")
        made = Compiled(function, parallel_from, tuple(work), frozenset(fastmath))
        TABLE[function.__name__] = made
        return function

    return enter


def load_table() -> None:
    """Imports the modules that fill the table."""
    folder = importlib.import_module("bmdsl.kernels")
    for info in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"bmdsl.kernels.{info.name}")


def describe(kind: Kind, compiled: Compiled, dtype: np.dtype[Any], label: str) -> str:
    """All that a routine's compiled code has of this function: its symbol, its signature, and when
    it runs in parallel.
    """
    return (
        f"{kind.name}: {label}.{compiled.function.__name__}{signature_of(kind, dtype).args},"
        f" {compiled.parallel_from} {compiled.work}"
    )


def numba_type(axes: int | None, number: str, dtype: np.dtype[Any]) -> Any:
    """Numba's type of an argument: a C-contiguous array of so many axes, or a number if `axes` is
    None.
    """
    named = {
        "F": numba.from_dtype(dtype),
        "f8": types.float64,
        "i8": types.int64,
        "i4": types.int32,
    }
    return named[number] if axes is None else types.Array(named[number], axes, "C")


def signature_of(kind: Kind, dtype: np.dtype[Any]) -> Any:
    """The signature of a kind of op's compiled function."""
    takes = [x for _, x in kind.arguments]
    axes = (None if x.access is Access.NUMBER else x.axes for x in takes)
    return types.void(*(numba_type(n, x.number, dtype) for n, x in zip(axes, takes, strict=True)))


@functools.cache
def caller(kind: Kind, compiled: Compiled, dtype: np.dtype[Any], label: str) -> Any:
    """A function for compiled routines that calls this kind's compiled form by its symbol.

    Compiles it if need be.

    `label` tells functions of one name apart, such as those of several generated modules.
    """
    signature = signature_of(kind, dtype)
    symbol = f"{label}_{compiled.function.__name__}_{dtype.char}"
    serial = _symbol(compiled, signature, symbol, False)
    if compiled.parallel_from is None:
        return _caller(serial, None, signature, (), 0.0, kind.name)
    parallel = _symbol(compiled, signature, symbol, True)
    names = [name for name, _ in kind.arguments]
    places = tuple(names.index(name) for name in compiled.work)
    return _caller(serial, parallel, signature, places, compiled.parallel_from, kind.name)


def function(
    kind: Kind, compiled: Compiled, dtype: np.dtype[Any], label: str, parallel: bool
) -> Any:
    """A kind's compiled form, serial or parallel, to be called from Python."""
    symbol = f"{label}_{compiled.function.__name__}_{dtype.char}"
    return _alive[_symbol(compiled, signature_of(kind, dtype), symbol, parallel)]


_alive: dict[str, Any] = {}
"""Compiled functions whose addresses are in use."""


def _symbol(compiled: Compiled, signature: Any, label: str, parallel: bool) -> str:
    symbol = f"bm_{label}_{'parallel' if parallel else 'serial'}"
    if symbol not in _alive:
        use_tiles()
        function = _variant(compiled.function, "parallel" if parallel else "serial")
        made = numba.njit(signature, parallel=parallel, fastmath=set(compiled.fastmath), **OPTIONS)(
            function
        )
        result = made.overloads[signature.args]
        address = result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name)
        llvm.add_symbol(symbol, address)
        _alive[symbol] = made
    return symbol


def _variant(function: Any, word: str) -> FunctionType:
    """The same function under another name, since numba's cache tells functions apart by name, not
    by options.
    """
    made = FunctionType(
        function.__code__,
        function.__globals__,
        f"{function.__name__}_{word}",
        function.__defaults__,
        function.__closure__,
    )
    made.__module__ = function.__module__
    made.__qualname__ = f"{function.__qualname__}_{word}"
    return made


def _caller(
    serial: str,
    parallel: str | None,
    signature: Any,
    places: tuple[int, ...],
    least: float,
    name: str,
) -> Any:
    def definition(context: Any, *arguments: Any) -> Any:
        def build(context: Any, builder: Any, given: Any, values: Any) -> Any:
            shape = ir.FunctionType(
                ir.VoidType(), [context.get_value_type(x) for x in signature.args]
            )

            def call(symbol: str) -> None:
                builder.call(cgutils.get_or_insert_function(builder.module, shape, symbol), values)

            if parallel is None:
                call(serial)
            else:
                double = ir.DoubleType()
                work = ir.Constant(double, 1.0)
                for k in places:
                    array = context.make_array(signature.args[k])(context, builder, values[k])
                    work = builder.fmul(work, builder.sitofp(array.nitems, double))
                large = builder.fcmp_ordered(">=", work, ir.Constant(double, least))
                with builder.if_else(large) as (then, otherwise):
                    with then:
                        call(parallel)
                    with otherwise:
                        call(serial)
            return context.get_dummy_value()

        return signature, build

    word = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = ["context", *(f"a{k}" for k in range(len(signature.args)))]
    definition.__signature__ = inspect.Signature([inspect.Parameter(n, word) for n in names])  # type: ignore[attr-defined]
    definition.__name__ = definition.__qualname__ = f"call_{name}"
    return intrinsic(definition)
