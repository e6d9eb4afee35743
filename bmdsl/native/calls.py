"""Calls in a function's text: conversions, mathematics, arrays' methods, and other functions."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import _Intrinsic

from .expressions import Expressions, number
from .kinds import (
    DOUBLE,
    INT,
    TRUTH,
    ArrayOf,
    Kind,
    Number,
    Untranslatable,
    code_of,
    kind_of,
    numba_of,
    unified,
)
from .layouts import CONTEXT
from .places import INT64, Array, kind_of_value
from .text import Text, is_compiled, text_of

CASTS: Mapping[Any, Number] = {int: INT, float: DOUBLE, bool: TRUTH, np.bool_: TRUTH} | {
    getattr(np, word + str(bits)): Number(word[0], bits)
    for word, sizes in (("float", (32, 64)), ("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)))
    for bits in sizes
}
"""Functions and types that make a number of their kind out of any."""


class Calls(Expressions):
    """Adds the code of calls where its builder stands."""

    def called(self, function: Any, kinds: tuple[Kind, ...]) -> tuple[Any, Kind | None]:
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
        """A call's value, or None."""
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
        if function is np.full and len(x.args) == 2:
            value = self._number(x.args[1])
            made = self.memory.new(ArrayOf(value[0], 1), (self._index(x.args[0]),), False)
            self.put(made, value)
            return made
        if function is np.array and len(x.args) == 1 and isinstance(x.args[0], ast.List):
            return self._written([self._number(a) for a in x.args[0].elts])
        if is_compiled(function):
            return self._own(function, x.args)
        if isinstance(function, _Intrinsic):
            return self._intrinsic(function, x.args)
        if isinstance(function, types.ExternalFunction):
            return self._outside(function, x.args)
        if function in (np.argmin, np.argmax) and len(x.args) == 1:
            return self._place_of_extreme(function is np.argmin, self._array(x.args[0]))
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
            case ast.Attribute(whole, "copy") if not arguments:
                array = self._array(whole)
                return self._converted(array, array.kind.entry)
        if function.attr == "view" and len(arguments) == 1:
            wanted, value = CASTS.get(self.object_of(arguments[0])), self._value(function.value)
            if wanted is not None and isinstance(value, Array):
                return self._seen_as(value, wanted)
            if wanted is not None:
                return self.numbers.bits_as(number(value), wanted)
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

    def _seen_as(self, x: Array, wanted: Number) -> Array:
        """x.view(…), of numbers of as many bits."""
        if x.kind.entry.bits != wanted.bits:
            raise Untranslatable("a view of other bits")
        data = self.b.bitcast(x.data, code_of(wanted).as_pointer())
        return Array(ArrayOf(wanted, x.kind.axes), data, x.lengths)

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

    def _place_of_extreme(self, least: bool, x: Array) -> tuple[Number, Any]:
        """Where the first of the least or largest entries stands, of an array of one axis that
        holds no NaN.
        """
        if x.kind.axes != 1:
            raise Untranslatable("an extreme over several axes")
        place = self.rooms.alloca(INT64)
        self.b.store(INT64(0), place)

        def look(k: Any) -> None:
            best = self.b.load(place)
            new, kept = ((x.kind.entry, self._entry(x, [at])) for at in (k, best))
            better = self.numbers.compare("<" if least else ">", new, kept)[1]
            self.b.store(self.b.select(better, k, best), place)

        self.count(INT64(1), x.lengths[0], INT64(1), look)
        return INT, self.b.load(place)

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

    def _own(self, function: Any, arguments: list[ast.expr]) -> Any:
        """A call of a function in the same module, or in one that it imports."""
        given = [self._value(a) for a in arguments]
        text = text_of(function.py_func, function.targetoptions.get("fastmath", False))
        if text.gives_array:
            return self.inline(text, given)
        kinds = tuple(map(kind_of_value, given))
        code, returns = self.called(function, kinds)
        found = self.b.call(code, [self.memory.given(g) for g in given])
        return None if returns is None else self.memory.taken(returns, found)

    def _intrinsic(self, function: Any, arguments: list[ast.expr]) -> Any:
        """A call of code that numba's language has no words for, which builds itself."""
        given = [self._value(a) for a in arguments]
        kinds = [numba_of(kind_of_value(g)) for g in given]
        signature, build = function._defn(CONTEXT, *kinds)
        codes = self._as_taken(given, signature.args)
        found = build(CONTEXT, self.b, signature, codes)
        if str(signature.return_type) == "none":
            return None
        return self.memory.taken(kind_of(signature.return_type), found)

    def _outside(self, function: Any, arguments: list[ast.expr]) -> Any:
        """A call of a function of another language by its symbol."""
        given = self._as_taken([self._value(a) for a in arguments], function.sig.args)
        returns = kind_of(function.sig.return_type)
        assert isinstance(returns, Number)
        shape = ir.FunctionType(code_of(returns), [x.type for x in given])
        called = cgutils.get_or_insert_function(self.b.module, shape, function.symbol)
        return returns, self.b.call(called, given)

    def _as_taken(self, given: list[Any], wanted: Sequence[Any]) -> list[Any]:
        """Values as a function of these numba types takes them."""
        pairs = zip(given, map(kind_of, wanted), strict=True)
        return [self.memory.given(self.as_kind(value, kind)) for value, kind in pairs]
