"""Runs of even steps between two arrays: compiled, eight numbers at a time.

A run is short (the sites of one row of an image), and a loop over it would mostly be the remainder
of a vector loop. Two vectors that overlap cover any run of 8 to 16 numbers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..native import deferred as numba

LANES = 8


def _vector(context: Any, builder: Any, signature: Any, arguments: Any, k: int, at: Any, n: int):  # type: ignore[no-untyped-def]  # llvmlite has no types
    """A pointer to n numbers of array argument k, from element `at` on."""
    data = context.make_array(signature.args[k])(context, builder, arguments[k]).data
    element = context.get_value_type(signature.args[k].dtype)
    return builder.bitcast(builder.gep(data, [at]), ir.VectorType(element, n).as_pointer())


def _picked(places: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)


def _read(builder: Any, pointer: Any, bits: int) -> Any:
    value = builder.load(pointer)
    value.align = bits // 8
    return value


def _taking(step: int) -> Any:
    def typed(context: Any, out: Any, at: Any, x: Any, begin: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            bits = out.dtype.bitwidth
            _, at, _, begin = arguments
            wide = _vector(context, builder, signature, arguments, 2, begin, step * LANES)
            value = _read(builder, wide, bits)
            if step > 1:
                value = builder.shuffle_vector(
                    value, value, _picked([step * j for j in range(LANES)])
                )
            target = _vector(context, builder, signature, arguments, 0, at, LANES)
            builder.store(value, target).align = bits // 8
            return context.get_dummy_value()

        return types.void(out, types.intp, x, types.intp), build

    return intrinsic(typed)


def _giving(step: int) -> Any:
    def typed(context: Any, out: Any, begin: Any, other: Any, made: Any, at: Any, last: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            bits = out.dtype.bitwidth
            _, begin, other, _, at, last = arguments
            sums = []
            for into, source in ((begin, at), (other, last)):
                pointer = _vector(context, builder, signature, arguments, 3, source, LANES)
                value = _read(builder, pointer, bits)
                if step > 1:  # zeros between
                    zero = ir.Constant(value.type, [0.0] * LANES)
                    places = [k // step if k % step == 0 else LANES for k in range(step * LANES)]
                    value = builder.shuffle_vector(value, zero, _picked(places))
                target = _vector(context, builder, signature, arguments, 0, into, step * LANES)
                sums.append((builder.fadd(_read(builder, target, bits), value), target))
            for value, target in sums:
                builder.store(value, target).align = bits // 8
            return context.get_dummy_value()

        n = types.intp
        return types.void(out, n, n, made, n, n), build

    return intrinsic(typed)


_take_next, _take_second = _taking(1), _taking(2)
_give_next, _give_second = _giving(1), _giving(2)


@numba.njit(cache=True)
def gather(x, runs, first, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out[row, first + site] = x[column]; places of no run stay as they are."""
    flat, wide, size = out.reshape(-1), out.shape[1], len(x)
    for i in range(runs.shape[0]):
        at, column, length, step = (
            runs[i, 0] * wide + first + runs[i, 1],
            runs[i, 2],
            runs[i, 3],
            runs[i, 4],
        )
        if length >= LANES and step == 2 and column + 2 * length <= size:
            for j in range(0, length - LANES, LANES):
                _take_second(flat, at + j, x, column + 2 * j)
            _take_second(flat, at + length - LANES, x, column + 2 * (length - LANES))
        elif length >= LANES and step == 1:
            for j in range(0, length - LANES, LANES):
                _take_next(flat, at + j, x, column + j)
            _take_next(flat, at + length - LANES, x, column + length - LANES)
        else:
            for j in range(length):
                flat[at + j] = x[column + step * j]


@numba.njit(cache=True)
def scatter(made, first, runs, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out[column] += made[row, first + site]."""
    flat, wide, size = made.reshape(-1), made.shape[1], len(out)
    for i in range(runs.shape[0]):
        at, column, length, step = (
            runs[i, 0] * wide + first + runs[i, 1],
            runs[i, 2],
            runs[i, 3],
            runs[i, 4],
        )
        if length < LANES or step > 2 or step < 1 or column + step * length > size:
            for j in range(length):
                out[column + step * j] += flat[at + j]
            continue
        j, k = 0, length - LANES
        while length - j >= 2 * LANES or length - j == LANES:
            if step == 1:
                _give_next(out, column + j, column + j, flat, at + j, at + j)
            else:
                _give_second(out, column + 2 * j, column + 2 * j, flat, at + j, at + j)
            j += LANES
        if j < length:  # two that overlap, both read before one is written
            if step == 1:
                _give_next(out, column + j, column + k, flat, at + j, at + k)
            else:
                _give_second(out, column + 2 * j, column + 2 * k, flat, at + j, at + k)
