"""Blocks of a matrix product that stay in vector registers, as pieces of code in LLVM's language.

A block of the product is some rows by one or two registers of columns. For every summand a register
of the right factor's row is read once and multiplied by one number of each row of the left factor,
so that nothing but the two factors is read, and nothing is written before the end. An entry is the
sum of its products in order, each added with one rounding: it does not depend on how many numbers a
register has.

Addresses, steps and lengths are words of 64 bits; addresses and steps are in bytes. The first
argument, `like`, is an array of the numbers' type.
"""

from __future__ import annotations

import inspect
import platform
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .lanes import LONG, WORD, call, number, pointer, transposed


def _features() -> dict[str, bool]:
    known = platform.machine() in ("x86_64", "AMD64")
    return dict(llvm.get_host_cpu_features()) if known else {}


WIDE = bool(_features().get("avx512f"))
"""Whether a register has 64 bytes, and there are 32 of them; else 32 bytes, and 16."""
FUSED = bool(_features().get("fma"))
"""Whether the processor multiplies and adds in one instruction, in registers of 32 bytes."""
REGISTER = 64 if WIDE else 32
HIGH = 10 if WIDE else 6
"""Most rows of a block: what is left of the registers reads factors."""


def _size(kind: Any) -> int:
    """Bytes of a number."""
    return 4 if isinstance(kind, ir.FloatType) else 8


def _lanes(kind: Any) -> int:
    return REGISTER // _size(kind)


def _register(kind: Any) -> Any:
    return ir.VectorType(kind, _lanes(kind))


def _letter(kind: Any) -> str:
    return f"v{_lanes(kind)}f{8 * _size(kind)}"


def _nothing(kind: Any) -> Any:
    return ir.Constant(_register(kind), [0.0] * _lanes(kind))


def _spread(builder: Any, value: Any, kind: Any) -> Any:
    """A register of this value."""
    n = _lanes(kind)
    none = ir.Constant(ir.VectorType(value.type, n), ir.Undefined)
    one = builder.insert_element(none, value, WORD(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(WORD, n), [0] * n))


def _first(builder: Any, count: Any, kind: Any) -> Any:
    """A mask of the first `count` lanes: none or all if it is past an end."""
    n = _lanes(kind)
    some = builder.select(builder.icmp_signed(">", count, number(n)), number(n), count)
    places = ir.Constant(ir.VectorType(WORD, n), list(range(n)))
    return builder.icmp_signed("<", places, _spread(builder, builder.trunc(some, WORD), kind))


def _read(builder: Any, address: Any, mask: Any, kind: Any) -> Any:
    """The numbers of a mask's lanes, zeros in the others."""
    shape = _register(kind)
    given = [pointer(builder, address, shape), WORD(_size(kind)), mask, _nothing(kind)]
    return call(builder, f"llvm.masked.load.{_letter(kind)}.p0", given, shape)


def _write(builder: Any, value: Any, address: Any, mask: Any, kind: Any) -> None:
    given = [value, pointer(builder, address, value.type), WORD(_size(kind)), mask]
    call(builder, f"llvm.masked.store.{_letter(kind)}.p0", given)


def _at(builder: Any, address: Any, kind: Any) -> Any:
    """The number there."""
    value = builder.load(pointer(builder, address, kind))
    value.align = _size(kind)
    return value


def _function(name: str, count: int, build: Callable[..., None]) -> Any:
    """A function for compiled code of an array whose type numbers have, and of `count` words."""

    def definition(context: Any, like: Any, *arguments: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            kind = ir.FloatType() if like.dtype.bitwidth == 32 else ir.DoubleType()
            build(builder, kind, *given[1:])
            return context.get_dummy_value()

        return types.void(like, *[types.intp] * count), code

    word = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = ["context", "like", *(f"x{k}" for k in range(count))]
    definition.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # by which numba counts
        [inspect.Parameter(n, word) for n in names]
    )
    definition.__name__ = definition.__qualname__ = name
    return intrinsic(definition)


