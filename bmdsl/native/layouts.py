"""How compiled functions take their arguments: LLVM's types, and what intrinsics ask for of them.

It is numba's layout, so that either compiler's functions can call the other's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from .kinds import ArrayOf, Kind, Number, Several, code_of, kind_of, stored
from .objects import target

WORD, BYTES = ir.IntType(64), ir.IntType(8).as_pointer()
WORDS = {"nitems": 2, "itemsize": 3, "data": 4, "shape": 5, "strides": 6}
"""Where an array's parts stand, by numba's names: entries, bytes of each, the address of the first
one, lengths and steps; what comes before is its owner's.
"""


def value_type(kind: Kind) -> Any:
    """LLVM's type of an argument."""
    if isinstance(kind, ArrayOf):
        lengths = ir.ArrayType(WORD, kind.axes)
        data = stored(kind.entry).as_pointer()
        return ir.LiteralStructType([BYTES, BYTES, WORD, WORD, data, lengths, lengths])
    if isinstance(kind, Several):
        each = [value_type(k) for k in kind.kinds]
        alike = len(set(kind.kinds)) == 1
        return ir.ArrayType(each[0], len(each)) if alike else ir.LiteralStructType(each)
    return code_of(kind)


class Given:
    """An array as a function takes it: its parts by the names of WORDS."""

    def __init__(self, builder: Any, value: Any) -> None:
        self._builder, self._value = builder, value

    def __getattr__(self, name: str) -> Any:
        return self._builder.extract_value(self._value, WORDS[name])


class Context:
    """What intrinsics ask numba's target for, which takes tenths of a second to begin."""

    def make_array(self, kind: Any) -> Callable[[Any, Any, Any], Given]:
        """Makes an array's parts out of what a function takes one as."""
        return lambda context, builder, value: Given(builder, value)

    def get_value_type(self, kind: Any) -> Any:
        """LLVM's type of a value."""
        return value_type(kind_of(kind))

    def get_data_type(self, kind: Any) -> Any:
        """LLVM's type of a number in an array."""
        found = kind_of(kind)
        assert isinstance(found, Number)
        return stored(found)

    def get_dummy_value(self) -> None:
        """What a piece of code gives that gives nothing."""

    @property
    def target_data(self) -> Any:
        """What LLVM knows of sizes on this processor."""
        return target().target_data


CONTEXT = Context()
