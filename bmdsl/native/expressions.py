"""Values in a function's text: numbers and arrays, by names, operations, indices and conditions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from .kinds import (
    INT,
    TRUTH,
    WORD,
    ArrayOf,
    Kind,
    Number,
    Several,
    Untranslatable,
    code_of,
    unified,
)
from .numbers import Arithmetic, constant
from .places import INT64, Array, Memory, Slot, bytes_of, kind_of_value, made_of, parts_of
from .text import Text

COMPARISONS: Mapping[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass
class Loop:
    """Where `continue` and `break` go."""

    again: Any
    after: Any


class Expressions:
    """Adds the code of expressions where its builder stands."""

    b: Any
    code: Any
    rooms: Any
    text: Text
    memory: Memory
    numbers: Arithmetic
    slots: dict[str, Slot]
    types: dict[str, Any]
    """Variables that stand for a type of numbers."""
    loops: list[Loop]

    def call(self, x: ast.Call) -> Any:
        """A call's number, Array, several of them, or None."""
        raise NotImplementedError

    def object_of(self, x: ast.expr) -> Any:
        """What a name of the module, or of one that it imports, stands for; None if nothing."""
        raise NotImplementedError

    def _number(self, x: ast.expr) -> tuple[Number, Any]:
        return number(self._value(x))

    def _truth(self, x: ast.expr) -> Any:
        return self.numbers.truth(self._number(x))

    def _index(self, x: ast.expr) -> Any:
        kind, code = self._number(x)
        if kind.real:
            raise Untranslatable("an index that is no integer")
        return self.numbers.as_kind((kind, code), INT)

    def _array(self, x: ast.expr) -> Array:
        found = self._value(x)
        if not isinstance(found, Array):
            raise Untranslatable(f"no array: {ast.unparse(x)}")
        return found

    def _several(self, x: ast.expr) -> list[Any]:
        """The values that are unpacked into several names."""
        match x:
            case ast.Tuple(values):
                return [self._value(v) for v in values]
            case ast.Attribute(whole, "shape"):
                return [(INT, n) for n in self._array(whole).lengths]
        found = self._value(x)
        if isinstance(found, list):
            return found
        raise Untranslatable(ast.unparse(x))

    def _value(self, x: ast.expr) -> Any:
        """A number or a register with its kind, an Array, or a list of values."""
        match x:
            case ast.Constant(bool() | int() | float() as value):
                return constant(value)
            case ast.Name(name):
                return self._named(name)
            case ast.UnaryOp(ast.USub(), operand):
                return self.numbers.negative(self._number(operand))
            case ast.UnaryOp(ast.Not(), operand):
                return TRUTH, self.b.not_(self._truth(operand))
            case ast.UnaryOp(ast.Invert(), operand):
                return self.numbers.inverted(self._number(operand))
            case ast.Tuple(values):
                return [self._value(v) for v in values]
            case ast.BinOp(left, operator, right):
                return self.numbers.combine(operator, self._number(left), self._number(right))
            case ast.Compare(left, signs, others):
                return self._compared(left, signs, others)
            case ast.BoolOp(operator, values):
                return self._all_or_any(isinstance(operator, ast.And), values)
            case ast.IfExp(test, body, other):
                return self._either(test, body, other)
            case ast.Subscript(ast.Attribute(whole, "shape"), ast.Constant(int() as axis)):
                return INT, self._array(whole).lengths[axis]
            case ast.Subscript(whole, index):
                found = self._value(whole)
                if isinstance(found, list):
                    return found[self._known_index(index)]
                if not isinstance(found, Array):
                    raise Untranslatable(f"no array: {ast.unparse(whole)}")
                part = self._part(found, index)
                return part if part.lengths else (part.kind.entry, self.memory.load(part))
            case ast.Attribute(whole, "size"):
                return INT, self.memory.count(self._array(whole))
            case ast.Attribute(whole, "itemsize"):
                return INT, INT64(bytes_of(self._array(whole).kind.entry))
            case ast.Attribute(ast.Attribute(whole, "ctypes"), "data"):
                return WORD, self.b.ptrtoint(self._array(whole).data, INT64)
            case ast.Call():
                found = self.call(x)
                if found is None:
                    raise Untranslatable(f"no value: {ast.unparse(x)}")
                return found
            case ast.Attribute():
                return self._given(self.object_of(x))
        raise Untranslatable(ast.unparse(x))

    def _named(self, name: str) -> Any:
        if name in self.slots:
            return self.memory.found(self.slots[name])
        if name not in self.text.names:
            raise Untranslatable(f"a name `{name}` that has no value")
        return self._given(self.text.names[name])

    def _given(self, x: Any) -> Any:
        """A number among the names of the module."""
        if isinstance(x, bool | int | float | np.generic):
            return constant(x)
        if isinstance(x, np.ndarray) and x.dtype.kind in "fiu" and x.size:
            return self._table(x)
        raise Untranslatable(f"a name for {type(x).__name__}")

    def _table(self, x: np.ndarray) -> Array:
        """An array of the module's, with the numbers that it has now."""
        kind = Number(x.dtype.kind, 8 * x.dtype.itemsize)
        code = ir.ArrayType(code_of(kind), x.size)
        numbers = [float(v) if kind.real else int(v) for v in x.ravel()]
        module = self.b.module
        place = ir.GlobalVariable(module, code, f"table.{len(module.globals)}")
        place.linkage, place.global_constant = "internal", True
        place.initializer = ir.Constant(code, numbers)
        data = self.b.bitcast(place, code_of(kind).as_pointer())
        return Array(ArrayOf(kind, x.ndim), data, tuple(INT64(n) for n in x.shape))

    def _compared(
        self, left: ast.expr, signs: list[ast.cmpop], others: list[ast.expr]
    ) -> tuple[Number, Any]:
        found, first = None, self._number(left)
        for sign, other in zip(signs, others, strict=True):
            if type(sign) not in COMPARISONS:
                raise Untranslatable("a comparison of objects")
            second = self._number(other)
            holds = self.numbers.compare(COMPARISONS[type(sign)], first, second)[1]
            found = holds if found is None else self.b.and_(found, holds)
            first = second
        return TRUTH, found

    def _known_index(self, x: ast.expr) -> int:
        """Which of several values: a number that is written out."""
        kind, code = self._number(x)
        if kind.real or not isinstance(code, ir.Constant):
            raise Untranslatable("one of several values by a number that is not written out")
        return int(code.constant)

    def _all_or_any(self, every: bool, values: list[ast.expr]) -> tuple[Number, Any]:
        """`and` and `or`: the last value that had to be looked at."""
        after, found = self.code.append_basic_block("after"), []
        for k, x in enumerate(values):
            value = self._number(x)
            holds = None if k == len(values) - 1 else self.numbers.truth(value)
            on = None if holds is None else self.code.append_basic_block("on")
            found.append((value, self.b.block, holds, on))
            if on is not None:
                self.b.position_at_end(on)
        kind: Any = found[0][0][0]
        for (other, _), *_rest in found[1:]:
            kind = unified(kind, other)
        codes = []
        for value, block, holds, on in found:
            self.b.position_at_end(block)
            codes.append((self.numbers.as_kind(value, kind), block))
            if on is None:
                self.b.branch(after)
            else:
                self.b.cbranch(holds, *((on, after) if every else (after, on)))
        return kind, self._meeting(after, codes)  # type: ignore[return-value]  # a number's kind

    def _meeting(self, after: Any, codes: list[tuple[Any, Any]]) -> Any:
        """What a value is where ways meet that come from these blocks with these codes."""
        self.b.position_at_end(after)
        out = self.b.phi(codes[0][0].type)
        for code, block in codes:
            out.add_incoming(code, block)
        return out

    def as_kind(self, x: Any, kind: Kind) -> Any:
        """A value as another of this kind."""
        if isinstance(kind, Several):
            return [self.as_kind(y, k) for y, k in zip(x, kind.kinds, strict=True)]
        if isinstance(kind, Number):
            return kind, self.numbers.as_kind(number(x), kind)
        if kind_of_value(x) != kind:
            raise Untranslatable("a variable of two kinds")
        return x

    def _either(self, test: ast.expr, body: ast.expr, other: ast.expr) -> Any:
        then, otherwise, after = (
            self.code.append_basic_block(n) for n in ("then", "otherwise", "after")
        )
        self.b.cbranch(self._truth(test), then, otherwise)
        ends = []
        for block, x in ((then, body), (otherwise, other)):
            self.b.position_at_end(block)
            ends.append((self._value(x), self.b.block))
        kind = unified(kind_of_value(ends[0][0]), kind_of_value(ends[1][0]))
        if holds_arrays(kind):
            raise Untranslatable("one of two arrays")
        found = []
        for value, block in ends:
            self.b.position_at_end(block)
            found.append((parts_of(self.as_kind(value, kind)), block))
            self.b.branch(after)
        meeting = [
            self._meeting(after, [(codes[k], block) for codes, block in found])
            for k in range(len(found[0][0]))
        ]
        return made_of(kind, iter(meeting))

    def _entry(self, x: Array, indices: list[Any]) -> Any:
        return self.memory.load(self.memory.at(x, indices))

    def _part(self, x: Array, index: ast.expr) -> Array:
        """x[index], of which a slice is the first or follows numbers."""
        for each in index.elts if isinstance(index, ast.Tuple) else [index]:
            if isinstance(each, ast.Slice):
                whole = each.lower is None and each.upper is None
                if each.step is not None:
                    raise Untranslatable("a slice with a step")
                if not whole:
                    length = x.lengths[0]
                    first = self._end(each.lower, length) if each.lower else INT64(0)
                    last = self._end(each.upper, length) if each.upper else length
                    x = self.memory.between(x, first, last)
                if isinstance(index, ast.Tuple) and each is not index.elts[-1]:
                    raise Untranslatable("a column of an array")
            else:
                if not x.lengths:
                    raise Untranslatable("too many indices")
                x = self.memory.at(x, [self._from_end(each, x.lengths[0])])
        return x

    def _from_end(self, x: ast.expr, length: Any) -> Any:
        """An index; one that is written with a minus counts from the end."""
        index = self._index(x)
        if isinstance(index, ir.Constant):
            return self.b.add(index, length) if index.constant < 0 else index
        return index

    def _end(self, x: ast.expr, length: Any) -> Any:
        """An end of a slice: no further than the array goes."""
        index = self._from_end(x, length)
        return self.b.select(self.b.icmp_signed(">", index, length), length, index)

    def count(self, first: Any, last: Any, step: Any, body: Callable[[Any], None]) -> None:
        """A loop of a counter from first to last."""
        place = self.rooms.alloca(INT64)
        self.b.store(first, place)
        test, inside, again, after = (
            self.code.append_basic_block(n) for n in ("test", "inside", "again", "after")
        )
        self.b.branch(test)
        self.b.position_at_end(test)
        self.b.cbranch(self._goes_on(self.b.load(place), last, step), inside, after)
        self.b.position_at_end(inside)
        self.loops.append(Loop(again, after))
        body(self.b.load(place))
        self.loops.pop()
        if not self.b.block.is_terminated:
            self.b.branch(again)
        self.b.position_at_end(again)
        self.b.store(self.b.add(self.b.load(place), step, flags=("nsw",)), place)
        self.b.branch(test)
        self.b.position_at_end(after)

    def _goes_on(self, k: Any, last: Any, step: Any) -> Any:
        up, down = (self.b.icmp_signed(sign, k, last) for sign in "<>")
        if isinstance(step, ir.Constant):
            return up if step.constant > 0 else down
        return self.b.select(self.b.icmp_signed(">", step, INT64(0)), up, down)


def holds_arrays(kind: Kind) -> bool:
    """Whether a value is an array, or has one among its parts."""
    if isinstance(kind, Several):
        return any(map(holds_arrays, kind.kinds))
    return isinstance(kind, ArrayOf)


def number(x: Any) -> tuple[Number, Any]:
    """A value that is to be a number, or a register of them. Raises Untranslatable for an array."""
    if isinstance(x, Array | list):
        raise Untranslatable("an array where a number is wanted")
    return x  # type: ignore[no-any-return]  # what is no array is a number
