"""A printed routine as machine code: the few statements that it is made of, each as it stands.

Numba takes tens of milliseconds for every call of a routine, and more than in proportion for long
ones. Here the same text is translated line by line to LLVM's language, in time that grows with its
length alone: loops, views of arrays, numbers, and calls of compiled functions by their symbols.
Arrays are C-contiguous. A number is an integer or a double; a called function gets the type that it
declares.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from llvmlite import ir
from numba import types

from ..native.kinds import kind_of
from ..native.layouts import CONTEXT, value_type
from ..native.python_calls import DATA, LENGTHS, words_of

INT, DOUBLE = ir.IntType(64), ir.DoubleType()
WORDS = INT.as_pointer()
ENTRY = "routine"
"""The symbol of the translated function, of one argument: where its arguments lie."""


@dataclass(frozen=True)
class Array:
    """Where an array lies in memory as numba's compiled functions take it, a word each entry."""

    place: Any
    type: Any
    """Numba's type of the array."""


@dataclass
class _Lowering:
    """The translation of one text."""

    builder: Any
    rooms: Any
    """Adds places in memory, before all that is carried out."""
    called: Mapping[str, tuple[Any, Callable[..., None]]]
    """Function → its numba signature, and what adds the code of a call to it."""
    names: dict[str, Any] = field(default_factory=dict)
    """Variable → an Array, or where a number lies."""
    views: dict[tuple[str | int, ...], Any] = field(default_factory=dict)
    """Where views of arrays lie, by the variable or the argument that they are for."""
    leave: list[Any] = field(default_factory=list)
    """Where `break` goes, of the loops around."""

    def carry_out(self, body: Sequence[ast.stmt]) -> None:
        """Translates statements one after another."""
        for statement in body:
            match statement:
                case ast.Expr(ast.Constant(str())) | ast.Pass():
                    pass
                case ast.Expr(ast.Call(ast.Name(name), arguments)):
                    self._call(name, arguments)
                case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
                    for target, value in zip(targets, values, strict=True):
                        self._assign(target, value)
                case ast.Assign([target], value):
                    self._assign(target, value)
                case ast.For(ast.Name(name), ast.Call(ast.Name("range"), [count]), inside):
                    self._repeat(name, count, inside)
                case ast.If(ast.Compare(left, [ast.Eq()], [right]), [ast.Break()]):
                    self._leave_if(left, right)
                case _:
                    raise _unknown(statement)

    def _call(self, name: str, arguments: Sequence[ast.expr]) -> None:
        signature, _ = self.called[name]
        given = []
        for k, (wanted, argument) in enumerate(zip(signature.args, arguments, strict=True)):
            if isinstance(wanted, types.Array):
                given.append(self._array(argument, (k,)).place)
            else:
                given.append(self._as(self._number(argument), wanted))
        self.builder.call(self._door(name), given)
        on = self.builder.append_basic_block("on")  # LLVM's time grows with the square of a block
        self.builder.branch(on)
        self.builder.position_at_end(on)

    def _door(self, name: str) -> Any:
        """A function of where arrays lie that calls the compiled one: one a name, however often it
        is called.
        """
        module = self.builder.module
        if name in module.globals:
            return module.globals[name]
        signature, build = self.called[name]
        kinds = [value_type(kind_of(x)) for x in signature.args]
        apart = [isinstance(x, types.Array) for x in signature.args]
        takes = [WORDS if lies else kind for lies, kind in zip(apart, kinds, strict=True)]
        made = ir.Function(module, ir.FunctionType(ir.VoidType(), takes), name)
        made.linkage = "internal"
        made.attributes.add("noinline")
        b = ir.IRBuilder(made.append_basic_block())
        values = [
            b.load(b.bitcast(x, kind.as_pointer())) if lies else x
            for x, lies, kind in zip(made.args, apart, kinds, strict=True)
        ]
        build(CONTEXT, b, signature, values)
        b.ret_void()
        return made

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name(name) if self._is_array(value):
                self.names[name] = self._array(value, (name, ""))
            case ast.Name(name):
                number = self._number(value)
                place = self._room(number.type)
                self.builder.store(number, place)
                self.names[name] = place
            case ast.Subscript(ast.Name() as whole, ast.Slice(None, None, None)):
                self._fill(self._array(whole, ()), self._number(value))
            case _:
                raise _unknown(target)

    def _repeat(self, name: str, count: ast.expr, inside: Sequence[ast.stmt]) -> None:
        b, many = self.builder, self._number(count)
        place = self._room(INT)
        b.store(INT(0), place)
        test, body, after = (b.append_basic_block(n) for n in ("test", "body", "after"))
        b.branch(test)
        b.position_at_end(test)
        b.cbranch(b.icmp_signed("<", b.load(place), many), body, after)
        b.position_at_end(body)
        number = self._room(INT)
        b.store(b.load(place), number)
        self.names[name] = number
        self.leave.append(after)
        self.carry_out(inside)
        self.leave.pop()
        b.store(b.add(b.load(place), INT(1)), place)
        b.branch(test)
        b.position_at_end(after)

    def _leave_if(self, left: ast.expr, right: ast.expr) -> None:
        b, on = self.builder, self.builder.append_basic_block("on")
        same = b.icmp_signed("==", self._number(left), self._number(right))
        b.cbranch(same, self.leave[-1], on)
        b.position_at_end(on)

    def _fill(self, x: Array, number: Any) -> None:
        b, place, kind = self.builder, self._room(INT), x.type.dtype
        value = self._as(number, kind)
        b.store(INT(0), place)
        test, body, after = (b.append_basic_block(n) for n in ("test", "body", "after"))
        b.branch(test)
        b.position_at_end(test)
        b.cbranch(b.icmp_signed("<", b.load(place), self._entries(x)), body, after)
        b.position_at_end(body)
        b.store(value, b.gep(self._data(x), [b.load(place)]))
        b.store(b.add(b.load(place), INT(1)), place)
        b.branch(test)
        b.position_at_end(after)

    def _is_array(self, x: ast.expr) -> bool:
        match x:
            case ast.Name(name):
                return isinstance(self.names.get(name), Array)
            case ast.Subscript(whole, ast.Tuple([first, rest])):
                return self._is_array(_apart(whole, first, rest))
            case ast.Subscript(whole, ast.Slice()):
                return self._is_array(whole)
            case ast.Subscript(ast.Name(name)):
                found = self.names[name]
                return isinstance(found, Array) and found.type.ndim > 1
            case ast.Call(ast.Attribute(attr="reshape")):
                return True
        return False

    def _array(self, x: ast.expr, owner: tuple[str | int, ...]) -> Array:
        """The array that an expression stands for; a view of one lies where its owner's lie."""
        b = self.builder
        match x:
            case ast.Name(name) if isinstance(self.names.get(name), Array):
                return cast(Array, self.names[name])
            case ast.Subscript(whole, ast.Tuple([first, rest])):
                return self._array(_apart(whole, first, rest), owner)
            case ast.Subscript(whole, ast.Slice(lower, upper, None)):
                array = self._array(whole, owner)
                length, *others = self._lengths(array)
                first = self._within(lower, length) if lower else INT(0)
                last = self._within(upper, length) if upper else length
                some = b.sub(last, first)
                some = b.select(b.icmp_signed("<", some, INT(0)), INT(0), some)
                return self._view(array, first, [some, *others], owner)
            case ast.Subscript(whole, index):
                array = self._array(whole, owner)
                return self._view(array, self._number(index), self._lengths(array)[1:], owner)
            case ast.Call(ast.Attribute(whole, "reshape"), lengths):
                return self._reshaped(self._array(whole, owner), lengths, owner)
        raise _unknown(x)

    def _within(self, x: ast.expr, length: Any) -> Any:
        """An end of a slice: no further than the array goes."""
        number = self._number(x)
        return self.builder.select(self.builder.icmp_signed(">", number, length), length, number)

    def _view(
        self, x: Array, first: Any, lengths: Sequence[Any], owner: tuple[str | int, ...]
    ) -> Array:
        b, step = self.builder, INT(x.type.dtype.bitwidth // 8)
        for length in self._lengths(x)[1:]:
            step = b.mul(step, length)
        address = b.add(self._word(x, DATA), b.mul(first, step))
        return self._made(address, lengths, x.type, owner)

    def _made(
        self, address: Any, lengths: Sequence[Any], kind: Any, owner: tuple[str | int, ...]
    ) -> Array:
        b, size = self.builder, kind.dtype.bitwidth // 8
        steps: list[Any] = []
        step, entries = INT(size), INT(1)
        for n in reversed(lengths):
            steps.insert(0, step)
            step, entries = b.mul(step, n), b.mul(entries, n)
        words = [INT(0), INT(0), entries, INT(size), address, *lengths, *steps]
        key = (*owner, len(words))
        if key not in self.views:
            room = self.rooms.alloca(ir.ArrayType(INT, len(words)))
            self.views[key] = self.rooms.gep(room, [INT(0), INT(0)])
        place = self.views[key]
        for k, word in enumerate(words):
            b.store(word, b.gep(place, [INT(k)]))
        return Array(place, kind.copy(ndim=len(lengths)))

    def _reshaped(
        self, x: Array, lengths: Sequence[ast.expr], owner: tuple[str | int, ...]
    ) -> Array:
        b, known, open_ = self.builder, [], None
        for k, length in enumerate(lengths):
            match length:
                case ast.UnaryOp(ast.USub(), ast.Constant(1)):
                    open_ = k
                    known.append(INT(1))
                case _:
                    known.append(self._number(length))
        if open_ is not None:
            rest = INT(1)
            for n in known:
                rest = b.mul(rest, n)
            none = b.icmp_signed("==", rest, INT(0))
            whole = b.sdiv(self._entries(x), b.select(none, INT(1), rest))
            known[open_] = b.select(none, INT(0), whole)
        return self._made(self._word(x, DATA), known, x.type, owner)

    def _number(self, x: ast.expr) -> Any:
        b = self.builder
        match x:
            case ast.Constant(bool() | int() as value):
                return INT(int(value))
            case ast.Constant(float() as value):
                return DOUBLE(value)
            case ast.Name(name) if not isinstance(self.names.get(name, x), Array | ast.Name):
                return b.load(self.names[name])
            case ast.UnaryOp(ast.USub(), operand):
                value = self._number(operand)
                return b.neg(value) if value.type == INT else b.fneg(value)
            case ast.BinOp(left, operator, right):
                return self._combined(operator, self._number(left), self._number(right))
            case ast.Call(ast.Name("max" | "min" as name), [left, right]):
                return self._end_of(name, self._number(left), self._number(right))
            case ast.Subscript(ast.Attribute(whole, "shape"), ast.Constant(int() as axis)):
                return self._lengths(self._array(whole, ()))[axis]
            case ast.Subscript(ast.Name() as whole, index):
                return self._entry(self._array(whole, ()), self._number(index))
        raise _unknown(x)

    def _entry(self, x: Array, index: Any) -> Any:
        b = self.builder
        value = b.load(b.gep(self._data(x), [index]))
        if isinstance(x.type.dtype, types.Integer):
            return value if value.type == INT else b.sext(value, INT)
        return value if value.type == DOUBLE else b.fpext(value, DOUBLE)

    def _combined(self, operator: ast.operator, left: Any, right: Any) -> Any:
        b, name = self.builder, type(operator).__name__
        if left.type == right.type == INT and name != "Div":
            if name == "Mod":
                return b.srem(b.add(b.srem(left, right), right), right)
            return {"Add": b.add, "Sub": b.sub, "Mult": b.mul}[name](left, right)
        left, right = (x if x.type == DOUBLE else b.sitofp(x, DOUBLE) for x in (left, right))
        return {"Add": b.fadd, "Sub": b.fsub, "Mult": b.fmul, "Div": b.fdiv}[name](left, right)

    def _end_of(self, name: str, left: Any, right: Any) -> Any:
        """The larger or the smaller of two integers."""
        if left.type != INT or right.type != INT:
            raise TypeError(f"`{name}` of numbers that are no integers")
        order = self.builder.icmp_signed(">" if name == "max" else "<", left, right)
        return self.builder.select(order, left, right)

    def _as(self, x: Any, wanted: Any) -> Any:
        """A number as a called function takes it."""
        b, kind = self.builder, value_type(kind_of(wanted))
        if isinstance(wanted, types.Integer):
            return x if x.type == kind else b.trunc(x, kind)
        real = b.sitofp(x, DOUBLE) if x.type == INT else x
        return real if kind == DOUBLE else b.fptrunc(real, kind)

    def _word(self, x: Array, k: int) -> Any:
        return self.builder.load(self.builder.gep(x.place, [INT(k)]))

    def _lengths(self, x: Array) -> list[Any]:
        return [self._word(x, LENGTHS + k) for k in range(x.type.ndim)]

    def _entries(self, x: Array) -> Any:
        return self._word(x, 2)

    def _data(self, x: Array) -> Any:
        kind = CONTEXT.get_data_type(x.type.dtype)
        return self.builder.inttoptr(self._word(x, DATA), kind.as_pointer())

    def _room(self, kind: Any) -> Any:
        """A place for a number, the same in every turn of a loop."""
        return self.rooms.alloca(kind)


def _apart(whole: ast.expr, first: ast.expr, rest: ast.expr) -> ast.expr:
    """x[first, rest] as x[first][rest], for a first index that is a number."""
    if isinstance(first, ast.Slice):
        raise _unknown(first)
    return ast.Subscript(ast.Subscript(whole, first, ast.Load()), rest, ast.Load())


def _unknown(x: ast.AST) -> TypeError:
    return TypeError(f"no statement of a routine: {ast.unparse(x)}")


def lowered(
    source: str,
    arguments: Sequence[Any],
    called: Mapping[str, tuple[Any, Callable[..., None]]],
) -> str:
    """A printed function as LLVM's text: `ENTRY`, of the address of its arguments' words.

    `arguments`: their numba types, in order; a number takes a word, an array what numba has of one.
    Raises TypeError if a statement is none of those that routines are made of.
    """
    tree = ast.parse(source)
    constants = [x for x in tree.body if isinstance(x, ast.Assign)]
    function = next(x for x in tree.body if isinstance(x, ast.FunctionDef))
    module = ir.Module(name=function.name)
    entry = ir.Function(module, ir.FunctionType(ir.VoidType(), [INT]), ENTRY)
    builder = ir.IRBuilder(entry.append_basic_block("entry"))
    rooms = ir.IRBuilder(entry.append_basic_block("rooms"))
    made = _Lowering(builder, rooms, called)
    words = builder.inttoptr(entry.args[0], WORDS)
    place = 0
    for argument, kind in zip(function.args.args, arguments, strict=True):
        at = builder.gep(words, [INT(place)])
        if isinstance(kind, types.Array):
            made.names[argument.arg] = Array(at, kind)
        else:
            number = INT if isinstance(kind, types.Integer) else DOUBLE
            made.names[argument.arg] = builder.bitcast(at, number.as_pointer())
        place += words_of(kind)
    body = builder.append_basic_block("first")
    builder.branch(rooms.block)
    builder.position_at_end(body)
    made.carry_out(constants)
    made.carry_out(function.body)
    builder.ret_void()
    rooms.branch(body)
    return str(module)
