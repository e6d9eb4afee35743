"""Calls in a function's text: conversions, mathematics, arrays' methods, and other functions."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.extending import _Intrinsic

from .expressions import Expressions
from .kinds import (
    DOUBLE,
    INT,
    TRUTH,
    ArrayOf,
    Kind,
    Number,
    Several,
    Untranslatable,
    code_of,
    kind_of,
    numba_of,
    unified,
)
from .places import INT64, Array
from .text import Text, text_of

CASTS: Mapping[Any, Number] = {int: INT, float: DOUBLE, bool: TRUTH, np.bool_: TRUTH} | {
    getattr(np, word + str(bits)): Number(word[0], bits)
    for word, sizes in (("float", (32, 64)), ("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)))
    for bits in sizes
}
"""Functions and types that make a number of their kind out of any."""


class Calls(Expressions):
    """Adds the code of calls where its builder stands."""

    def called(self, function: Dispatcher, kinds: tuple[Kind, ...]) -> tuple[Any, Kind | None]:
        """The code of a function that the text calls, and what it returns."""
        raise NotImplementedError

    def inline(self, text: Text, given: list[Any]) -> Array:
        """The array that a text ends with, its statements carried out here."""
        raise NotImplementedError

    def put(self, into: Array, value: Any) -> None:
        """Fills an array, or a part of one, with a number or with another's entries."""
        raise NotImplementedError

    def object_of(self, x: ast.expr) -> Any:
        """What a name of the module, or of one that it imports, stands for; None if nothing."""
        match x:
            case ast.Name(name) if name in self.types:
                return self.types[name]
            case ast.Name(name) if name not in self.slots:
                known = {"min": min, "max": max, "abs": abs, "len": len, "int": int}
                known |= {"float": float, "bool": bool}
                return self.text.names.get(name, known.get(name))
            case ast.Attribute(ast.Name(module), name) if module not in self.slots:
                return getattr(self.text.names.get(module), name, None)
        return None

    def call(self, x: ast.Call) -> Any:
        """A call's number, Array, several of them, or None."""
        function = self.object_of(x.func)
        if x.keywords or any(isinstance(a, ast.Starred) for a in x.args):
            raise Untranslatable("arguments by name")
        if isinstance(x.func, ast.Attribute) and function is None:
            return self._method(x.func, x.args)
        if function in (np.empty, np.zeros, np.ones):
            made = self._new(x.args, function is np.zeros)
            if function is np.ones:
                self.put(made, (INT, INT64(1)))
            return made
        if function is np.array and len(x.args) == 1 and isinstance(x.args[0], ast.List):
            return self._written([self._number(a) for a in x.args[0].elts])
        if isinstance(function, Dispatcher):
            return self._own(function, x.args)
        if isinstance(function, _Intrinsic):
            return self._intrinsic(function, x.args)
        if function is len:
            return INT, self._array(x.args[0]).lengths[0]
        if function is None or not callable(function):
            raise Untranslatable(f"a call of {ast.unparse(x.func)}")
        return self._known(function, [self._number(a) for a in x.args])

    def _known(self, function: Any, given: list[tuple[Number, Any]]) -> Any:
        if function in (min, max) and len(given) > 1:
            return self.numbers.extreme(function.__name__, given)
        if len(given) == 1:
            if function is abs:
                return self.numbers.size(given[0])
            if function in CASTS:
                return CASTS[function], self.numbers.as_kind(given[0], CASTS[function])
            found = self.numbers.of_mathematics(function, given[0])
            if found is not None:
                return found
        raise Untranslatable(f"a call of {getattr(function, '__name__', function)}")

    def _method(self, function: ast.Attribute, arguments: list[ast.expr]) -> Any:
        match function:
            case ast.Attribute(ast.Attribute(whole, "dtype"), "type") if len(arguments) == 1:
                kind = self._array(whole).kind.entry
                return kind, self.numbers.as_kind(self._number(arguments[0]), kind)
            case ast.Attribute(whole, "max" | "min" as name) if not arguments:
                return self._extreme(name, self._array(whole))
            case ast.Attribute(whole, "sum") if not arguments:
                return self._sum(self._array(whole))
            case ast.Attribute(whole, "astype") if len(arguments) == 1:
                return self._converted(self._array(whole), self._entries(arguments[0]))
            case ast.Attribute(whole, "reshape"):
                return self._reshaped(self._array(whole), arguments)
        if function.attr == "view" and len(arguments) == 1:
            wanted = CASTS.get(self.object_of(arguments[0]))
            if wanted is not None:
                return self.numbers.bits_as(self._number(function.value), wanted)
        raise Untranslatable(f"a method {function.attr}")

    def _reshaped(self, x: Array, arguments: list[ast.expr]) -> Array:
        """x.reshape(n, ...): the same numbers, with one length that −1 leaves open."""
        first = arguments[0] if len(arguments) == 1 else None
        sizes = first.elts if isinstance(first, ast.Tuple) else arguments
        lengths = [self._index(n) for n in sizes]
        is_open = [isinstance(n, ir.Constant) and n.constant == -1 for n in lengths]
        if sum(is_open) > 1:
            raise Untranslatable("two open lengths")
        if any(is_open):
            rest: Any = INT64(1)
            for n, unknown in zip(lengths, is_open, strict=True):
                rest = rest if unknown else self.b.mul(rest, n)
            whole = self.numbers.combine(ast.FloorDiv(), (INT, self.memory.count(x)), (INT, rest))
            lengths[is_open.index(True)] = whole[1]
        return Array(ArrayOf(x.kind.entry, len(lengths)), x.data, tuple(lengths))

    def _new(self, arguments: list[ast.expr], zero: bool) -> Array:
        if not 1 <= len(arguments) <= 2:
            raise Untranslatable("an array by other means")
        kind = DOUBLE if len(arguments) < 2 else self._entries(arguments[1])
        match arguments[0]:
            case ast.Attribute(whole, "shape"):
                sizes = self._array(whole).lengths
            case ast.Tuple(lengths):
                sizes = tuple(self._index(n) for n in lengths)
            case length:
                sizes = (self._index(length),)
        return self.memory.new(ArrayOf(kind, len(sizes)), sizes, zero)

    def _written(self, numbers: list[tuple[Number, Any]]) -> Array:
        """An array whose entries are written out."""
        kind: Kind = numbers[0][0]
        for other, _ in numbers[1:]:
            kind = unified(kind, other)
        assert isinstance(kind, Number)
        made = self.memory.new(ArrayOf(kind, 1), (INT64(len(numbers)),), False)
        for k, x in enumerate(numbers):
            self.memory.store(self.memory.at(made, [INT64(k)]), self.numbers.as_kind(x, kind))
        return made

    def _sum(self, x: Array) -> tuple[Number, Any]:
        """x.sum(), of an array of one axis, one entry after another."""
        if x.kind.axes != 1 or not x.kind.entry.real:
            raise Untranslatable("a sum over several axes")
        code = code_of(x.kind.entry)
        place = self.rooms.alloca(code)
        self.b.store(ir.Constant(code, 0), place)

        def add(k: Any) -> None:
            entry = self._entry(x, [k])
            total = self.b.fadd(self.b.load(place), entry, flags=self.text.flags)
            self.b.store(total, place)

        self.count(INT64(0), x.lengths[0], INT64(1), add)
        return x.kind.entry, self.b.load(place)

    def _extreme(self, name: str, x: Array) -> tuple[Number, Any]:
        """x.max() or x.min(), of an array of one axis that holds no NaN."""
        if x.kind.axes != 1:
            raise Untranslatable("an extreme over several axes")
        place = self.rooms.alloca(code_of(x.kind.entry))
        self.b.store(self._entry(x, [INT64(0)]), place)

        def look(k: Any) -> None:
            entry, kept = (x.kind.entry, self._entry(x, [k])), (x.kind.entry, self.b.load(place))
            self.b.store(self.numbers.extreme(name, [kept, entry])[1], place)

        self.count(INT64(1), x.lengths[0], INT64(1), look)
        return x.kind.entry, self.b.load(place)

    def _converted(self, x: Array, wanted: Number) -> Array:
        """x.astype(…): a new array."""
        made = self.memory.new(ArrayOf(wanted, x.kind.axes), x.lengths, False)
        self.put(made, x)
        return made

    def _entries(self, x: ast.expr) -> Number:
        if isinstance(x, ast.Attribute) and x.attr == "dtype":
            return self._array(x.value).kind.entry
        found = CASTS.get(self.object_of(x))
        if found is None:
            raise Untranslatable("entries of another type")
        return found

    def _own(self, function: Dispatcher, arguments: list[ast.expr]) -> Any:
        """A call of a function in the same module, or in one that it imports."""
        given = [self._value(a) for a in arguments]
        text = text_of(function.py_func, function.targetoptions.get("fastmath", False))
        if text.gives_array:
            return self.inline(text, given)
        kinds = tuple(g.kind if isinstance(g, Array) else g[0] for g in given)
        code, returns = self.called(function, kinds)
        codes = [self.memory.for_numba(g) if isinstance(g, Array) else g[1] for g in given]
        found = self.b.call(code, codes)
        if returns is None:
            return None
        if isinstance(returns, Several):
            return [(kind, self.b.extract_value(found, k)) for k, kind in enumerate(returns.kinds)]
        return returns, found

    def _intrinsic(self, function: Any, arguments: list[ast.expr]) -> Any:
        """A call of code that numba's language has no words for, which builds itself."""
        context = cpu_target.target_context
        given = [self._value(a) for a in arguments]
        kinds = [numba_of(g.kind if isinstance(g, Array) else g[0]) for g in given]
        signature, build = function._defn(cpu_target.typing_context, *kinds)
        codes = []
        for value, wanted in zip(given, signature.args, strict=True):
            if isinstance(value, Array):
                if value.kind != kind_of(wanted):
                    raise Untranslatable("an array of another type")
                codes.append(self.memory.for_numba(value))
            else:
                kind = kind_of(wanted)
                assert isinstance(kind, Number)
                codes.append(self.numbers.as_kind(value, kind))
        found = build(context, self.b, signature, codes)
        if str(signature.return_type) == "none":
            return None
        kind = kind_of(signature.return_type)
        return kind, found
