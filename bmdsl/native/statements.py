"""A function's statements: assignments, loops and conditions."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .calls import CASTS, Calls
from .expressions import Loop, holds_arrays, number
from .kinds import INT, ArrayOf, Kind, Number, Untranslatable, unified
from .places import INT64, Array, Slot, kind_of_value

RETURNED = ("return", -1)
"""Stands for what a function returns among its variables."""


class Widened(Exception):
    """A variable, or what a function returns, is of a wider kind than the translation supposed."""

    def __init__(self, key: tuple[str, int], kind: Kind) -> None:
        self.key, self.kind = key, kind


TYPES = {kind: made for made, kind in CASTS.items() if issubclass(made, np.generic)}
"""NumPy's type of each kind of number."""


class Statements(Calls):
    """Adds the code of statements where its builder stands."""

    returns: Kind | None
    widened: Mapping[tuple[str, int], Kind]
    end: Any
    back: tuple[Any, ...]
    """Where what is returned lies."""
    versions: dict[str, int]
    depth: tuple[int, ...]
    blocks: int
    made: set[str]
    """Names of arrays from the heap."""

    def share(self, target: ast.Name, limits: list[ast.expr], body: list[ast.stmt]) -> None:
        """A loop whose turns threads share."""
        raise NotImplementedError

    def carry_out(self, body: Sequence[ast.stmt]) -> None:
        """Adds statements one after another."""
        for x in body:
            if self.b.block.is_terminated:
                return
            self._statement(x)

    def _statement(self, x: ast.stmt) -> None:
        match x:
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                pass
            case ast.Expr(ast.Call() as call):
                self.call(call)
            case ast.Assign([ast.Name(name)], ast.Attribute(ast.Attribute(y, "dtype"), "type")):
                self.types[name] = TYPES[self._array(y).kind.entry]
            case ast.Assign([ast.Tuple() as targets], value):
                self._unpack(targets, self._parts(targets, value))
            case ast.Assign(targets, value):
                made = self._value(value)
                for target in targets:
                    self._assign(target, made, value)
            case ast.AugAssign(target, operator, value):
                before = self._value(_read(target))
                after = self.numbers.combine(operator, number(before), self._number(value))
                self._assign(target, after)
            case ast.For(ast.Name() as target, ast.Tuple(values), body, []):
                self._one_by_one(target, [self._value(v) for v in values], body)
            case ast.For(target, ast.Call(function, limits), body, []) if _is_range(function):
                self._repeat(target, limits, body, _is_range(function) == "prange")
            case ast.For(ast.Name() as target, values, body, []):
                self._each_entry(target, self._array(values), body)
            case ast.While(test, body, []):
                self._while(test, body)
            case ast.If(test, body, other):
                self._if(test, body, other)
            case ast.Break() if self.loops:
                self.b.branch(self.loops[-1].after)
            case ast.Continue() if self.loops:
                self.b.branch(self.loops[-1].again)
            case ast.Return(value):
                self._return(value)
            case _:
                raise Untranslatable(ast.unparse(x))

    def _parts(self, targets: ast.Tuple, value: ast.expr) -> list[Any]:
        """The values that are unpacked, lists of values where targets are tuples themselves."""
        if not isinstance(value, ast.Tuple):
            return self._several(value)
        return [
            self._parts(target, v) if isinstance(target, ast.Tuple) else self._value(v)
            for target, v in zip(targets.elts, value.elts, strict=True)
        ]

    def _unpack(self, targets: ast.Tuple, values: list[Any]) -> None:
        for target, value in zip(targets.elts, values, strict=True):
            if isinstance(target, ast.Tuple):
                self._unpack(target, value)
            else:
                self._assign(target, value)

    def _return(self, value: ast.expr | None) -> None:
        if value is not None:
            found = self._value(value)
            kind = kind_of_value(found)
            if holds_arrays(kind):
                raise Untranslatable("an array that is returned")
            wide = unified(kind, self.returns or kind)
            if wide != self.returns:
                raise Widened(RETURNED, wide)
            self.memory.keep(self.back, self.as_kind(found, wide))
        self.b.branch(self.end)

    def _assign(self, target: ast.expr, value: Any, text: ast.expr | None = None) -> None:
        match target:
            case ast.Name(name):
                if isinstance(text, ast.Name) and text.id in self.made:
                    raise Untranslatable("a second name for a new array")
                if isinstance(value, list) and self.depth and holds_arrays(kind_of_value(value)):
                    raise Untranslatable("arrays that stand together inside a loop")
                self.set(name, value)
                if isinstance(text, ast.Call) and isinstance(value, Array):
                    self.made.add(name)
            case ast.Subscript(whole, index):
                self.put(self._part(self._array(whole), index), value)
            case _:
                raise Untranslatable(ast.unparse(target))

    def set(self, name: str, value: Any) -> None:
        """Gives a variable a value."""
        kind = kind_of_value(value)
        slot = self.slots.get(name)
        if slot is None or (kind != slot.kind and self._is_new(kind, slot)):
            number = self.versions[name] = self.versions.get(name, -1) + 1
            key = name, number
            wide = unified(kind, self.widened.get(key, kind))
            slot = Slot(wide, self.memory.room(wide), self.depth, key)
            self.slots[name] = slot
        elif kind != slot.kind:
            wide = unified(kind, slot.kind)
            if wide != slot.kind:
                raise Widened(slot.key, wide)
        self.memory.keep(slot.places, self.as_kind(value, slot.kind))

    def _is_new(self, kind: Kind, slot: Slot) -> bool:
        """Whether a value of another kind begins a new variable: at the same depth, or where it
        fits no number and the old variable's loop or branch is over.
        """
        over = slot.depth != self.depth[: len(slot.depth)]
        numbers = isinstance(kind, Number) and isinstance(slot.kind, Number)
        return slot.depth == self.depth or (over and not numbers)

    def put(self, into: Array, value: Any) -> None:
        """Fills an array, or a part of one, with a number or with another's entries."""
        if not into.lengths:
            entry = self.numbers.as_kind(number(value), into.kind.entry)
            self.memory.store(into, entry)
            return
        source = value if isinstance(value, Array) else None
        if source is not None and source.kind.axes != into.kind.axes:
            raise Untranslatable("arrays of different axes")
        flat = Array(ArrayOf(into.kind.entry, 1), into.data, (self.memory.count(into),))
        given = None
        if source is not None:
            given = Array(ArrayOf(source.kind.entry, 1), source.data, flat.lengths)

        def put(k: Any) -> None:
            x = value if given is None else (given.kind.entry, self._entry(given, [k]))
            self.memory.store(self.memory.at(flat, [k]), self.numbers.as_kind(x, into.kind.entry))

        self.count(INT64(0), flat.lengths[0], INT64(1), put)

    def inside(self) -> tuple[int, ...]:
        """Goes one deeper; returns the depth to come back to."""
        before = self.depth
        self.blocks += 1
        self.depth = (*before, self.blocks)
        return before

    def _repeat(
        self, target: ast.expr, limits: list[ast.expr], body: list[ast.stmt], is_shared: bool
    ) -> None:
        if not isinstance(target, ast.Name):
            raise Untranslatable("a loop over more than a number")
        if is_shared and self.text.shared:
            self.share(target, limits, body)
            return
        ends = [self._index(x) for x in limits]
        first, last = (INT64(0), ends[0]) if len(ends) == 1 else ends[:2]
        step = ends[2] if len(ends) == 3 else INT64(1)
        before = self.inside()
        self.turns(target, first, last, step, body)
        self.depth = before

    def turns(
        self, target: ast.Name, first: Any, last: Any, step: Any, body: list[ast.stmt]
    ) -> None:
        """A loop of a variable from a first number up to a last one."""

        def inside(k: Any) -> None:
            self.set(target.id, (INT, k))
            self.carry_out(body)

        self.count(first, last, step, inside)

    def _one_by_one(self, target: ast.expr, values: list[Any], body: list[ast.stmt]) -> None:
        """A loop over values that are written out."""
        after = self.code.append_basic_block("after")
        for value in values:
            again, before = self.code.append_basic_block("again"), self.inside()
            self.loops.append(Loop(again, after))
            self._assign(target, value)
            self.carry_out(body)
            self.loops.pop()
            self.depth = before
            if not self.b.block.is_terminated:
                self.b.branch(again)
            self.b.position_at_end(again)
        self.b.branch(after)
        self.b.position_at_end(after)

    def _each_entry(self, target: ast.Name, values: Array, body: list[ast.stmt]) -> None:
        """A loop over what an array has along its first axis."""
        before = self.inside()

        def inside(k: Any) -> None:
            part = self.memory.at(values, [k])
            self.set(target.id, part if part.lengths else (part.kind.entry, self.memory.load(part)))
            self.carry_out(body)

        self.count(INT64(0), values.lengths[0], INT64(1), inside)
        self.depth = before

    def _while(self, test: ast.expr, body: list[ast.stmt]) -> None:
        again, inside, after = (
            self.code.append_basic_block(n) for n in ("again", "inside", "after")
        )
        before = self.inside()
        self.b.branch(again)
        self.b.position_at_end(again)
        truth = self._truth(test)
        self.b.cbranch(truth, inside, after)
        self.b.position_at_end(inside)
        self.loops.append(Loop(again, after))
        self.carry_out(body)
        self.loops.pop()
        if not self.b.block.is_terminated:
            self.b.branch(again)
        self.b.position_at_end(after)
        self.depth = before

    def _if(self, test: ast.expr, body: list[ast.stmt], other: list[ast.stmt]) -> None:
        then, otherwise, after = (
            self.code.append_basic_block(n) for n in ("then", "otherwise", "after")
        )
        self.b.cbranch(self._truth(test), then, otherwise)
        for block, statements in ((then, body), (otherwise, other)):
            self.b.position_at_end(block)
            before = self.inside()
            self.carry_out(statements)
            self.depth = before
            if not self.b.block.is_terminated:
                self.b.branch(after)
        self.b.position_at_end(after)


def _read(target: ast.expr) -> ast.expr:
    """The target of an assignment as what is read there."""
    return ast.parse(ast.unparse(target), mode="eval").body


def _is_range(x: ast.expr) -> str:
    """The name of a function of a loop's numbers, empty for another."""
    name = x.attr if isinstance(x, ast.Attribute) else getattr(x, "id", "")
    return name if name in ("range", "prange") else ""
