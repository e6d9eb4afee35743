"""A function's statements, one after another, as LLVM's language.

The same text that Python runs and that numba would compile. A variable has the kind of what it is
first given; a later value of another kind, given at the same depth of loops and branches, begins a
new variable of that name, and one given further in widens it from the start: the translation then
begins again.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target

from .calls import CASTS, Calls
from .expressions import Loop, number
from .kinds import INT, ArrayOf, Kind, Number, Several, Untranslatable, numba_of, unified
from .numbers import Arithmetic
from .places import INT64, Array, Memory, Slot
from .text import Text, text_of

RETURNED = ("return", -1)
"""Stands for what a function returns among its variables."""


class Widened(Exception):
    """A variable, or what a function returns, is of a wider kind than the translation supposed."""

    def __init__(self, key: tuple[str, int], kind: Kind) -> None:
        self.key, self.kind = key, kind


TYPES = {kind: made for made, kind in CASTS.items() if issubclass(made, np.generic)}
"""NumPy's type of each kind of number."""
SHARE = "bm_share"
"""The symbol of what has every thread call a function at an address: `bmdsl.kernels.sharing`."""
FRAME = "code", "first", "rooms", "b", "memory", "numbers", "loops", "end", "start", "slots"
"""What belongs to the function whose code is being added."""


@dataclass
class Called:
    """A function that translated text calls, in the same module."""

    code: Any
    returns: Kind | None


@dataclass
class _Settled:
    """What a first translation found of a function: its widened variables, what it returns."""

    widened: dict[tuple[str, int], Kind]
    returns: Kind | None


class Module:
    """The functions of one LLVM module: the first, and those that it calls."""

    def __init__(self, settled: dict[Any, _Settled] | None = None) -> None:
        self.module = ir.Module()
        self._tries = settled is not None
        self._settled = {} if settled is None else settled
        self._made: dict[Any, Called] = {}

    def function(self, text: Text, kinds: tuple[Kind, ...], name: str) -> Called:
        """The function for arguments of these kinds. Raises Untranslatable."""
        known = self._settle(text, kinds)
        made = _Function(self, text, kinds, name, known.widened, known.returns)
        return Called(made.code, known.returns)

    def of(self, function: Dispatcher, kinds: tuple[Kind, ...]) -> Called:
        """A function that another one calls: made once for these kinds."""
        key = function.py_func, kinds
        if key not in self._made:
            text = text_of(function.py_func, function.targetoptions.get("fastmath", False))
            name = f"{text.name}.{len(self._made)}"
            if self._tries:
                self._made[key] = self._declared(text, kinds, name)
            else:
                self._made[key] = self.function(text, kinds, name)
                self._made[key].code.linkage = "internal"
        return self._made[key]

    def _declared(self, text: Text, kinds: tuple[Kind, ...], name: str) -> Called:
        returns = self._settle(text, kinds).returns
        return Called(ir.Function(self.module, _shape(kinds, returns), name), returns)

    def _settle(self, text: Text, kinds: tuple[Kind, ...]) -> _Settled:
        """Translates a function until the kinds of its variables agree, each function once."""
        key = id(text), kinds
        if key not in self._settled:
            found = _Settled({}, None)
            while True:
                try:
                    _Function(
                        Module(self._settled), text, kinds, "try", found.widened, found.returns
                    )
                except Widened as wider:
                    if wider.key == RETURNED:
                        found.returns = wider.kind
                    else:
                        found.widened[wider.key] = wider.kind
                    continue
                break
            self._settled[key] = found
        return self._settled[key]


def _shape(kinds: tuple[Kind, ...], returns: Kind | None) -> Any:
    """LLVM's type of a function."""
    context = cpu_target.target_context
    takes = [context.get_value_type(numba_of(x)) for x in kinds]
    out = ir.VoidType() if returns is None else context.get_value_type(numba_of(returns))
    return ir.FunctionType(out, takes)


