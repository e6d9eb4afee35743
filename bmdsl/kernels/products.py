"""Matrix products in fixed chunks: gemm on one thread a chunk, chunks over numba's threads.

The chunks depend on shapes and the machine alone, so a result is the same to the last bit with any
number of threads, and only one thread pool runs. Callers hold the BLAS's own pool to one thread
(`threads.one_pool`). `forward`, `backward` and `moment` are the kernels of routines, called from
Python. Without numba's compiler (`plain`), NumPy does the same.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..native import deferred as numba
from .gemm import SYMBOLS
from .table import load_kernel, of_any_type, variant
from .tile_products import LAID, TILES

Array = np.ndarray

NARROW = 64
"""A chunk has at least about this many rows or columns: below it, packing the other operand costs
more than a thread brings.
"""
WAYS = 1 << (min(16, os.cpu_count() or 1).bit_length() - 1)
"""Most chunks of one product: a power of two no larger than this machine's cores, however many
threads are in use.
"""


_CHAR, _WORD, _BYTES = ir.IntType(8), ir.IntType(64), ir.IntType(8).as_pointer()
_TAKES = [_CHAR] * 3 + [_WORD] * 3 + [_BYTES, _BYTES, _WORD, _BYTES, _WORD, _BYTES, _BYTES, _WORD]


def _call_gemm(context: Any, builder: Any, signature: Any, given: Any, parts: bool) -> Any:
    """Code that calls gemm; of `parts`, each matrix has the entry where it begins after it."""
    step = 3 if parts else 2

    def at(k: int) -> Any:
        data = context.make_array(signature.args[k])(context, builder, given[k]).data
        return builder.gep(data, [given[k + 1]]) if parts and k > 5 else data

    def turned(value: Any) -> Any:
        return builder.select(value, _CHAR(ord("t")), _CHAR(ord("n")))

    trans_a, trans_b, m, n, k = given[:5]
    alpha, x, y, into = (at(k) for k in (5, 6, 6 + step, 6 + 2 * step))
    lda, ldb, ldc = (given[5 + step * k] for k in (1, 2, 3))
    beta = builder.gep(alpha, [_WORD(1)])
    single = signature.args[6].dtype.bitwidth == 32
    letter = _CHAR(ord("s" if single else "d"))
    values = [letter, turned(trans_b), turned(trans_a), n, m, k, alpha, y, ldb, x, lda]
    values += [beta, into, ldc]
    wanted = ir.FunctionType(ir.IntType(32), _TAKES)
    called = cgutils.get_or_insert_function(builder.module, wanted, SYMBOLS["f" if single else "d"])
    pairs = zip(values, _TAKES, strict=True)
    builder.call(called, [builder.bitcast(v, w) if w == _BYTES else v for v, w in pairs])
    return context.get_dummy_value()


_LENGTHS = (types.boolean, types.boolean, types.intp, types.intp, types.intp)


def _gemm(context, turn_a, turn_b, m, n, k, factors, a, lda, b, ldb, out, ldc):  # type: ignore[no-untyped-def]  # numba's form
    one = types.intp

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return _call_gemm(context, builder, signature, given, False)

    return types.void(*_LENGTHS, factors, a, one, b, one, out, one), build


def _gemm_of_parts(  # type: ignore[no-untyped-def]  # numba's form
    context, turn_a, turn_b, m, n, k, factors, a, at_a, lda, b, at_b, ldb, out, at, ldc
):
    place = (types.intp, types.intp)

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return _call_gemm(context, builder, signature, given, True)

    return types.void(*_LENGTHS, factors, a, *place, b, *place, out, *place), build


gemm: Any = intrinsic(_gemm)
"""gemm(turn_a, turn_b, m, n, k, factors, a, lda, b, ldb, out, ldc): row-major out[m, n] =
factors[0] · op(a) op(b) + factors[1] · out, BLAS's column-major product with a and b exchanged.
"""
gemm_of_parts: Any = intrinsic(_gemm_of_parts)
"""The same of matrices that begin at these entries of their arrays, which follow each of them."""


def _gemm_of_layout(context, m, n, k, factors, left, lda, laid, strip, out, ldc):  # type: ignore[no-untyped-def]  # numba's form
    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        m, n, k, alpha, left, lda, laid, strip, out, ldc = given
        beta = builder.add(alpha, _WORD(4))
        values = [_CHAR(LAID), _CHAR(0), _CHAR(0), n, m, k, alpha, laid, strip, left, lda]
        values += [beta, out, ldc]
        called = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.IntType(32), _TAKES), SYMBOLS["f"]
        )
        pairs = zip(values, _TAKES, strict=True)
        builder.call(called, [builder.inttoptr(v, w) if w == _BYTES else v for v, w in pairs])
        return context.get_dummy_value()

    return types.void(*[types.intp] * 10), build


gemm_of_layout: Any = intrinsic(_gemm_of_layout)
"""gemm_of_layout(m, n, k, factors, left, lda, laid, strip, out, ldc): row-major out[m, n] =
factors[0] · left b + factors[1] · out, for b that `tile_products.lay_strip` laid out, `strip` bytes
a strip. Arrays are given by their addresses.
"""


@numba.njit(cache=True)
def chunk(length: int) -> int:
    """Rows or columns in a chunk: a power of two of equal chunks, each a multiple of 16."""
    count = 1
    while count < WAYS and length >= 2 * count * NARROW:
        count *= 2
    return (((length + count - 1) // count) + 15) // 16 * 16


@numba.njit(cache=True)
def chunks(length: int) -> int:
    """How many chunks there are."""
    return (length + chunk(length) - 1) // chunk(length)


@numba.njit(cache=True)
def ends(c: int, length: int) -> tuple[int, int]:
    """Where chunk c begins and ends."""
    step = chunk(length)
    return c * step, min(length, (c + 1) * step)


@numba.njit(cache=True)
def forward_chunk(lo, hi, x, w, factors, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Columns lo, ..., hi − 1 of out = factors[0] · x w + factors[1] · out."""
    (rows, deep), wide, far = x.shape, w.shape[1], out.shape[1]
    n = hi - lo
    gemm_of_parts(False, False, rows, n, deep, factors, x, 0, deep, w, lo, wide, out, lo, far)


