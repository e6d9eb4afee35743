"""The processor's matrix tiles (Intel AMX) as functions that numba compiles.

A tile is a register of 16 rows of 64 bytes. One instruction multiplies a tile of 16 × 32 numbers of
8 significant bits ("bfloat16") by one of 32 × 16 and adds to 16 × 16 numbers of 24 bits, 16 times
the work of a vector instruction in as many cycles. A float32 of 24 bits is the exact sum of three
such numbers, its parts: three products multiply states by parameters as exactly as float32 itself.

Tiles 0 to 3 hold sums: rows 0 to 15 and 16 to 31 of the result, two tiles of columns each.
Addresses are in bytes.
"""

from __future__ import annotations

import ctypes
import functools
import platform
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

TILE = 1024
"""Bytes of a tile."""
SIDE = 16
"""Rows of a tile, and numbers of a row of sums."""
DEPTH = 32
"""Rows of the right factor that one product takes."""
PARTS = 3
"""Numbers of 8 bits whose sum a float32 is."""

_BYTE, _WORD, _LONG, _VOID = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.VoidType()
_LANES = ir.VectorType(_WORD, SIDE)
_FLOATS = ir.VectorType(ir.FloatType(), SIDE)
_HIGH_HALF = 0xFFFF0000
_PERMISSION = (158, 0x1023, 18)
"""arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA): Linux gives tiles to those who ask."""


