"""A function's statements, one after another, as LLVM's language.

The same text that Python runs and that numba would compile. A variable has the kind of what it is
first given; a later value of another kind, given at the same depth of loops and branches, begins a
new variable of that name, and one given further in widens it from the start: the translation then
begins again.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from .frames import Frames
from .kinds import Kind, Untranslatable
from .layouts import value_type
from .numbers import Arithmetic
from .places import Array, Slot
from .statements import RETURNED, Widened
from .text import Text, text_of


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

    def of(self, function: Any, kinds: tuple[Kind, ...]) -> Called:
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
    out = ir.VoidType() if returns is None else value_type(returns)
    return ir.FunctionType(out, [value_type(x) for x in kinds])


class _Function(Frames):
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
        self.begin(ir.Function(module.module, shape, name))
        self.versions: dict[str, int] = {}
        self.depth: tuple[int, ...] = ()
        self.blocks = 0
        self.made: set[str] = set()
        """Names of arrays from the heap."""
        self.back = self.memory.room(returns) if returns is not None else ()
        for word, kind, given in zip(text.arguments, kinds, self.code.args, strict=True):
            self.set(word, self.memory.taken(kind, given))
        self.carry_out(text.body)
        self.close()
        if returns is None:
            self.b.ret_void()
        else:
            found = self.memory.found(Slot(returns, self.back, (), RETURNED))
            self.b.ret(self.memory.given(found))

    def called(self, function: Any, kinds: tuple[Kind, ...]) -> tuple[Any, Kind | None]:
        """The code of a function that the text calls, and what it returns."""
        found = self.module.of(function, kinds)
        return found.code, found.returns

    def inline(self, text: Text, given: list[Any]) -> Array:
        """The array that a text ends with, its statements carried out here: the array is this
        function's then, which frees it.
        """
        outside, before = (self.slots, self.text, self.numbers), self.inside()
        self.slots, self.text = {}, text
        self.numbers = Arithmetic(self.b, text.flags)
        for word, value in zip(text.arguments, given, strict=True):
            self.set(word, value)
        self.carry_out(text.body[:-1])
        last = text.body[-1]
        assert isinstance(last, ast.Return) and last.value is not None
        made = self._array(last.value)
        self.slots, self.text, self.numbers = outside
        self.depth = before
        return made
