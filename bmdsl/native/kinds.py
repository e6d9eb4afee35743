"""The kinds of values in translated functions, and which kind an operation of two of them has.

The rules are numba's, so that a function gives the same numbers whoever compiles it: integers are
of 64 bits once they are combined, a number of 32 bits stays so among its like alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from .vectors import Vector


class Untranslatable(TypeError):
    """What the translation does not know; numba compiles that function instead."""


@dataclass(frozen=True)
class Number:
    """A number: `f` floating, `i` signed, `u` unsigned, `b` a truth value; its bits."""

    letter: str
    bits: int

    @property
    def real(self) -> bool:
        return self.letter == "f"

    @property
    def signed(self) -> bool:
        return self.letter == "i"


@dataclass(frozen=True)
class Lanes:
    """So many numbers of a kind side by side in a vector register."""

    entry: Number
    count: int


@dataclass(frozen=True)
class ArrayOf:
    """A C-contiguous array of so many axes."""

    entry: Number
    axes: int


@dataclass(frozen=True)
class Several:
    """Values that stand together: a tuple."""

    kinds: tuple[Any, ...]


Kind = Number | Lanes | ArrayOf | Several
DOUBLE, SINGLE = Number("f", 64), Number("f", 32)
INT, WORD, TRUTH = Number("i", 64), Number("u", 64), Number("b", 1)


def kind_of(x: Any) -> Kind:
    """The kind of values that a numba type has. Raises Untranslatable for another."""
    if isinstance(x, types.Array) and x.layout == "C":
        entry = kind_of(x.dtype)
        if isinstance(entry, Number):
            return ArrayOf(entry, x.ndim)
    if isinstance(x, Vector):
        entry = kind_of(x.dtype)
        assert isinstance(entry, Number)
        return Lanes(entry, x.count)
    if isinstance(x, types.BaseTuple):
        each: Any = x  # numba's tuples yield the types of their parts
        return Several(tuple(map(kind_of, each)))
    if isinstance(x, types.Boolean):
        return TRUTH
    if isinstance(x, types.Integer):
        bits = np.dtype(x.name)
        return Number(bits.kind, 8 * bits.itemsize)
    if isinstance(x, types.Float):
        return Number("f", x.bitwidth)
    raise Untranslatable(f"a value of type {x}")


def numba_of(x: Kind) -> Any:
    """Numba's type for a kind."""
    if isinstance(x, ArrayOf):
        return types.Array(numba_of(x.entry), x.axes, "C")
    if isinstance(x, Several):
        return types.Tuple([numba_of(k) for k in x.kinds])
    if isinstance(x, Lanes):
        return Vector(numba_of(x.entry), x.count)
    if x == TRUTH:
        return types.boolean
    return getattr(types, {"f": "float", "i": "int", "u": "uint"}[x.letter] + str(x.bits))


def code_of(x: Number | Lanes) -> Any:
    """LLVM's type for a number, or a register of them, as it is computed with."""
    if isinstance(x, Lanes):
        return ir.VectorType(code_of(x.entry), x.count)
    if x.real:
        return ir.FloatType() if x.bits == 32 else ir.DoubleType()
    return ir.IntType(x.bits)


def stored(x: Number) -> Any:
    """LLVM's type for a number as it lies in an array."""
    return ir.IntType(8) if x == TRUTH else code_of(x)


def unified(a: Kind, b: Kind) -> Kind:
    """The kind of a variable that is given values of both."""
    if a == b:
        return a
    if isinstance(a, Several) and isinstance(b, Several) and len(a.kinds) == len(b.kinds):
        return Several(tuple(unified(x, y) for x, y in zip(a.kinds, b.kinds, strict=True)))
    if not (isinstance(a, Number) and isinstance(b, Number)):
        raise Untranslatable("a variable of two kinds")
    if a == TRUTH or b == TRUTH:
        return b if a == TRUTH else a
    if a.real or b.real:
        return _real(a, b)
    if a.letter == b.letter:
        return max(a, b, key=lambda x: x.bits)
    signed, other = (a, b) if a.signed else (b, a)
    if other.bits < signed.bits:
        return signed
    if other.bits < 64:
        return INT
    return DOUBLE


def combined(a: Kind, b: Kind) -> Number:
    """The kind of a sum, difference or product."""
    if not (isinstance(a, Number) and isinstance(b, Number)):
        raise Untranslatable("an operation of arrays")
    a, b = (INT if x == TRUTH else x for x in (a, b))
    if a.real or b.real:
        return _real(a, b)
    if a.letter == b.letter:
        return Number(a.letter, 64)
    return INT


def _real(a: Number, b: Number) -> Number:
    """A double, unless both fit in a number of 32 bits."""
    fits = (x == SINGLE or (not x.real and x.bits <= 16) for x in (a, b))
    return SINGLE if all(fits) else DOUBLE
