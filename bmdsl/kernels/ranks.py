"""Sums over ranks: MPI_Allreduce called by its C address, which comes with the call."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .table import kernel

WORD = ir.IntType(64)


def _allreduce_of(context: Any, address: Any, *given: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        function, *words = values
        shape = ir.FunctionType(ir.IntType(32), [WORD] * 6)
        called = builder.inttoptr(function, shape.as_pointer())
        return builder.sext(builder.call(called, words), WORD)

    return types.intp(*[types.intp] * 7), build


def _definition(
    context: Any, address: Any, inside: Any, x: Any, n: Any, kind: Any, total: Any, among: Any
) -> Any:
    return _allreduce_of(context, address)


_allreduce: Any = intrinsic(_definition)


@kernel()
def add_over_ranks(x, ranks):  # type: ignore[no-untyped-def]  # typed by numba
    kind = ranks[2] if x.itemsize == 4 else ranks[3]
    _allreduce(ranks[0], ranks[1], x.ctypes.data, x.size, kind, ranks[5], ranks[6])


@kernel()
def add_doubles_over_ranks(x, ranks):  # type: ignore[no-untyped-def]  # typed by numba
    _allreduce(ranks[0], ranks[1], x.ctypes.data, x.size, ranks[3], ranks[5], ranks[6])


@kernel()
def add_counts_over_ranks(x, ranks):  # type: ignore[no-untyped-def]  # typed by numba
    _allreduce(ranks[0], ranks[1], x.ctypes.data, x.size, ranks[4], ranks[5], ranks[6])


@kernel()
def keep_on_first(x, ranks):  # type: ignore[no-untyped-def]  # typed by numba
    if ranks[7] == 0:
        x[:] = 0


@kernel()
def keep_doubles_on_first(x, ranks):  # type: ignore[no-untyped-def]  # typed by numba
    if ranks[7] == 0:
        x[:] = 0


@kernel()
def keep_counts_on_first(x, ranks):  # type: ignore[no-untyped-def]  # typed by numba
    if ranks[7] == 0:
        x[:] = 0
