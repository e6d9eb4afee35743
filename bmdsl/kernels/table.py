"""Compiled functions by address: compiled once for all models, called by name from routines.

Numba links a callee's code into every caller; a routine that called the product kernels directly
took 11 to 29 s to compile. Here a function is compiled for one explicit signature, its address is
entered into LLVM's table of symbols, and a routine calls the symbol: 0.02 µs a call, and nothing of
the callee is compiled again.

A function that is worth threads is called by all of them from a measured amount of work on, each
for its share of the loop (`sharing`). One whose loop cannot be shared has two compiled forms, a
serial and a parallel one. Which one runs depends on shapes alone, so results do not depend on
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

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..native.symbols import enter
from ..schedule.ops import KINDS, Access, Kind
from .gemm import use_quickest
from .sharing import call_alone, call_shared, in_parts, load_sharing
from .tile_products import TILES
from .tiles import USES, use


@dataclass(frozen=True)
class Compiled:
    """How a kind of op is compiled."""

    function: Callable[..., None]
    parallel_from: float | None = None
    """Work from which on its loops are spread over threads; None: never."""
    work: tuple[str, ...] = ()
    """The arguments whose numbers of entries, multiplied, are the work."""
    fastmath: frozenset[str] = frozenset()
    on_tiles: str = ""
    """The kernel that takes its place where the processor's tiles multiply float32, which has the
    same arguments or fewer; empty: none.
    """
    off_tiles: str = ""
    """The kernel that takes its place where they do not, with the same arguments or fewer; empty:
    none.
    """
    made: Any = None
    """numba's function if one is made already, which Python calls too; it is compiled once."""


TABLE: dict[str, Compiled] = {}
"""The compiled twins of the kinds of op in `bmdsl.schedule`, by name."""


def kernel(
    parallel_from: float | None = None,
    work: Sequence[str] = (),
    fastmath: Sequence[str] = (),
    on_tiles: str = "",
    off_tiles: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a function into the table under its own name."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        if function.__name__ in TABLE:
            raise TypeError(f"there are two kernels called {function.__name__}")
        how = tuple(work), frozenset(fastmath), on_tiles, off_tiles
        TABLE[function.__name__] = Compiled(function, parallel_from, *how)
        return function

    return enter


@functools.cache
def load_table() -> None:
    """Imports the modules that fill the table, and those that fill the kinds of op."""
    importlib.import_module("bmdsl.schedule.builder")
    folder = importlib.import_module("bmdsl.kernels")
    for info in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"bmdsl.kernels.{info.name}")


def numba_type(axes: int | None, number: str, dtype: np.dtype[Any]) -> Any:
    """Numba's type of an argument: a C-contiguous array of so many axes, or a number if `axes` is
    None.
    """
    named = {
        "F": numba.from_dtype(dtype),
        "f8": types.float64,
        "f4": types.float32,
        "i8": types.int64,
        "i4": types.int32,
    }
    return named[number] if axes is None else types.Array(named[number], axes, "C")


def signature_of(kind: Kind, dtype: np.dtype[Any]) -> Any:
    """The signature of a kind of op's compiled function."""
    takes = [x for _, x in kind.arguments]
    axes = (None if x.access is Access.NUMBER else x.axes for x in takes)
    return types.void(*(numba_type(n, x.number, dtype) for n, x in zip(axes, takes, strict=True)))


def caller(
    kind: Kind, compiled: Compiled, dtype: np.dtype[Any], label: str
) -> tuple[Any, Callable[..., Any]]:
    """The signature of a kind's compiled form, and what adds the code that calls it by its symbol.

    Compiles it if need be.

    `label` tells functions of one name apart, such as those of several generated modules.
    """
    signature, build = _definition(kind, compiled, dtype, label)(None)
    return signature, build


def of_any_type(name: str, *arguments: str) -> Any:
    """A function for compiled code that calls the kernel of this name, with these arguments, for
    the type of its last array; `load_kernel` comes before.
    """

    def definition(context: Any, *given: Any) -> Any:
        dtype = next(x.dtype for x in reversed(given) if isinstance(x, types.Array))
        known = KINDS[name], TABLE[name], np.dtype(str(dtype)), "kernel"
        return _definition(*known)(context, *given)

    return intrinsic(_named(definition, name, arguments))


@functools.cache
def load_kernel(name: str, dtype: np.dtype[Any]) -> None:
    """Compiles a kernel if need be and enters its symbol, which cached code asks for."""
    load_table()
    _definition(KINDS[name], TABLE[name], dtype, "kernel")


@functools.cache
def _definition(
    kind: Kind, compiled: Compiled, dtype: np.dtype[Any], label: str
) -> Callable[..., Any]:
    signature = signature_of(kind, dtype)
    if other := in_place_of(compiled, dtype):
        return _of_other(kind, KINDS[other], signature, dtype)
    use_quickest(dtype.char)
    symbol = f"bm_{label}_{compiled.function.__name__}_{dtype.char}"
    names = [name for name, _ in kind.arguments]
    places = tuple(names.index(name) for name in compiled.work)
    least = compiled.parallel_from
    shared = _parts(kind, compiled)
    if shared is not None:
        load_sharing()
        _enter(compiled, shared, _in_parts(signature), symbol, False)

        def alone(builder: Any, values: Any) -> None:
            call_alone(builder, symbol, values)

        def together(builder: Any, values: Any) -> None:
            call_shared(builder, symbol, values)

    else:
        function = compiled.function
        serial = _enter(compiled, function, signature, f"{symbol}_serial", False)
        parallel = serial
        if least is not None:
            parallel = _enter(compiled, function, signature, f"{symbol}_parallel", True)

        def alone(builder: Any, values: Any) -> None:
            _call(builder, serial, values)

        def together(builder: Any, values: Any) -> None:
            _call(builder, parallel, values)

    return _caller(alone, together, signature, places, least, kind.name)