@functools.cache
def available() -> bool:
    """Whether this processor has tiles of 8-bit significands and this process may use them."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return False
    features = llvm.get_host_cpu_features()
    wanted = ("amx-tile", "amx-bf16", "avx512f", "avx512bw")
    if not all(features.get(name, False) for name in wanted):
        return False
    return ctypes.CDLL(None).syscall(*_PERMISSION) == 0


def _number(k: int) -> Any:
    return ir.Constant(_LONG, k)


def _lanes(k: int) -> Any:
    return ir.Constant(_LANES, [k] * SIDE)


def _pointer(builder: Any, address: Any, of: Any = _BYTE) -> Any:
    return builder.inttoptr(address, of.as_pointer())


def _call(builder: Any, name: str, given: list[Any], gives: Any = _VOID) -> Any:
    shape = ir.FunctionType(gives, [x.type for x in given])
    return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), given)


def _spread(builder: Any, number: Any, of: Any) -> Any:
    one = builder.insert_element(ir.Constant(of, ir.Undefined), number, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(one, one, _lanes(0))


def _first(builder: Any, count: Any) -> Any:
    """A mask of the first `count` lanes, of none or all if `count` is past either end."""
    wide = builder.select(builder.icmp_signed(">", count, _number(SIDE)), _number(SIDE), count)
    many = _spread(builder, builder.trunc(wide, _WORD), _LANES)
    return builder.icmp_signed("<", ir.Constant(_LANES, list(range(SIDE))), many)


def _load(builder: Any, address: Any, count: Any) -> Any:
    """`count` numbers, and zeros after them."""
    given = [_pointer(builder, address, _LANES), ir.Constant(_WORD, 4), _first(builder, count)]
    return _call(builder, "llvm.masked.load.v16i32.p0", [*given, _lanes(0)], _LANES)


def _store(builder: Any, value: Any, address: Any) -> None:
    builder.store(value, _pointer(builder, address, value.type)).align = 4


def _parts(builder: Any, x: Any, count: int) -> list[Any]:
    """Numbers as `count` parts, the upper halves of words; what is past these bits is left out."""
    out = []
    for k in range(count):
        out.append(builder.and_(x, _lanes(_HIGH_HALF)))
        if k + 1 < count:
            rest = builder.fsub(builder.bitcast(x, _FLOATS), builder.bitcast(out[-1], _FLOATS))
            x = builder.bitcast(rest, _LANES)
    return out


def _function(count: int, build: Callable[..., Any], gives: Any = types.void) -> Any:
    """An intrinsic of `count` addresses and lengths."""

    def definition(context: Any, *arguments: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            made = build(builder, *given)
            return context.get_dummy_value() if gives is types.void else made

        return gives(*[types.intp] * count), code

    return _named(definition, count, build.__name__)


def _named(definition: Any, count: int, name: str) -> Any:
    import inspect

    word = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = ["context", *(f"x{k}" for k in range(count))]
    definition.__signature__ = inspect.Signature([inspect.Parameter(n, word) for n in names])
    definition.__name__ = definition.__qualname__ = name
    return intrinsic(definition)


def _configure(builder: Any, table: Any) -> None:
    _call(builder, "llvm.x86.ldtilecfg", [_pointer(builder, table)])


def _release(builder: Any) -> None:
    _call(builder, "llvm.x86.tilerelease", [])


def _clear(builder: Any) -> None:
    for t in range(4):
        _call(builder, "llvm.x86.tilezero", [ir.Constant(_BYTE, t)])


def _keep(builder: Any, address: Any) -> None:
    row = 2 * 4 * SIDE
    for t in range(4):
        at = builder.add(address, _number((t // 2) * SIDE * row + (t % 2) * row // 2))
        given = [ir.Constant(_BYTE, t), _pointer(builder, at), _number(row)]
        _call(builder, "llvm.x86.tilestored64", given)


def _product(rows: int, left_parts: int, right_parts: int) -> Any:
    """Sums += left · right, DEPTH deep, for one or two tiles of rows and two of columns."""
    pairs = [(x, y) for x in range(left_parts) for y in range(right_parts)]

    def take(builder: Any, t: int, address: Any, k: int) -> None:
        at = _pointer(builder, builder.add(address, _number(TILE * k)))
        given = [ir.Constant(_BYTE, t), at, _number(4 * SIDE)]
        _call(builder, "llvm.x86.tileloadd64", given)

    def multiply(builder: Any, *registers: int) -> None:
        given = [ir.Constant(_BYTE, t) for t in registers]
        _call(builder, "llvm.x86.tdpbf16ps", given)

    def build(builder: Any, left: Any, right: Any) -> None:
        held = None
        for x, y in pairs:
            if x != held:
                take(builder, 4, left, x)
            take(builder, 6, right, 2 * y)
            multiply(builder, 0, 4, 6)
            if rows == 2 and x != held:
                take(builder, 5, left, left_parts + x)
            take(builder, 7, right, 2 * y + 1)
            if rows == 2:
                multiply(builder, 2, 5, 6)
            multiply(builder, 1, 4, 7)
            if rows == 2:
                multiply(builder, 3, 5, 7)
            held = x

    build.__name__ = f"product_{rows}_{left_parts}_{right_parts}"
    return _function(2, build)


def _split_row(count: int) -> Any:
    def build(builder: Any, x: Any, length: Any, out: Any) -> None:
        half = ir.VectorType(ir.IntType(16), 2 * SIDE)
        odd = ir.Constant(ir.VectorType(_WORD, 2 * SIDE), [2 * j + 1 for j in range(2 * SIDE)])
        near = _parts(builder, _load(builder, x, length), count)
        after = builder.add(x, _number(4 * SIDE))
        far = _parts(builder, _load(builder, after, builder.sub(length, _number(SIDE))), count)
        for k, (a, b) in enumerate(zip(near, far, strict=True)):
            made = builder.shuffle_vector(builder.bitcast(a, half), builder.bitcast(b, half), odd)
            _store(builder, made, builder.add(out, _number(TILE * k)))

    build.__name__ = f"split_row_{count}"
    return _function(3, build)


def _split_pair(count: int) -> Any:
    def build(builder: Any, x: Any, y: Any, columns_x: Any, columns_y: Any, out: Any) -> None:
        even = _parts(builder, _load(builder, x, columns_x), count)
        odd = _parts(builder, _load(builder, y, columns_y), count)
        for k, (a, b) in enumerate(zip(even, odd, strict=True)):
            made = builder.or_(builder.lshr(a, _lanes(SIDE)), b)
            _store(builder, made, builder.add(out, _number(2 * TILE * k)))

    build.__name__ = f"split_pair_{count}"
    return _function(5, build)


def _turn(
    builder: Any, x: Any, step: Any, rows: Any, columns: Any, out: Any, step_out: Any
) -> None:
    held = []
    for r in range(SIDE):
        there = builder.icmp_signed("<", _number(r), rows)
        at = builder.add(x, builder.mul(step, _number(r)))
        held.append(_load(builder, at, builder.select(there, columns, _number(0))))
    for d in (1, 2, 4, 8):
        even = [j if not j & d else SIDE + j - d for j in range(SIDE)]
        odd = [j + d if not j & d else SIDE + j for j in range(SIDE)]
        for r in range(SIDE):
            if not r & d:
                a, b = held[r], held[r + d]
                held[r] = builder.shuffle_vector(a, b, ir.Constant(_LANES, even))
                held[r + d] = builder.shuffle_vector(a, b, ir.Constant(_LANES, odd))
    for r in range(SIDE):
        _store(builder, held[r], builder.add(out, builder.mul(step_out, _number(r))))


def _rest(builder: Any, x: Any, count: Any) -> Any:
    low = builder.and_(_load(builder, x, count), _lanes(0xFFFF))
    some = builder.icmp_unsigned("!=", low, _lanes(0))
    return builder.zext(builder.bitcast(some, ir.IntType(SIDE)), _LONG)


def _blend_of(context: Any, made: Any, out: Any, count: Any, scale: Any, keep: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        made, out, count, scale, keep = given
        fresh = builder.bitcast(_load(builder, made, _number(SIDE)), _FLOATS)
        old = builder.bitcast(_load(builder, out, count), _FLOATS)
        kept = builder.fmul(old, _spread(builder, keep, _FLOATS))
        total = builder.fadd(kept, builder.fmul(fresh, _spread(builder, scale, _FLOATS)))
        place = [_pointer(builder, out, _LANES), ir.Constant(_WORD, 4), _first(builder, count)]
        _call(builder, "llvm.masked.store.v16i32.p0", [builder.bitcast(total, _LANES), *place])
        return context.get_dummy_value()

    numbers = (types.intp, types.intp, types.intp, types.float32, types.float32)
    return types.void(*numbers), code


def _address_of(context: Any, x: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        if isinstance(x, types.Array):
            data = context.make_array(x)(context, builder, given[0]).data
            return builder.ptrtoint(data, _LONG)
        return builder.ptrtoint(given[0], _LONG)

    return types.intp(x), code


def _float_at_of(context: Any, address: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.load(_pointer(builder, given[0], ir.FloatType()))

    return types.float32(types.intp), code


configure: Any = _function(1, _configure)
"""configure(table): tiles as 64 bytes of `table` say; nothing else may be done with them before."""
release: Any = _function(0, _release)
"""release(): gives the tiles back, so that a switch between threads need not save them."""
clear: Any = _function(0, _clear)
"""clear(): all sums are 0."""
keep: Any = _function(1, _keep)
"""keep(address): the sums as 32 × 32 float32 at `address`."""
split_row_1: Any = _split_row(1)
"""split_row(x, length, out): 32 numbers of which `length` are there, as parts a tile apart."""
split_row_3: Any = _split_row(PARTS)
split_pair_1: Any = _split_pair(1)
"""split_pair(x, y, columns of x, columns of y, out): 16 numbers of one row and of the next, number
by number side by side, as parts two tiles apart."""
split_pair_3: Any = _split_pair(PARTS)
turn: Any = _function(6, _turn)
"""turn(x, step, rows, columns, out, step of out): a block of 16 × 16 numbers transposed; what is
past `rows` and `columns` is 0."""
rest: Any = _function(2, _rest, types.int64)
"""rest(x, count): 0 if up to 16 numbers have 8 significant bits."""
blend: Any = intrinsic(_blend_of)
"""blend(made, out, count, scale, keep): out = keep · out + scale · made, for up to 16 numbers."""
address: Any = intrinsic(_address_of)
"""address(x): where an array's or a pointer's numbers are."""
float_at: Any = intrinsic(_float_at_of)
product_1_1_1, product_1_1_3, product_1_3_1 = (
    _product(1, 1, 1),
    _product(1, 1, 3),
    _product(1, 3, 1),
)
product_2_1_1, product_2_1_3, product_2_3_1 = (
    _product(2, 1, 1),
    _product(2, 1, 3),
    _product(2, 3, 1),
)
"""product_r_a_b(left, right): sums += left · right of r tiles of rows, left of a parts, right of b.
"""