def block(rows: int, registers: int) -> Any:
    """block(like, a, row, step, b, down, deep, columns, there, scale, keep, c, line): c = keep · c
    + scale · a b for `there` rows, at least one and at most `rows`, and as many columns, at most
    what the registers hold.

    Row r of a begins at a + r · row, its summands are `step` apart; summands of b are `down` apart,
    rows of c `line`. `scale` and `keep` are addresses; if there is a 0 at `keep`, c is not read.
    """

    def build(
        builder: Any,
        kind: Any,
        a: Any,
        row: Any,
        step: Any,
        b: Any,
        down: Any,
        deep: Any,
        columns: Any,
        there: Any,
        scale: Any,
        keep: Any,
        c: Any,
        line: Any,
    ) -> None:
        places, last = range(registers), builder.sub(there, number(1))
        left_out = [number(_lanes(kind) * v) for v in places]
        masks = [_first(builder, builder.sub(columns, x), kind) for x in left_out]
        lefts, intos = [], []
        for r in range(rows):  # rows past the last one are that one again, and write the same
            past = builder.icmp_signed(">", number(r), last)
            at = builder.select(past, last, number(r))
            lefts.append(builder.add(a, builder.mul(at, row)))
            intos.append(builder.add(c, builder.mul(at, line)))
        nothing, fma = _nothing(kind), f"llvm.fma.{_letter(kind)}"
        sums = [[cgutils.alloca_once_value(builder, nothing) for _ in places] for _ in lefts]
        with cgutils.for_range(builder, deep, intp=LONG) as loop:
            own = builder.add(b, builder.mul(loop.index, down))
            shift = builder.mul(loop.index, step)
            at_b = [builder.add(own, number(REGISTER * v)) for v in places]
            right = [_read(builder, x, m, kind) for x, m in zip(at_b, masks, strict=True)]
            for left, into in zip(lefts, sums, strict=True):
                one = _spread(builder, _at(builder, builder.add(left, shift), kind), kind)
                for s, x in zip(into, right, strict=True):
                    builder.store(call(builder, fma, [one, x, builder.load(s)], x.type), s)
        of_scale = _spread(builder, _at(builder, scale, kind), kind)
        kept = _at(builder, keep, kind)
        of_keep = _spread(builder, kept, kind)
        asked = _spread(builder, builder.fcmp_unordered("!=", kept, kind(0.0)), kind)
        ends = [
            (builder.add(into, number(REGISTER * v)), masks[v], builder.load(own_sums[v]))
            for into, own_sums in zip(intos, sums, strict=True)
            for v in places
        ]
        before = [_read(builder, at, builder.and_(mask, asked), kind) for at, mask, _ in ends]
        for (at, mask, total), x in zip(ends, before, strict=True):
            kept_part = builder.fmul(of_keep, x)
            value = call(builder, fma, [of_scale, total, kept_part], total.type)
            _write(builder, value, at, mask, kind)

    return _function(f"block_{rows}_{registers}", 12, build)


def _copy(
    builder: Any, kind: Any, b: Any, down: Any, columns: Any, deep: Any, out: Any, wide: Any
) -> None:
    shifts = [number(_lanes(kind) * v) for v in range(2)]
    masks = [_first(builder, builder.sub(columns, x), kind) for x in shifts]
    with cgutils.for_range(builder, deep, intp=LONG) as loop:
        at = builder.add(b, builder.mul(loop.index, down))
        to = builder.add(out, builder.mul(loop.index, wide))
        for v, mask in enumerate(masks):
            shift = number(REGISTER * v)
            found = _read(builder, builder.add(at, shift), mask, kind)
            _write(builder, found, builder.add(to, shift), mask, kind)


def _turn(
    builder: Any, kind: Any, b: Any, row: Any, lines: Any, deep: Any, out: Any, wide: Any
) -> None:
    n, last = _lanes(kind), builder.sub(lines, number(1))
    rows = []
    for j in range(n):
        past = builder.icmp_signed(">", number(j), last)
        rows.append(builder.add(b, builder.mul(builder.select(past, last, number(j)), row)))
    times = builder.udiv(builder.add(deep, number(n - 1)), number(n))
    with cgutils.for_range(builder, times, intp=LONG) as loop:
        begin = builder.mul(loop.index, number(n))
        mask = _first(builder, builder.sub(deep, begin), kind)
        shift = builder.mul(begin, number(_size(kind)))
        found = [_read(builder, builder.add(x, shift), mask, kind) for x in rows]
        to = builder.add(out, builder.mul(begin, wide))
        for i, x in enumerate(transposed(builder, found)):
            place = builder.add(to, builder.mul(number(i), wide))
            builder.store(x, pointer(builder, place, x.type)).align = _size(kind)


copy: Any = _function("copy_rows", 6, _copy)
"""copy(like, b, down, columns, deep, out, wide): `columns` numbers, at most two registers of them,
of `deep` rows that are `down` apart, to rows that are `wide` apart."""
turn: Any = _function("turn_rows", 6, _turn)
"""turn(like, b, row, lines, deep, out, wide): out[i, j] = b[j, i] for at most a register's `lines`
j and `deep` i, rounded up to whole registers; rows of b are `row` apart, those of out `wide`."""
