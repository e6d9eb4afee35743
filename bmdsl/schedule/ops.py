"""Ops: one line of a routine each.

A kind of op is a template beside its meaning, a NumPy function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from .values import Number, Operand, Value, base

FIRST_ROW = ("first", "first_chain")
"""Names of the argument by which draws of rows are keyed, see `Kind.first_row`."""


class Access(Enum):
    """How an op uses an argument."""

    READ = "read"
    WRITE = "write"
    UPDATE = "update"
    PASSED = "passed on"
    """Neither read nor written: an argument of every function of a kind, which this one does not
    use.
    """
    NUMBER = "number"


class Takes(NamedTuple):
    """What an argument of a kind of op is: its use, its number of axes (0 for a number), and its
    type of number.
    """

    access: Access
    axes: int = 2
    number: str = "F"


def reads(axes: int = 2, number: str = "F") -> Takes:
    """An array that the op only reads."""
    return Takes(Access.READ, axes, number)


def writes(axes: int = 2, number: str = "F") -> Takes:
    """An array of which every entry is written over."""
    return Takes(Access.WRITE, axes, number)


def updates(axes: int = 2, number: str = "F") -> Takes:
    """An array that the op reads and changes."""
    return Takes(Access.UPDATE, axes, number)


def passed(axes: int = 2, number: str = "F") -> Takes:
    """An array that the op has no use for."""
    return Takes(Access.PASSED, axes, number)


def real() -> Takes:
    """A number of the machine's real type."""
    return Takes(Access.NUMBER, 0, "F")


def double() -> Takes:
    """A number in double precision, whatever the machine's type."""
    return Takes(Access.NUMBER, 0, "f8")


def whole() -> Takes:
    """A whole number."""
    return Takes(Access.NUMBER, 0, "i8")


@dataclass(frozen=True)
class Kind:
    """A kind of op: its name in the printed routine, its arguments, its formula and its meaning in
    NumPy.
    """

    name: str
    arguments: tuple[tuple[str, Takes], ...]
    formula: str
    reference: Callable[..., None]
    indices: tuple[str, ...] = ()
    """Of every array argument a letter an axis: axes of one letter are of one kind and length."""
    is_moment: bool = True
    """Whether what it adds to a gradient is a moment of rows; a penalty's pull is none."""
    origin: str = "kernels"
    """Which table of compiled functions has it: `kernels`, or the name of a generated module."""
    adds_to: tuple[str, ...] = ()
    """Arguments to which it adds a sum over rows: over all rows, they are the sum of what it makes
    of a part of the rows each.
    """
    counts_once: tuple[str, ...] = ()
    """Numbers that stand in such a sum once, however many rows there are."""
    apart: tuple[str, ...] = ()
    """Arguments without rows that are of the rows at hand, as a count of those that still move."""

    def takes(self, name: str) -> Takes:
        """What this argument is."""
        return dict(self.arguments)[name]

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers."""
        return any(name == "stream" for name, _ in self.arguments)

    @property
    def first_row(self) -> str | None:
        """The argument that is the number of its first row among those of all ranks, by which draws
        are keyed; None if it has none.
        """
        found = (n for n, x in self.arguments if n in FIRST_ROW and x.access is Access.NUMBER)
        return next(found, None)


KINDS: dict[str, Kind] = {}
"""The kinds of op that belong to no model, by name."""


def op(
    formula: str,
    indices: str = "",
    is_moment: bool = True,
    adds_to: str = "",
    counts_once: str = "",
    apart: str = "",
    **arguments: Takes,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a NumPy function the meaning of a kind of op. `formula` names arguments in braces.

    `indices` names the axes of its arrays, as "ri ij rj" for x W added to η. `is_moment` is false
    for what pulls at a gradient though it is no moment. `adds_to`, `counts_once` and `apart` name
    arguments whose part in a sum over rows `Kind` tells of.
    """

    def enter(function: Callable[..., None]) -> Callable[..., None]:
        if function.__name__ in KINDS:
            raise TypeError(f"there are two kinds of op called {function.__name__}")
        names = tuple(inspect.signature(function).parameters)
        if names != tuple(arguments):
            raise TypeError(
                f"{function.__name__} has arguments {names}, declared {tuple(arguments)}"
            )
        arrays = [x for x in arguments.values() if x.axes]
        letters = tuple(indices.split())
        if letters and [len(x) for x in letters] != [x.axes for x in arrays]:
            raise TypeError(f"{function.__name__} has other axes than `{indices}`")
        made = Kind(
            function.__name__,
            tuple(arguments.items()),
            formula,
            function,
            letters,
            is_moment,
            adds_to=tuple(adds_to.split()),
            counts_once=tuple(counts_once.split()),
            apart=tuple(apart.split()),
        )
        KINDS[function.__name__] = made
        return function

    return enter


@dataclass(frozen=True)
class Op:
    """One op with its operands."""

    kind: Kind
    operands: tuple[Operand, ...]
    formula: str = ""
    """The formula of this very op, if the kind's own says too little."""

    def used(self, *accesses: Access) -> Iterator[Value]:
        """The values that the op reads or writes in one of these ways."""
        for operand, (_, takes) in zip(self.operands, self.kind.arguments, strict=True):
            if takes.access in accesses and not isinstance(operand, Number):
                yield base(operand)

    @property
    def note(self) -> str:
        """The formula with the operands' names."""
        if self.formula:
            return self.formula
        pairs = zip(self.kind.arguments, self.operands, strict=True)
        names = {name: "" if str(x) == "1.0" else str(x) for (name, _), x in pairs}
        return " ".join(self.kind.formula.format(**names).split())

    def call(self) -> str:
        """The line of text that carries the op out."""
        return f"{self.kind.name}({', '.join(map(str, self.operands))})"


@dataclass(frozen=True)
class Repeat:
    """A body carried out `count` times, `variable` counting from 0."""

    count: Number
    variable: str
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Until:
    """A body carried out at most `count` times, over the rows that `going` counts, until there are
    none.
    """

    count: Number
    variable: str
    going: Value
    rows: str
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Heading:
    """A line of comment: what the ops below it are."""

    text: str


Node = Op | Repeat | Until | Heading


def walk(body: tuple[Node, ...]) -> Iterator[Op]:
    """All ops in the order of the text."""
    for node in body:
        if isinstance(node, Op):
            yield node
        elif isinstance(node, Repeat | Until):
            yield from walk(node.body)


def numbers(**values: Any) -> dict[str, Number]:
    """Literals as operands."""
    return {name: Number(repr(x)) for name, x in values.items()}
