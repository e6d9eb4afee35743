"""Sums of rows that codes pick, held in vector registers.

Rows of K numbers stand in planes of sixteen columns, and one of eight if that is enough for what is
left of them (`code_ops`): no load of a register crosses a cache's line, and a sum of all rows of a
chain waits for no memory in between.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..schedule.code_ops import HALF, LANES

LINE = 64
"""Bytes that a cache brings at once."""
GROUP = 8
"""Rows that are added one after another without a question in between."""
SUMS = 4
"""Sums of a chain in turn, since an addition waits for the one before it for four cycles."""
WHOLE, WORD = ir.IntType(32), ir.IntType(64)


def _sum_of(full: int, half: bool) -> Any:
    """sum(rows, begin, first, size, places, at, apart, chains, count, out, wide, ahead, near,
    lines): for columns `first` to `first` + 16 full + 8 half of every chain r, out[r wide + column]
    += Σ_j row p[column], 8 p = places[at + r apart + j], j below count.

    The planes of `size` rows begin at rows[begin]. Meanwhile, for every `GROUP` rows, so many lines
    of the cache are fetched for eight columns of those that begin at rows[ahead], from row `near`
    on.
    """
    lanes = [LANES] * full + [HALF] * half

    def definition(
        context: Any,
        rows: Any,
        begin: Any,
        first: Any,
        size: Any,
        places: Any,
        at: Any,
        apart: Any,
        chains: Any,
        count: Any,
        out: Any,
        wide: Any,
        ahead: Any,
        near: Any,
        lines: Any,
    ) -> Any:
        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            rows, begin, first, size, places, at, apart, chains, count, *values = values
            out, wide, ahead, near, lines = values
            number = context.get_data_type(signature.args[0].dtype)
            of_number = number.get_abi_size(context.target_data)
            vectors = [ir.VectorType(number, n) for n in lanes]
            rows, places, out = (
                context.make_array(signature.args[k])(context, builder, x).data
                for k, x in ((0, rows), (4, places), (9, out))
            )
            columns = [builder.add(first, WORD(sum(lanes[:k]))) for k in range(len(lanes))]
            parts = [builder.mul(c, size) for c in columns]
            planes = [builder.gep(rows, [builder.add(begin, x)]) for x in parts]
            sums = [[cgutils.alloca_once(builder, v) for v in vectors] for _ in range(SUMS)]
            fetched = [cgutils.alloca_once(builder, WORD) for _ in lanes]
            for k, x in enumerate(fetched):
                row = builder.add(parts[k], builder.mul(near, WORD(lanes[k])))
                builder.store(builder.add(ahead, row), x)

            def sum_at(chain: Any, k: int) -> Any:
                where = builder.gep(out, [builder.add(builder.mul(chain, wide), columns[k])])
                return builder.bitcast(where, vectors[k].as_pointer())

            def add(place: Any, into: list[Any]) -> None:
                row = builder.zext(builder.load(place), WORD)
                for k, s in enumerate(into):
                    where = builder.gep(planes[k], [builder.mul(row, WORD(lanes[k] // HALF))])
                    found = builder.load(builder.bitcast(where, vectors[k].as_pointer()))
                    found.align = of_number
                    builder.store(builder.fadd(builder.load(s), found), s)

            with cgutils.for_range(builder, chains) as chain:
                own = builder.gep(places, [builder.add(at, builder.mul(chain.index, apart))])
                for k, v in enumerate(vectors):
                    begun = builder.load(sum_at(chain.index, k))
                    begun.align = of_number
                    builder.store(begun, sums[0][k])
                    for x in sums[1:]:
                        builder.store(ir.Constant(v, [0.0] * lanes[k]), x[k])
                with cgutils.for_range(builder, builder.udiv(count, WORD(GROUP))) as loop:
                    with cgutils.for_range(builder, lines):
                        for k, x in enumerate(fetched):
                            _fetch(builder, rows, x, lanes[k] // HALF, of_number)
                    group = builder.gep(own, [builder.mul(loop.index, WORD(GROUP))])
                    for k in range(GROUP):
                        add(builder.gep(group, [WORD(k)]), sums[k % SUMS])
                rest = builder.urem(count, WORD(GROUP))
                last = builder.gep(own, [builder.sub(count, rest)])
                with cgutils.for_range(builder, rest) as loop:
                    add(builder.gep(last, [loop.index]), sums[0])
                for k in range(len(lanes)):
                    total = [builder.load(x[k]) for x in sums]
                    while len(total) > 1:
                        pairs = zip(total[::2], total[1::2], strict=True)
                        total = [builder.fadd(*pair) for pair in pairs]
                    builder.store(total[0], sum_at(chain.index, k)).align = of_number
            return context.get_dummy_value()

        n = types.intp
        return types.void(rows, n, n, n, places, n, n, n, n, out, n, n, n, n), build

    return intrinsic(definition)


def _fetch(builder: Any, rows: Any, ahead: Any, lines: int, of_number: int) -> None:
    """Begins to bring lines into the cache from place `ahead` on, which goes on."""
    byte = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, WHOLE, WHOLE, WHOLE])
    fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    at = builder.load(ahead)
    for k in range(lines):
        place = builder.gep(rows, [builder.add(at, WORD(k * LINE // of_number))])
        builder.call(fetch, [builder.bitcast(place, byte), WHOLE(0), WHOLE(2), WHOLE(1)])
    builder.store(builder.add(at, WORD(lines * LINE // of_number)), ahead)


def _copy_of(context: Any, x: Any, at: Any, count: Any, out: Any, place: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        x, at, count, out, place = values
        number = context.get_data_type(signature.args[0].dtype)
        vector, mask = ir.VectorType(number, HALF), ir.VectorType(ir.IntType(1), HALF)
        size = number.get_abi_size(context.target_data)
        source = context.make_array(signature.args[0])(context, builder, x).data
        target = context.make_array(signature.args[3])(context, builder, out).data
        words = ir.VectorType(WORD, HALF)
        lanes, zeros = ir.Constant(words, list(range(HALF))), ir.Constant(WHOLE, 0)
        name = f"llvm.masked.load.v{HALF}f{8 * size}.p0"
        end = builder.and_(builder.add(count, WORD(HALF - 1)), WORD(-HALF))
        with cgutils.for_range_slice(builder, WORD(0), end, WORD(HALF), inc=True) as (k, _):
            left = builder.insert_element(
                ir.Constant(words, ir.Undefined), builder.sub(count, k), zeros
            )
            left = builder.shuffle_vector(
                left, left, ir.Constant(ir.VectorType(WHOLE, HALF), [0] * HALF)
            )
            some = builder.icmp_signed("<", lanes, left)
            where = builder.gep(source, [builder.add(at, k)])
            where = builder.bitcast(where, vector.as_pointer())
            shape = ir.FunctionType(vector, [where.type, WHOLE, mask, vector])
            load = cgutils.get_or_insert_function(builder.module, shape, name)
            none = ir.Constant(vector, [0.0] * HALF)
            read = builder.call(load, [where, WHOLE(size), some, none])
            where = builder.gep(target, [builder.add(place, k)])
            builder.store(read, builder.bitcast(where, vector.as_pointer())).align = size
        return context.get_dummy_value()

    n = types.intp
    return types.void(x, n, n, out, n), build


copy: Any = intrinsic(_copy_of)
"""copy(x, at, count, out, place): out[place : place + count] = x[at : at + count], and zeros up to
the next multiple of eight numbers."""
sum_half: Any = _sum_of(0, True)
sum_one: Any = _sum_of(1, False)
sum_one_and_half: Any = _sum_of(1, True)
sum_two: Any = _sum_of(2, False)
