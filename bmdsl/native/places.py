"""Variables and arrays of a translated function: where they lie, views of them, their entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from .kinds import ArrayOf, Kind, Number, Several, code_of, stored
from .layouts import value_type

INT64 = ir.IntType(64)
SMALL = 1024
"""Bytes up to which an array of a known length lies on the stack."""


@dataclass(frozen=True)
class Array:
    """An array's kind, the address of its first entry and its lengths."""

    kind: ArrayOf
    data: Any
    lengths: tuple[Any, ...]


def kind_of_value(x: Any) -> Kind:
    """The kind of a value: of an array, of a number with its code, of a list of values."""
    if isinstance(x, list):
        return Several(tuple(map(kind_of_value, x)))
    kind: Kind = x.kind if isinstance(x, Array) else x[0]
    return kind


def parts_of(x: Any) -> list[Any]:
    """The codes that a value is made of, one after another."""
    if isinstance(x, list):
        return [part for y in x for part in parts_of(y)]
    return [x.data, *x.lengths] if isinstance(x, Array) else [x[1]]


def made_of(kind: Kind, parts: Iterator[Any]) -> Any:
    """The value of a kind that these codes make."""
    if isinstance(kind, Several):
        return [made_of(k, parts) for k in kind.kinds]
    if isinstance(kind, ArrayOf):
        return Array(kind, next(parts), tuple(next(parts) for _ in range(kind.axes)))
    return kind, next(parts)


@dataclass
class Slot:
    """Where a variable lies, and how deep in loops and branches it came to be."""

    kind: Kind
    places: tuple[Any, ...]
    depth: tuple[int, ...]
    key: tuple[str, int]
    """Its name, and the how manieth of that name it is."""


