"""Matrix products whose left factor has two values only, as the states of binary and spin units do:
additions from tables, no multiplication.

Four rows of the right factor have sixteen possible sums with coefficients from {low, high}. Written
once, they serve every case:

    out[c, :] += Σ_g T_g[code of x[c, 4g : 4g + 4]],     T_g[m] = scale · Σ_b (high if bit b of m
    else low) · w[4g + b, :]

so a case pays one addition where the dense product pays four multiplications ("the method of four
Russians", Arlazarov et al. 1970, over the reals). Every element of `out` is summed in an order that
depends on shapes alone, so the result is the same to the last bit on any number of threads. Kernels
fall back to BLAS where packing finds a third value (`matrix`, `joined`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..native import deferred as numba

BITS = 4
TABLES = 8
"""Tables summed at a time: their codes fill one 32-bit word."""
WORD = BITS * TABLES
LANES = 16
WIDE = 2 * LANES
"""Columns a tile, and numbers from one row of a table to the next: the TABLES · 16 rows stay in a
first-level cache.
"""
ROWS = TABLES << BITS
BLOCK = 256
"""Cases summed at a time: the tables are written once for all of them, and their sums lie side by
side near by.
"""
FEWEST = 32
"""With fewer cases than this, writing the tables costs about what they save."""


def _numbers(
    context: Any,
    builder: Any,
    signature: Any,
    arguments: Any,
    k: int,
    index: Any,
    lanes: int = LANES,
) -> Any:
    """A pointer to `lanes` numbers of array argument k, from element `index` on."""
    data = context.make_array(signature.args[k])(context, builder, arguments[k]).data
    element = context.get_value_type(signature.args[k].dtype)
    return builder.bitcast(builder.gep(data, [index]), ir.VectorType(element, lanes).as_pointer())


def _load(builder: Any, pointer: Any, bits: int) -> Any:
    value = builder.load(pointer)
    value.align = bits // 8
    return value


def _store(builder: Any, value: Any, pointer: Any, bits: int) -> None:
    builder.store(value, pointer).align = bits // 8


def _spread(builder: Any, number: Any, shape: Any) -> Any:
    one = builder.insert_element(
        ir.Constant(shape, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
    )
    return builder.shuffle_vector(
        one, one, ir.Constant(ir.VectorType(ir.IntType(32), shape.count), [0] * shape.count)
    )


def _extend_of(context: Any, out: Any, at: Any, start: Any, w: Any, row: Any, factor: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = out.dtype.bitwidth
        _, at, start, _, row, factor = arguments
        base = _load(builder, _numbers(context, builder, signature, arguments, 0, start), bits)
        added = _load(builder, _numbers(context, builder, signature, arguments, 3, row), bits)
        total = builder.fadd(base, builder.fmul(_spread(builder, factor, added.type), added))
        _store(builder, total, _numbers(context, builder, signature, arguments, 0, at), bits)
        return context.get_dummy_value()

    return types.void(out, types.intp, types.intp, w, types.intp, out.dtype), build


def _add_of(lanes: int) -> Any:
    def typed(context: Any, sums: Any, at: Any, tables: Any, word: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            bits = sums.dtype.bitwidth
            _, at, _, word = arguments
            wide = builder.zext(word, at.type)
            terms = []
            for g in range(TABLES):
                code = builder.and_(
                    builder.lshr(wide, ir.Constant(wide.type, BITS * g)),
                    ir.Constant(wide.type, (1 << BITS) - 1),
                )
                place = builder.add(
                    builder.mul(code, ir.Constant(wide.type, WIDE)),
                    ir.Constant(wide.type, (g << BITS) * WIDE),
                )
                terms.append(
                    _load(
                        builder,
                        _numbers(context, builder, signature, arguments, 2, place, lanes),
                        bits,
                    )
                )
            while len(terms) > 1:
                terms = [builder.fadd(a, b) for a, b in zip(terms[::2], terms[1::2], strict=True)]
            target = _numbers(context, builder, signature, arguments, 0, at, lanes)
            _store(builder, builder.fadd(_load(builder, target, bits), terms[0]), target, bits)
            return context.get_dummy_value()

        return types.void(sums, types.intp, tables, types.uint32), build

    return typed


def _copy_of(context: Any, out: Any, at: Any, w: Any, start: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source = _numbers(context, builder, signature, arguments, 2, arguments[3], 1)
        _store(
            builder,
            _load(builder, source, out.dtype.bitwidth),
            _numbers(context, builder, signature, arguments, 0, arguments[1], 1),
            out.dtype.bitwidth,
        )
        return context.get_dummy_value()

    return types.void(out, types.intp, w, types.intp), build


def _equal_of(context: Any, x: Any, at: Any, value: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        numbers = _load(
            builder,
            _numbers(context, builder, signature, arguments, 0, arguments[1], WORD),
            x.dtype.bitwidth,
        )
        same = builder.fcmp_ordered("==", numbers, _spread(builder, arguments[2], numbers.type))
        return builder.bitcast(same, ir.IntType(WORD))

    return types.uint32(x, types.intp, x.dtype), build


def _address_of(context: Any, array: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ptrtoint(
            context.make_array(signature.args[0])(context, builder, arguments[0]).data,
            ir.IntType(64),
        )

    return types.intp(array), build


_extend: Any = intrinsic(_extend_of)
"""out[at : at + LANES] = out[start : start + LANES] + factor · w[row : row + LANES]."""
_add: Any = intrinsic(_add_of(LANES))
"""sums[at : at + LANES] += Σ_g tables[16 g + code g of word, : LANES]."""
_add_wide: Any = intrinsic(_add_of(WIDE))
"""The same for WIDE numbers."""
_copy: Any = intrinsic(_copy_of)
"""out[at] = w[start], without Python's reading of a negative index, which keeps a loop from being
fast.
"""
_equal: Any = intrinsic(_equal_of)
"""Bit b says whether x[at + b] = value."""
_address: Any = intrinsic(_address_of)


@numba.njit(cache=True)
def pack_rows(x, words, low, high):  # type: ignore[no-untyped-def]  # typed by numba
    """Bit b of words[q, c] says whether x[c, 32 q + b] is `high`; False if x has a value besides
    `low` and `high`.
    """
    rows, n = x.shape
    flat = x.reshape(-1)
    whole = n // WORD
    for c in range(rows):
        known = np.uint32(0xFFFFFFFF)
        for q in range(whole):
            above = _equal(flat, c * n + q * WORD, high)
            known &= above | _equal(flat, c * n + q * WORD, low)
            words[q, c] = above
        if known != np.uint32(0xFFFFFFFF):
            return False
        if whole * WORD < n:
            word = np.uint32(0)
            for i in range(whole * WORD, n):
                if x[c, i] == high:
                    word |= np.uint32(1) << np.uint32(i - whole * WORD)
                elif x[c, i] != low:
                    return False
            words[whole, c] = word
    return True


@numba.njit(cache=True)
def pack_columns(x, words, low, high):  # type: ignore[no-untyped-def]  # typed by numba
    """The same for xᵀ: bit b of words[q, i] says whether x[32 q + b, i] is `high`."""
    words[:] = 0
    for c in range(x.shape[0]):
        row, numbers = words[c // WORD], x[c]
        b = np.uint32(c % WORD)
        unknown = np.uint32(0)
        for i in range(len(numbers)):
            above = np.uint32(numbers[i] == high)
            unknown |= np.uint32(1) ^ (above | np.uint32(numbers[i] == low))
            row[i] |= above << b
        if unknown:
            return False
    return True


@numba.njit(cache=True)
def _columns_of(w, flip, lo, hi, packed):  # type: ignore[no-untyped-def]  # typed by numba
    """packed[r, : hi − lo] = the columns lo … hi of op(w), rows WIDE apart."""
    weights = w.reshape(-1)
    if not flip:
        for r in range(w.shape[0]):
            for j in range(hi - lo):
                _copy(packed, r * WIDE + j, weights, r * w.shape[1] + lo + j)
        return
    depth = w.shape[1]
    for first in range(0, depth, WORD):
        for j in range(hi - lo):
            for r in range(first, min(depth, first + WORD)):
                _copy(packed, r * WIDE + j, weights, (lo + j) * depth + r)


@numba.njit(cache=True)
def _write_tables(tables, nought, source, at, stride, count, width, base, step):  # type: ignore[no-untyped-def]  # typed by numba
    """T_g[m] for `count` rows of `source` from `at` on; a row of zeros is at `nought`."""
    for g in range(TABLES):
        top = (g << BITS) * WIDE
        have = min(BITS, count - g * BITS)
        for j in range(0, width, LANES):
            _extend(tables, top + j, nought, tables, nought, base)
            if base != 0:
                for b in range(have):
                    _extend(
                        tables, top + j, top + j, source, at + (g * BITS + b) * stride + j, base
                    )
            for b in range(have):
                size = 1 << b
                for m in range(size):
                    _extend(
                        tables,
                        top + (size + m) * WIDE + j,
                        top + m * WIDE + j,
                        source,
                        at + (g * BITS + b) * stride + j,
                        step,
                    )


@numba.njit(cache=True)
def tile(words, w, flip, out, lo, hi, scale, low, high):  # type: ignore[no-untyped-def]  # typed by numba
    """The columns lo … hi of out += scale · x op(w): op(w) = wᵀ where `flip`."""
    depth = w.shape[1] if flip else w.shape[0]
    columns, cases = hi - lo, words.shape[1]
    width = LANES if columns <= LANES else WIDE
    block = min(BLOCK, cases)
    room = np.zeros((ROWS + 1 + block) * WIDE + 64, out.dtype)
    tables = room[(-_address(room)) % 64 // room.itemsize :]
    nought = ROWS * WIDE
    sums = tables[nought + WIDE :]
    if flip or columns < width:
        source, at, stride = np.zeros(depth * WIDE, w.dtype), 0, WIDE
        _columns_of(w, flip, lo, hi, source)
    else:
        source, at, stride = w.reshape(-1), lo, w.shape[1]
    base, step = out.dtype.type(scale * low), out.dtype.type(scale * (high - low))
    for start in range(0, cases, block):
        some = min(block, cases - start)
        sums[: some * WIDE] = 0
        for q in range(words.shape[0]):
            first = q * WORD
            _write_tables(
                tables,
                nought,
                source,
                at + first * stride,
                stride,
                min(WORD, depth - first),
                width,
                base,
                step,
            )
            chosen = words[q, start : start + some]
            if width == WIDE:
                for c in range(some):
                    _add_wide(sums, c * WIDE, tables, chosen[c])
            else:
                for c in range(some):
                    _add(sums, c * WIDE, tables, chosen[c])
        for c in range(some):
            target = out[start + c, lo:hi]
            part = sums[c * WIDE : c * WIDE + columns]
            for j in range(len(target)):
                target[j] += part[j]