class _Function(Calls):
    """The translation of one function."""

    def __init__(
        self,
        module: Module,
        text: Text,
        kinds: tuple[Kind, ...],
        name: str,
        widened: Mapping[tuple[str, int], Kind],
        returns: Kind | None,
    ) -> None:
        if len(kinds) != len(text.arguments):
            raise Untranslatable(f"{len(kinds)} arguments for {text.name}")
        self.module, self.text, self.widened, self.returns = module, text, widened, returns
        shape = _shape(kinds, returns)
        self.slots: dict[str, Slot] = {}
        self.types: dict[str, Any] = {}
        self._begin(ir.Function(module.module, shape, name))
        self.versions: dict[str, int] = {}
        self.depth: tuple[int, ...] = ()
        self.blocks = 0
        self.made: set[str] = set()
        """Names of arrays from the heap."""
        self.back = self.memory.room(returns) if returns is not None else ()
        for word, kind, given in zip(text.arguments, kinds, self.code.args, strict=True):
            if isinstance(kind, ArrayOf):
                self._set(word, kind, self.memory.of_numba(kind, given))
            elif isinstance(kind, Number):
                self._set(word, kind, given)
            else:
                raise Untranslatable("several numbers as one argument")
        self._carry_out(text.body)
        self._close()
        if returns is None:
            self.b.ret_void()
        else:
            self._give_back(returns, shape.return_type)

    def _begin(self, code: Any) -> None:
        """Goes on in another function of the module, whose code is still to come."""
        self.code = code
        self.first = code.append_basic_block("first")
        self.rooms, self.b = ir.IRBuilder(self.first), ir.IRBuilder(self.first)
        self.memory = Memory(self.b, self.rooms)
        self.numbers = Arithmetic(self.b, self.text.flags)
        self.loops: list[Loop] = []
        self.end = code.append_basic_block("end")
        self.start = code.append_basic_block("body")
        self.b.position_at_end(self.start)

    def _close(self) -> None:
        """Ends the function that `_begin` began, but for what it returns."""
        if not self.b.block.is_terminated:
            self.b.branch(self.end)
        ir.IRBuilder(self.first).branch(self.start)
        self.b.position_at_end(self.end)
        for owner in self.memory.owned:
            self.memory.release(owner)

    def _give_back(self, returns: Kind, out: Any) -> None:
        if isinstance(returns, Several):
            value = ir.Constant(out, ir.Undefined)
            for k, place in enumerate(self.back):
                value = self.b.insert_value(value, self.b.load(place), k)
            self.b.ret(value)
        else:
            self.b.ret(self.b.load(self.back[0]))

    def called(self, function: Dispatcher, kinds: tuple[Kind, ...]) -> tuple[Any, Kind | None]:
        """The code of a function that the text calls, and what it returns."""
        found = self.module.of(function, kinds)
        return found.code, found.returns

    def inline(self, text: Text, given: list[Any]) -> Array:
        """The array that a text ends with, its statements carried out here: the array is this
        function's then, which frees it.
        """
        outside, before = (self.slots, self.text, self.numbers), self._inside()
        self.slots, self.text = {}, text
        self.numbers = Arithmetic(self.b, text.flags)
        for word, value in zip(text.arguments, given, strict=True):
            kind, code = (value.kind, value) if isinstance(value, Array) else value
            self._set(word, kind, code)
        self._carry_out(text.body[:-1])
        last = text.body[-1]
        assert isinstance(last, ast.Return) and last.value is not None
        made = self._array(last.value)
        self.slots, self.text, self.numbers = outside
        self.depth = before
        return made

    def _carry_out(self, body: Sequence[ast.stmt]) -> None:
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
            parts = self._several(value) if isinstance(value, ast.Tuple) else [self._value(value)]
            kinds = tuple(number(p)[0] for p in parts)
            kind: Kind = Several(kinds) if isinstance(value, ast.Tuple) else kinds[0]
            wide = unified(kind, self.returns or kind)
            if wide != self.returns:
                raise Widened(RETURNED, wide)
            wanted = self.returns.kinds if isinstance(self.returns, Several) else (self.returns,)
            for part, k, place in zip(parts, wanted, self.back, strict=True):
                self.b.store(self.numbers.as_kind(number(part), k), place)
        self.b.branch(self.end)

    def _assign(self, target: ast.expr, value: Any, text: ast.expr | None = None) -> None:
        match target:
            case ast.Name(name):
                if isinstance(text, ast.Name) and text.id in self.made:
                    raise Untranslatable("a second name for a new array")
                kind, code = (value.kind, value) if isinstance(value, Array) else value
                self._set(name, kind, code)
                if isinstance(text, ast.Call) and isinstance(value, Array):
                    self.made.add(name)
            case ast.Subscript(whole, index):
                self.put(self._part(self._array(whole), index), value)
            case _:
                raise Untranslatable(ast.unparse(target))

    def _set(self, name: str, kind: Kind, code: Any) -> None:
        slot = self.slots.get(name)
        if slot is None or (kind != slot.kind and slot.depth == self.depth):
            number = self.versions[name] = self.versions.get(name, -1) + 1
            key = name, number
            wide = unified(kind, self.widened.get(key, kind))
            slot = Slot(wide, self.memory.room(wide), self.depth, key)
            self.slots[name] = slot
        elif kind != slot.kind:
            wide = unified(kind, slot.kind)
            if wide != slot.kind:
                raise Widened(slot.key, wide)
        if isinstance(slot.kind, Number):
            code = self.numbers.as_kind((kind, code), slot.kind)  # type: ignore[arg-type]  # a number too
        self.memory.keep(slot.places, code)

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

    def _inside(self) -> tuple[int, ...]:
        """Goes one deeper; returns the depth to come back to."""
        before = self.depth
        self.blocks += 1
        self.depth = (*before, self.blocks)
        return before

    def _share(self, target: ast.Name, limits: list[ast.expr], body: list[ast.stmt]) -> None:
        """A loop whose turns threads share: a function of its own, which each of them calls as one
        part of so many.

        It has copies of the variables outside that it reads; those that it gives values are its
        own.
        """
        own = {target.id} | {
            x.id
            for y in body
            for x in ast.walk(y)
            if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
        }
        if len(limits) != 1 or any(isinstance(y, ast.Return) for x in body for y in ast.walk(x)):
            raise Untranslatable("a shared loop of another form")
        if _summed(body) & set(self.slots):
            raise Untranslatable("a sum over a shared loop")
        count = self.rooms.alloca(INT64)
        self.b.store(self._index(limits[0]), count)
        read = {n: slot for n, slot in self.slots.items() if n not in own}
        places = [count, *(place for slot in read.values() for place in slot.places)]
        byte = ir.IntType(8).as_pointer()
        packed = self.rooms.alloca(ir.ArrayType(byte, len(places)))
        for k, place in enumerate(places):
            self.b.store(self.b.bitcast(place, byte), self.b.gep(packed, [INT64(0), INT64(k)]))
        shape = ir.FunctionType(ir.VoidType(), [INT64] * 3)
        part = ir.Function(self.module.module, shape, f"{self.code.name}.part{self.blocks}")
        part.linkage = "internal"
        outside, before = {k: vars(self)[k] for k in FRAME}, self._inside()
        self._begin(part)
        given = self.b.inttoptr(part.args[0], packed.type)
        found = iter(
            self.b.load(
                self.b.bitcast(self.b.load(self.b.gep(given, [INT64(0), INT64(k)])), place.type)
            )
            for k, place in enumerate(places)
        )
        turns = next(found)
        self.slots = {}
        for name, slot in read.items():
            kept = self.memory.room(slot.kind)
            for place in kept:
                self.b.store(next(found), place)
            self.slots[name] = Slot(slot.kind, kept, slot.depth, slot.key)
        first, last = (
            self.b.sdiv(self.b.mul(turns, k), part.args[2])
            for k in (part.args[1], self.b.add(part.args[1], INT64(1)))
        )
        self._turns(target, first, last, INT64(1), body)
        self._close()
        self.b.ret_void()
        vars(self).update(outside)
        self.depth = before
        shared = ir.FunctionType(ir.VoidType(), [INT64, INT64])
        called = cgutils.get_or_insert_function(self.module.module, shared, SHARE)
        self.b.call(called, [self.b.ptrtoint(part, INT64), self.b.ptrtoint(packed, INT64)])

    def _repeat(
        self, target: ast.expr, limits: list[ast.expr], body: list[ast.stmt], is_shared: bool
    ) -> None:
        if not isinstance(target, ast.Name):
            raise Untranslatable("a loop over more than a number")
        if is_shared and self.text.shared:
            self._share(target, limits, body)
            return
        ends = [self._index(x) for x in limits]
        first, last = (INT64(0), ends[0]) if len(ends) == 1 else ends[:2]
        step = ends[2] if len(ends) == 3 else INT64(1)
        before = self._inside()
        self._turns(target, first, last, step, body)
        self.depth = before

    def _turns(
        self, target: ast.Name, first: Any, last: Any, step: Any, body: list[ast.stmt]
    ) -> None:
        def inside(k: Any) -> None:
            self._set(target.id, INT, k)
            self._carry_out(body)

        self.count(first, last, step, inside)

    def _one_by_one(self, target: ast.expr, values: list[Any], body: list[ast.stmt]) -> None:
        """A loop over values that are written out."""
        after = self.code.append_basic_block("after")
        for value in values:
            again, before = self.code.append_basic_block("again"), self._inside()
            self.loops.append(Loop(again, after))
            self._assign(target, value)
            self._carry_out(body)
            self.loops.pop()
            self.depth = before
            if not self.b.block.is_terminated:
                self.b.branch(again)
            self.b.position_at_end(again)
        self.b.branch(after)
        self.b.position_at_end(after)

    def _while(self, test: ast.expr, body: list[ast.stmt]) -> None:
        again, inside, after = (
            self.code.append_basic_block(n) for n in ("again", "inside", "after")
        )
        before = self._inside()
        self.b.branch(again)
        self.b.position_at_end(again)
        truth = self._truth(test)
        self.b.cbranch(truth, inside, after)
        self.b.position_at_end(inside)
        self.loops.append(Loop(again, after))
        self._carry_out(body)
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
            before = self._inside()
            self._carry_out(statements)
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


def _summed(body: list[ast.stmt]) -> set[str]:
    """Variables that statements change and never set."""
    inside = [y for x in body for y in ast.walk(x)]
    targets = [t for y in inside if isinstance(y, ast.Assign) for t in y.targets]
    targets += [y.target for y in inside if isinstance(y, ast.For)]
    put = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    changed = (y.target for y in inside if isinstance(y, ast.AugAssign))
    return {t.id for t in changed if isinstance(t, ast.Name)} - put