class Memory:
    """Adds code for arrays where a builder stands; places are taken before all else."""

    def __init__(self, builder: Any, rooms: Any) -> None:
        self.b, self.rooms = builder, rooms
        self.owned: list[Any] = []
        """Where the addresses of arrays from the heap lie, to be freed at the end."""

    def room(self, kind: Kind) -> tuple[Any, ...]:
        """Places for a variable of this kind."""
        if isinstance(kind, ArrayOf):
            pointer = self.rooms.alloca(stored(kind.entry).as_pointer())
            return (pointer, *(self.rooms.alloca(INT64) for _ in range(kind.axes)))
        if isinstance(kind, Several):
            return tuple(place for k in kind.kinds for place in self.room(k))
        return (self.rooms.alloca(code_of(kind)),)

    def keep(self, places: tuple[Any, ...], value: Any) -> None:
        """Stores a value."""
        for part, place in zip(parts_of(value), places, strict=True):
            self.b.store(part, place)

    def found(self, slot: Slot) -> Any:
        """What a variable holds."""
        return made_of(slot.kind, iter([self.b.load(x) for x in slot.places]))

    def taken(self, kind: Kind, code: Any) -> Any:
        """A value from what functions take one as."""
        b = self.b
        if isinstance(kind, ArrayOf):
            lengths = tuple(b.extract_value(code, (5, k)) for k in range(kind.axes))
            return Array(kind, b.extract_value(code, 4), lengths)
        if isinstance(kind, Several):
            return [self.taken(k, b.extract_value(code, j)) for j, k in enumerate(kind.kinds)]
        return kind, code

    def given(self, x: Any) -> Any:
        """A value as functions take it."""
        if isinstance(x, Array):
            return self._given_array(x)
        if not isinstance(x, list):
            return x[1]
        value = ir.Constant(value_type(kind_of_value(x)), ir.Undefined)
        for k, part in enumerate(x):
            value = self.b.insert_value(value, self.given(part), k)
        return value

    def _given_array(self, x: Array) -> Any:
        b = self.b
        value = ir.Constant(value_type(x.kind), None)
        step: Any = INT64(bytes_of(x.kind.entry))
        value = b.insert_value(value, step, 3)
        value = b.insert_value(value, x.data, 4)
        count: Any = INT64(1)
        for k, length in enumerate(x.lengths):
            value = b.insert_value(value, length, (5, k))
            count = b.mul(count, length)
        value = b.insert_value(value, count, 2)
        for k in reversed(range(x.kind.axes)):
            value = b.insert_value(value, step, (6, k))
            step = b.mul(step, x.lengths[k])
        return value

    def at(self, x: Array, indices: list[Any]) -> Array:
        """x[i, ...]: the part that these first indices choose."""
        b, place = self.b, INT64(0)
        for k, index in enumerate(indices):
            place = b.add(b.mul(place, x.lengths[k]), index) if k else index
        rest = x.lengths[len(indices) :]
        for length in rest:
            place = b.mul(place, length)
        data = b.gep(x.data, [place]) if indices else x.data
        return Array(ArrayOf(x.kind.entry, len(rest)), data, rest)

    def between(self, x: Array, first: Any, last: Any) -> Array:
        """x[first:last]."""
        b = self.b
        some = b.sub(last, first)
        some = b.select(b.icmp_signed("<", some, INT64(0)), INT64(0), some)
        step = first
        for length in x.lengths[1:]:
            step = b.mul(step, length)
        return Array(x.kind, b.gep(x.data, [step]), (some, *x.lengths[1:]))

    def load(self, x: Array) -> Any:
        """The number that an array without axes is."""
        value = self.b.load(x.data)
        return self.b.trunc(value, ir.IntType(1)) if x.kind.entry.letter == "b" else value

    def store(self, x: Array, value: Any) -> None:
        """Puts a number into an array without axes."""
        if x.kind.entry.letter == "b":
            value = self.b.zext(value, ir.IntType(8))
        self.b.store(value, x.data)

    def count(self, x: Array) -> Any:
        """How many entries an array has."""
        out: Any = INT64(1)
        for length in x.lengths:
            out = self.b.mul(out, length)
        return out

    def new(self, kind: ArrayOf, lengths: tuple[Any, ...], zero: bool) -> Array:
        """A new array: on the stack if it is small, else from the heap."""
        b, code = self.b, stored(kind.entry)
        known = [x.constant for x in lengths if isinstance(x, ir.Constant)]
        entries = 1
        for n in known:
            entries *= n
        if len(known) == len(lengths) and 0 < entries * bytes_of(kind.entry) <= SMALL:
            data = self.rooms.alloca(code, INT64(entries))
            data.align = 64
            if zero:
                cgutils.memset(b, data, INT64(entries * bytes_of(kind.entry)), 0)
            return Array(kind, data, lengths)
        byte = ir.IntType(8).as_pointer()
        nothing = ir.Constant(byte, None)
        room, owner = self.rooms.alloca(ir.ArrayType(ir.IntType(8), SMALL)), self.rooms.alloca(byte)
        room.align = 64
        self.rooms.store(nothing, owner)
        self.owned.append(owner)
        self.release(owner)
        b.store(nothing, owner)
        size = b.mul(self.count(Array(kind, None, lengths)), INT64(bytes_of(kind.entry)))
        size = b.and_(b.add(size, INT64(127)), INT64(-64))  # one more line: none is empty
        shape = ir.FunctionType(byte, [INT64, INT64])
        near = b.bitcast(room, byte)
        begun, large, made = b.block, b.append_basic_block("large"), b.append_basic_block("made")
        b.cbranch(b.icmp_unsigned("<=", size, INT64(SMALL)), made, large)
        b.position_at_end(large)
        got = b.call(
            cgutils.get_or_insert_function(b.module, shape, "aligned_alloc"), [INT64(64), size]
        )
        b.store(got, owner)
        b.branch(made)
        b.position_at_end(made)
        data = b.phi(byte)
        data.add_incoming(near, begun)
        data.add_incoming(got, large)
        if zero:
            cgutils.memset(b, data, size, 0)
        return Array(kind, b.bitcast(data, code.as_pointer()), lengths)

    def release(self, owner: Any) -> None:
        """Frees what a place holds the address of."""
        byte = ir.IntType(8).as_pointer()
        free = cgutils.get_or_insert_function(
            self.b.module, ir.FunctionType(ir.VoidType(), [byte]), "free"
        )
        self.b.call(free, [self.b.load(owner)])


def bytes_of(x: Number) -> int:
    """Bytes that a number takes in an array."""
    return max(x.bits // 8, 1)
