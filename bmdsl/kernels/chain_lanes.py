"""Sixteen real numbers at a time, those of as many chains, as a type that compiled functions hold
in vector registers, and codes of as many chains beside them.

Loops of sixteen steps are unrolled before a compiler looks for vectors in them, and then it finds
none.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..native.vectors import Vector
from ..schedule.code_ops import CHAINS

_WORD, _INT, _CODE = ir.IntType(64), ir.IntType(32), ir.IntType(16)


def _shape(context: Any, kind: Any) -> Any:
    return context.get_value_type(kind)


def _alike(shape: Any, number: float) -> Any:
    return ir.Constant(shape, [number] * CHAINS)


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any, shape: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), shape.as_pointer())


def _spread(builder: Any, number: Any) -> Any:
    shape = ir.VectorType(number.type, CHAINS)
    one = builder.insert_element(ir.Constant(shape, ir.Undefined), number, _INT(0))
    zeros = ir.Constant(ir.VectorType(_INT, CHAINS), [0] * CHAINS)
    return builder.shuffle_vector(one, one, zeros)


def _load_of(context: Any, x: Any, at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        shape = _shape(context, signature.return_type)
        made = builder.load(
            _place(context, builder, signature.args[0], values[0], values[1], shape)
        )
        made.align = 4
        return made

    return Vector(x.dtype, CHAINS)(x, types.intp), code


def _store_of(context: Any, value: Any, x: Any, at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        value, x, at = values
        place = _place(context, builder, signature.args[1], x, at, value.type)
        builder.store(value, place).align = 4
        return context.get_dummy_value()

    return types.void(value, x, types.intp), code


def _same_of(context: Any, x: Any, number: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _spread(builder, values[1])

    return Vector(x.dtype, CHAINS)(x, x.dtype), code


def _between(name: str) -> Any:
    def definition(context: Any, a: Any, b: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return getattr(builder, name)(*values)

        return a(a, a), code

    return intrinsic(definition)


def _chosen_of(symbol: str) -> Any:
    def definition(context: Any, a: Any, b: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return builder.select(builder.fcmp_ordered(symbol, *values), *values)

        return a(a, a), code

    return intrinsic(definition)


def _at_most_of(context: Any, a: Any, b: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        below = builder.fcmp_ordered("<=", *values)
        return builder.uitofp(below, _shape(context, signature.args[0]))

    return a(a, a), code


def _exp_of(context: Any, a: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        shape = _shape(context, signature.args[0])
        if signature.args[0].dtype != types.float32:
            symbol = f"llvm.exp.v{CHAINS}f64"
            kind = ir.FunctionType(shape, [shape])
            return builder.call(
                cgutils.get_or_insert_function(builder.module, kind, symbol), values
            )
        return _exp_of_float32(builder, shape, values[0])

    return a(a), code


def _exp_of_float32(builder: Any, shape: Any, x: Any) -> Any:
    """`scalars32.exp` for x ≤ 0, all lanes at once."""

    def times(a: Any, number: float, b: Any) -> Any:
        kind = ir.FunctionType(shape, [shape] * 3)
        fused = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{CHAINS}f32")
        return builder.call(fused, [a, _alike(shape, number), b])

    least, magic = _alike(shape, -87.0), _alike(shape, 12582912.0)
    x = builder.select(builder.fcmp_ordered(">", x, least), x, least)
    n = builder.fsub(times(x, 1.44269504, magic), magic)
    r = times(n, 2.12194440e-4, times(n, -0.693359375, x))
    y = times(r, 1.9875691500e-4, _alike(shape, 1.3981999507e-3))
    for number in (8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        y = builder.fadd(builder.fmul(y, r), _alike(shape, number))
    y = builder.fadd(builder.fmul(y, builder.fmul(r, r)), builder.fadd(r, _alike(shape, 1.0)))
    whole = ir.VectorType(_INT, CHAINS)
    power = builder.add(builder.fptosi(n, whole), ir.Constant(whole, [127] * CHAINS))
    power = builder.shl(power, ir.Constant(whole, [23] * CHAINS))
    return builder.fmul(y, builder.bitcast(power, shape))


def _where_of(context: Any, codes: Any, at: Any, state: Any, w: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        codes, at, state, w = values
        made = _codes_at(context, builder, signature.args[0], codes, at)
        equal = builder.icmp_unsigned("==", made, _spread(builder, builder.trunc(state, _CODE)))
        return builder.select(equal, w, _alike(w.type, 0.0))

    return w(codes, types.intp, types.intp, w), code


def _codes_at(context: Any, builder: Any, kind: Any, codes: Any, at: Any) -> Any:
    shape = ir.VectorType(_CODE, CHAINS)
    made = builder.load(_place(context, builder, kind, codes, at, shape))
    made.align = 2
    return made


def _put_of(context: Any, value: Any, codes: Any, at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        value, codes, at = values
        shape = ir.VectorType(_CODE, CHAINS)
        whole = builder.trunc(builder.fptoui(value, ir.VectorType(_INT, CHAINS)), shape)
        place = _place(context, builder, signature.args[1], codes, at, shape)
        builder.store(whole, place).align = 2
        return context.get_dummy_value()

    return types.void(value, codes, types.intp), code


def _turned_of(columns: int) -> Any:
    """turn(x, at, apart, field, place): field[place + 16 s + r] = x[at + r apart + s] for sixteen
    rows r and so many columns s.
    """
    side, half = CHAINS // columns, CHAINS // 2

    def definition(context: Any, x: Any, at: Any, apart: Any, field: Any, place: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            x, at, apart, field, place = values
            number = context.get_data_type(signature.args[0].dtype)
            row, every = ir.VectorType(number, columns), ir.VectorType(number, CHAINS)
            read: list[Any] = []
            for r in range(CHAINS):
                index = builder.add(at, builder.mul(apart, _WORD(r)))
                read.append(
                    builder.load(_place(context, builder, signature.args[0], x, index, row))
                )
                read[-1].align = 4
            if side > 1:
                both = ir.Constant(ir.VectorType(_INT, CHAINS), list(range(CHAINS)))
                pairs = zip(read[::2], read[1::2], strict=True)
                read = [builder.shuffle_vector(a, b, both) for a, b in pairs]
            for _ in range(4):  # each turns the digits of a number's register and lane by one place
                read = [
                    builder.shuffle_vector(
                        read[k // 2],
                        read[k // 2 + columns // 2],
                        _interleaved(half if k % 2 else 0),
                    )
                    for k in range(columns)
                ]
            for s, value in enumerate(read):
                index = builder.add(place, _WORD(CHAINS * s))
                where = _place(context, builder, signature.args[3], field, index, every)
                builder.store(value, where).align = 4
            return context.get_dummy_value()

        n = types.intp
        return types.void(x, n, n, field, n), code

    return intrinsic(definition)


def _interleaved(first: int) -> Any:
    lanes = [first + k // 2 + CHAINS * (k % 2) for k in range(CHAINS)]
    return ir.Constant(ir.VectorType(_INT, CHAINS), lanes)


load: Any = intrinsic(_load_of)
"""load(x, at): sixteen numbers of an array, from place `at` on."""
store: Any = intrinsic(_store_of)
"""store(value, x, at)"""
same: Any = intrinsic(_same_of)
"""same(x, number): sixteen times this number, of the type of the array x."""
plus: Any = _between("fadd")
minus: Any = _between("fsub")
times: Any = _between("fmul")
larger: Any = _chosen_of(">")
smaller: Any = _chosen_of("<")
at_most: Any = intrinsic(_at_most_of)
"""at_most(a, b): 1 where a ≤ b, else 0."""
exp: Any = intrinsic(_exp_of)
"""exp(a) for a ≤ 0; never 0 in single precision."""
where_code: Any = intrinsic(_where_of)
"""where_code(codes, at, state, w): w where the code is this state, else 0."""
turn: Any = _turned_of(CHAINS)
"""turn(x, at, apart, field, place): field[place + 16 s + r] = x[at + r apart + s], s < 16."""
turn_half: Any = _turned_of(CHAINS // 2)
"""The same for s < 8."""
put_codes: Any = intrinsic(_put_of)
"""put_codes(value, codes, at): whole numbers as codes."""