def in_place_of(compiled: Compiled, dtype: np.dtype[Any]) -> str:
    """The kernel that takes a kernel's place for this type on this processor; empty: none."""
    if not (TILES and dtype == np.float32):
        return compiled.off_tiles
    return compiled.on_tiles or (compiled.off_tiles if use() != USES[0] else "")


def _of_other(kind: Kind, other: Kind, signature: Any, dtype: np.dtype[Any]) -> Callable[..., Any]:
    """The definition of a kind that another's kernel carries out, with those of its arguments."""
    names = [name for name, _ in kind.arguments]
    places = [names.index(name) for name, _ in other.arguments]
    takes, call = _definition(other, TABLE[other.name], dtype, "kernel")(None)

    def definition(context: Any, *arguments: Any) -> Any:
        def build(context: Any, builder: Any, given: Any, values: Any) -> Any:
            return call(context, builder, takes, [values[k] for k in places])

        return signature, build

    return _named(definition, kind.name, [f"a{k}" for k in range(len(names))])


def function(
    kind: Kind, compiled: Compiled, dtype: np.dtype[Any], label: str, parallel: bool
) -> Callable[..., None]:
    """A kind's compiled form, to be called from Python; if parallel and shared, part after part."""
    if name := in_place_of(compiled, dtype):
        other = KINDS[name]
        names = [name for name, _ in kind.arguments]
        places = [names.index(name) for name, _ in other.arguments]
        own = function(other, TABLE[other.name], dtype, label, parallel)
        return lambda *given: own(*(given[k] for k in places))
    _definition(kind, compiled, dtype, label)
    symbol = f"bm_{label}_{compiled.function.__name__}_{dtype.char}"
    if _parts(kind, compiled) is None:
        has_two = compiled.parallel_from is not None
        made: Callable[..., None] = _alive[
            f"{symbol}_{'parallel' if parallel and has_two else 'serial'}"
        ]
        return made
    parts = 3 if parallel else 1

    def carry_out(*given: Any) -> None:
        for part in range(parts):
            _alive[symbol](*given, part, parts)

    return carry_out


_alive: dict[str, Any] = {}
"""Compiled functions whose addresses are in use."""


def without_threads(kind: Kind, compiled: Compiled, largest: int) -> Compiled:
    """The same without a parallel form, if arrays of so many numbers leave no work for it."""
    least = compiled.parallel_from
    if least is None or _parts(kind, compiled) is not None:
        return compiled
    needless = float(largest) ** len(compiled.work) < least
    return replace(compiled, parallel_from=None) if needless else compiled


@functools.cache
def _parts(kind: Kind, compiled: Compiled) -> FunctionType | None:
    """The function in parts, if it is worth threads and its loop can be shared."""
    if compiled.parallel_from is None or not isinstance(compiled.function, FunctionType):
        return None
    writes = (Access.WRITE, Access.UPDATE)
    return in_parts(compiled.function, {n for n, x in kind.arguments if x.access in writes})


def _in_parts(signature: Any) -> Any:
    return types.void(*signature.args, types.intp, types.intp)


def _enter(compiled: Compiled, function: Any, signature: Any, symbol: str, parallel: bool) -> str:
    """Compiles a function and enters its symbol, unless that is known."""
    if symbol not in _alive:
        if parallel:
            load_sharing()
        how = symbol.rpartition("_")[2] if function is compiled.function else ""
        named = variant(function, how) if how else function
        takes, made = signature.args, compiled.made
        _alive[symbol] = enter(symbol, named, takes, compiled.fastmath, parallel, made)
    return symbol


def variant(function: Any, word: str) -> FunctionType:
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


def _call(builder: Any, symbol: str, values: Any) -> None:
    shape = ir.FunctionType(ir.VoidType(), [x.type for x in values])
    builder.call(cgutils.get_or_insert_function(builder.module, shape, symbol), values)


def _caller(
    alone: Callable[..., None],
    together: Callable[..., None],
    signature: Any,
    places: tuple[int, ...],
    least: float | None,
    name: str,
) -> Any:
    def definition(context: Any, *arguments: Any) -> Any:
        def build(context: Any, builder: Any, given: Any, values: Any) -> Any:
            if least is None:
                alone(builder, values)
            else:
                double = ir.DoubleType()
                work = ir.Constant(double, 1.0)
                for k in places:
                    array = context.make_array(signature.args[k])(context, builder, values[k])
                    work = builder.fmul(work, builder.sitofp(array.nitems, double))
                large = builder.fcmp_ordered(">=", work, ir.Constant(double, least))
                with builder.if_else(large) as (then, otherwise):
                    with then:
                        together(builder, values)
                    with otherwise:
                        alone(builder, values)
            return context.get_dummy_value()

        return signature, build

    return _named(definition, name, [f"a{k}" for k in range(len(signature.args))])


def _named(definition: Callable[..., Any], name: str, arguments: Sequence[str]) -> Any:
    """The definition with a signature of its own, by which numba counts arguments."""
    word = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = [inspect.Parameter(n, word) for n in ("context", *arguments)]
    definition.__signature__ = inspect.Signature(names)  # type: ignore[attr-defined]
    definition.__name__ = definition.__qualname__ = f"call_{name}"
    return definition
