"""Sums of rows that codes pick, held in vector registers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..schedule.code_ops import LANES

LINE = 64
"""Bytes that a cache brings at once."""


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


def _sum_of(blocks: int) -> Any:
    """sum(rows, begin, codes, at, apart, chains, count, states, wide, out, place): for `blocks`
    registers of a, of every chain r, out[place + r wide + a] += Σ_j rows[begin + (j states +
    codes[at + r apart + j]) wide + a], j below count.
    """

    def definition(
        context: Any,
        rows: Any,
        begin: Any,
        codes: Any,
        at: Any,
        apart: Any,
        chains: Any,
        count: Any,
        states: Any,
        wide: Any,
        out: Any,
        place: Any,
    ) -> Any:
        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            rows, begin, codes, at, apart, chains, count, states, wide, out, place = values
            number = context.get_data_type(signature.args[0].dtype)
            vector = ir.VectorType(number, LANES)
            size = number.get_abi_size(context.target_data)
            word = ir.IntType(64)
            one = word(1)
            zero = ir.Constant(vector, [0.0] * LANES)
            first = _data(context, builder, signature.args[0], rows)
            read = _data(context, builder, signature.args[2], codes)
            into = _data(context, builder, signature.args[9], out)
            # two sums a register, so that an addition need not wait for the one before it
            sums = [cgutils.alloca_once(builder, vector) for _ in range(2 * blocks)]

            def number_at(data: Any, index: Any, k: int) -> Any:
                here = builder.gep(data, [builder.add(index, word(k * LANES))])
                return builder.bitcast(here, vector.as_pointer())

            def add(own_codes: Any, j: Any, own: list[Any]) -> None:
                code = builder.load(builder.gep(read, [builder.add(own_codes, j)]))
                row = builder.add(builder.mul(j, states), builder.zext(code, word))
                row = builder.add(begin, builder.mul(row, wide))
                for k, s in enumerate(own):
                    found = builder.load(number_at(first, row, k))
                    found.align = size
                    builder.store(builder.fadd(builder.load(s), found), s)

            with cgutils.for_range(builder, chains) as chain:
                own_codes = builder.add(at, builder.mul(chain.index, apart))
                own_place = builder.add(place, builder.mul(chain.index, wide))
                for k, s in enumerate(sums):
                    begun = builder.load(number_at(into, own_place, k)) if k < blocks else zero
                    if k < blocks:
                        begun.align = size
                    builder.store(begun, s)
                with cgutils.for_range(builder, builder.lshr(count, one)) as loop:
                    j = builder.shl(loop.index, one)
                    add(own_codes, j, sums[:blocks])
                    add(own_codes, builder.add(j, one), sums[blocks:])
                odd = builder.icmp_unsigned("==", builder.and_(count, one), one)
                with builder.if_then(odd):
                    add(own_codes, builder.sub(count, one), sums[:blocks])
                for k, s in enumerate(sums[:blocks]):
                    both = builder.fadd(builder.load(s), builder.load(sums[blocks + k]))
                    builder.store(both, number_at(into, own_place, k)).align = size
            return context.get_dummy_value()

        n = types.intp
        signature = types.void(rows, n, codes, n, n, n, n, n, n, out, n)
        return signature, build

    return intrinsic(definition)


sum_one: Any = _sum_of(1)
sum_two: Any = _sum_of(2)
sum_three: Any = _sum_of(3)
sum_four: Any = _sum_of(4)


def _fetch_of(context: Any, rows: Any, begin: Any, end: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        rows, begin, end = values
        first = _data(context, builder, signature.args[0], rows)
        whole, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        step = ir.IntType(64)(LINE // signature.args[0].dtype.bitwidth * 8)
        with cgutils.for_range_slice(builder, begin, end, step, inc=True) as (at, _):
            place = builder.bitcast(builder.gep(first, [at]), byte)
            builder.call(fetch, [place, whole(0), whole(2), whole(1)])
        return context.get_dummy_value()

    return types.void(rows, types.intp, types.intp), build


fetch: Any = intrinsic(_fetch_of)
"""fetch(rows, begin, end): begins to bring these numbers into the cache; none need be there."""