@numba.njit(cache=True)
def backward_chunk(lo, hi, x, w, factors, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Columns lo, ..., hi − 1 of out = factors[0] · x wᵀ + factors[1] · out."""
    (rows, deep), wide, far = x.shape, w.shape[1], out.shape[1]
    n, at = hi - lo, lo * wide
    gemm_of_parts(False, True, rows, n, deep, factors, x, 0, deep, w, at, wide, out, lo, far)


@numba.njit(cache=True)
def moment_chunk(lo, hi, x, y, factors, out):  # type: ignore[no-untyped-def]  # typed by numba
    """Rows lo, ..., hi − 1 of out = factors[0] · xᵀ y + factors[1] · out."""
    (deep, n), wide, far = y.shape, x.shape[1], out.shape[1]
    m, at = hi - lo, lo * far
    gemm_of_parts(True, False, m, n, deep, factors, x, lo, wide, y, 0, n, out, at, far)


OPERANDS = ("x", "low", "other", "scale", "out")
_add_forward: Any = of_any_type("add_forward_of_states", *OPERANDS)
_add_backward: Any = of_any_type("add_backward_of_states", *OPERANDS)
_add_moment: Any = of_any_type("add_moment_of_states", *OPERANDS)


def _linked(function: Any) -> Any:
    """The compiled function, kept on disk under a name that says which kernels it calls."""
    made = variant(function, "by_tiles" if TILES else "by_tables")
    return numba.njit(cache=True, nogil=True)(made)


@_linked
def _forward(x, low, w, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    _add_forward(x, low, w, scale, out)


@_linked
def _backward(x, low, w, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    _add_backward(x, low, w, scale, out)


@_linked
def _moment(x, low, y, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    _add_moment(x, low, y, scale, out)


def _add(name: str, compiled: Any, x: Array, other: Array, scale: float, out: Array) -> None:
    """Carries a product out whose left factor may hold states of two values: −1 and 1 if its first
    row has a −1, else 0 and 1.
    """
    kind = out.dtype.type
    load_kernel(name, out.dtype)
    x, other = (a if a.flags.carray else a.copy() for a in (x, other))
    compiled(x, kind(-1 if (x[0] == -1).any() else 0), other, kind(scale), out)


def forward(x: Array, w: Array, out: Array, scale: float = 1.0, plain: bool = False) -> None:
    """out += scale · x w, for x [rows, n], w [n, m], out [rows, m]; all C-contiguous and of one
    type.
    """
    if plain or not (x.size and w.size):
        out += (x @ w) * out.dtype.type(scale)
    else:
        _add("add_forward_of_states", _forward, x, w, scale, out)


def backward(x: Array, w: Array, out: Array, scale: float = 1.0, plain: bool = False) -> None:
    """out += scale · x wᵀ, for x [rows, m], w [n, m], out [rows, n]."""
    if plain or not (x.size and w.size):
        out += (x @ w.T) * out.dtype.type(scale)
    else:
        _add("add_backward_of_states", _backward, x, w, scale, out)


def moment(x: Array, y: Array, out: Array, scale: float = 1.0, plain: bool = False) -> None:
    """out += scale · xᵀ y, for x [rows, n], y [rows, m], out [n, m]: the sum over rows of outer
    products.
    """
    if plain or not (x.size and y.size):
        out += (x.T @ y) * out.dtype.type(scale)
    else:
        _add("add_moment_of_states", _moment, x, y, scale, out)
