"""Sixteen numbers of 32 bits, which fill a vector register, as pieces of code in LLVM's language.

Addresses and lengths are words of 64 bits; addresses are in bytes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

SIDE = 16
"""Numbers in a register."""
INNER: dict[str, Any] = {
    "cache": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""Numba's options for functions that compiled code alone calls: wrappers take time to compile."""
BYTE, WORD, LONG, VOID = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.VoidType()
LANES = ir.VectorType(WORD, SIDE)
FLOATS = ir.VectorType(ir.FloatType(), SIDE)


def number(k: int) -> Any:
    """A length."""
    return ir.Constant(LONG, k)


def same(k: int) -> Any:
    """A register of one number."""
    return ir.Constant(LANES, [k] * SIDE)


def pointer(builder: Any, address: Any, of: Any = BYTE) -> Any:
    """An address as LLVM's pointer."""
    return builder.inttoptr(address, of.as_pointer())


def call(builder: Any, name: str, given: list[Any], gives: Any = VOID) -> Any:
    """A call of one of LLVM's own functions."""
    shape = ir.FunctionType(gives, [x.type for x in given])
    return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), given)


def spread(builder: Any, value: Any, of: Any) -> Any:
    """A register of sixteen times this value."""
    one = builder.insert_element(ir.Constant(of, ir.Undefined), value, ir.Constant(WORD, 0))
    return builder.shuffle_vector(one, one, same(0))


def first(builder: Any, count: Any) -> Any:
    """A mask of the first `count` lanes, of none or all if `count` is past either end."""
    wide = builder.select(builder.icmp_signed(">", count, number(SIDE)), number(SIDE), count)
    many = spread(builder, builder.trunc(wide, WORD), LANES)
    return builder.icmp_signed("<", ir.Constant(LANES, list(range(SIDE))), many)


def load(builder: Any, address: Any, count: Any = None) -> Any:
    """Sixteen numbers, or `count` of them and zeros after them."""
    if count is None:
        value = builder.load(pointer(builder, address, LANES))
        value.align = 4
        return value
    given = [pointer(builder, address, LANES), ir.Constant(WORD, 4), first(builder, count), same(0)]
    return call(builder, "llvm.masked.load.v16i32.p0", given, LANES)


def store(builder: Any, value: Any, address: Any, count: Any = None) -> None:
    """Writes sixteen numbers, or the first `count` of them."""
    if count is None:
        builder.store(value, pointer(builder, address, value.type)).align = 4
        return
    place = [pointer(builder, address, LANES), ir.Constant(WORD, 4), first(builder, count)]
    call(builder, "llvm.masked.store.v16i32.p0", [builder.bitcast(value, LANES), *place])


def transposed(builder: Any, rows: Sequence[Any]) -> list[Any]:
    """As many registers as one has lanes, a power of two: lane j of register i is lane i of j."""
    n, held = len(rows), list(rows)
    d = n // 2
    while d:
        even = [j if not j & d else n + j - d for j in range(n)]
        odd = [j + d if not j & d else n + j for j in range(n)]
        picks = [ir.Constant(ir.VectorType(WORD, n), x) for x in (even, odd)]
        for r in range(n):
            if not r & d:
                a, b = held[r], held[r + d]
                held[r], held[r + d] = (builder.shuffle_vector(a, b, x) for x in picks)
        d //= 2
    return held


def function(count: int, build: Callable[..., Any], gives: Any = types.void) -> Any:
    """A function for compiled code of `count` addresses and lengths, whose code `build` adds."""

    def definition(context: Any, *arguments: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            made = build(builder, *given)
            return context.get_dummy_value() if gives is types.void else made

        return gives(*[types.intp] * count), code

    word = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = ["context", *(f"x{k}" for k in range(count))]
    definition.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # by which numba counts
        [inspect.Parameter(n, word) for n in names]
    )
    definition.__name__ = definition.__qualname__ = build.__name__
    return intrinsic(definition)


def _address_of(context: Any, x: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        if isinstance(x, types.Array):
            data = context.make_array(x)(context, builder, given[0]).data
            return builder.ptrtoint(data, LONG)
        return builder.ptrtoint(given[0], LONG)

    return types.intp(x), code


def _float_at_of(context: Any, address: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.load(pointer(builder, given[0], ir.FloatType()))

    return types.float32(types.intp), code


address: Any = intrinsic(_address_of)
"""address(x): where an array's or a pointer's numbers are."""
float_at: Any = intrinsic(_float_at_of)
"""float_at(address): the float32 there."""
