"""The collector: the values and ops of one routine as they are composed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from ..plan.identifiers import RESERVED, identifier
from ..plan.plan import Plan
from .ops import KINDS, Heading, Kind, Node, Op, Repeat, Until
from .passes import PASSES
from .schedule import Composition, Schedule
from .values import Content, Life, Number, Operand, Value
from .verifier import verify


def load_kinds() -> None:
    """Imports the modules of this folder that enter kinds of op."""
    folder = importlib.import_module(__package__)
    for info in pkgutil.iter_modules(folder.__path__):
        if info.name == "standard" or info.name.endswith("_ops"):
            importlib.import_module(f"{__package__}.{info.name}")


load_kinds()

OWN = {"t", "update", "first", "last", "start", "starts", "cases"}
"""Variables that a printed routine has of itself."""
NUMBERS = {
    "seed",
    "each",
    "rate",
    "share",
    "told",
    "call",
    "steps",
    "begin",
    "fitted",
    "stream",
    "betas",
    "parity",
    "rounds",
    "wide",
    "many",
    "colours",
}
GROUP_NUMBERS = ("states", "temperature", "offset")
"""Scalar arguments, the same in every routine, and those of a group. No array takes their names."""


class Collector:
    """Collects the values and ops of one routine of a plan."""

    def __init__(self, plan: Plan, name: str, summary: str) -> None:
        self.plan, self.name, self.summary = plan, name, summary
        self.values: dict[str, Value] = {}
        self.place_of = {g.name: k for k, g in enumerate(plan.model.groups)}
        """Group → its number in the model, given groups included."""
        self._names: dict[tuple[str, ...], list[str]] = {}
        """Source → names of the values that were bound to it: found without going through all."""
        self.numbers: dict[str, str] = {}
        self.lengths: dict[str, int | str] = {}
        """Arguments that are lengths of this very model."""
        self.constants: dict[str, np.ndarray] = {}
        """Arguments that are arrays of this very model, by their values' names."""
        self.once: dict[tuple[str, ...], Value] = {}
        """What an update computes once, however often it is asked for; emptied when parameters
        change.
        """
        self.lasting: dict[tuple[str, ...], Value] = {}
        """Constants that were looked for before, by what they are for."""
        self.streams: dict[str, int] = {}
        """The random streams that draws take, by name."""
        self.stack: list[list[Node]] = [[]]
        self.taken: set[str] = set(RESERVED) | OWN | NUMBERS | set(KINDS)
        self.taken |= set(plan.functions.values())
        groups = [identifier(g.name) for g in plan.model.groups]
        self.taken |= {f"{word}_{g}" for word in GROUP_NUMBERS for g in groups}
        self.taken |= {f"first_{t}" for t in plan.listed}
        self.params: dict[str, Value] = {}
        self.place = ""
        """What is built from parameters that stand in for the machine's own is called by this word.
        """

    def unused(self, name: str) -> str:
        """This name, or one like it that is no other's, nor one that an array of many updates or
        cases has.
        """
        name = found = identifier(name)
        number = 2
        while self.taken & (names := {found, f"{found}_of", f"{found}_all"}):
            found, number = f"{name}_{number}", number + 1
        self.taken |= names
        return found

    def value(
        self,
        name: str,
        content: Content,
        shape: tuple[int | str, ...],
        life: Life = Life.SCRATCH,
        **facts: object,
    ) -> Value:
        """A new array, under a name of its own."""
        made = Value(self.unused(name), content, shape, life, **facts)  # type: ignore[arg-type]
        return self.enter(made)

    def enter(self, made: Value) -> Value:
        """The value, which is found by its name and its source from now on."""
        self.values[made.name] = made
        self._names.setdefault(made.source, []).append(made.name)
        return made

    def _bound_to(self, source: tuple[str, ...]) -> Iterator[Value]:
        """The values that are bound to this source, in order."""
        found = (self.values[name] for name in self._names.get(source, ()))
        return (v for v in found if v.source == source)

    def shared(
        self,
        name: str,
        content: Content,
        shape: tuple[int | str, ...],
        number: str = "F",
        levels: tuple[float, float] | None = None,
        labels: tuple[str, ...] = (),
        key: tuple[object, ...] = (),
    ) -> Value:
        """The scratch array of this name, shape and key; made when it is first asked for.

        Names are joined of words: `bias_x2` is that of x², and of a group called `x2`. `key` keeps
        them apart.
        """
        if self.place and content in (Content.BIAS, Content.MATRIX):
            name = f"{name}_{self.place}"
        source = ("shared", name, *map(str, key))
        for v in self._bound_to(source):
            if v.shape == shape and v.life is Life.SCRATCH and v.levels == levels:
                return v
        return self.value(
            name, content, shape, number=number, levels=levels, labels=labels, source=source
        )

    def length(self, name: str, value: int | str) -> Number:
        """A length of this model as an argument, so that another length compiles nothing anew."""
        found = identifier(name)
        if self.lengths.get(found) != value:
            found = self.unused(name)
            self.lengths[found] = value
        return self.number(found, "i8")

    def constant(
        self,
        name: str,
        array: np.ndarray | None,
        shape: tuple[int | str, ...] = (),
        number: str = "i8",
    ) -> Value:
        """Numbers of this model as an argument, `i8` or `f8`; None, with their shape, while lengths
        have no values.
        """
        dtype = np.dtype(np.int64 if number == "i8" else np.float64)
        for found, known in self.constants.items():
            alike = array is not None and known.dtype == dtype and known.shape == array.shape
            if alike and (known == array).all():
                return self.values[found]
        shape = shape if array is None else tuple(int(n) for n in array.shape)
        made = self.value(name, Content.CONSTANT, shape, Life.GIVEN, number=number)
        if array is not None:
            self.constants[made.name] = np.ascontiguousarray(array, dtype)
        return self.with_life(made, Life.GIVEN, ("constant", made.name))

    def reshaped(self, x: Value, shape: tuple[int | str, ...], name: str = "") -> Value:
        """The same numbers under another shape: an array that is bound to the memory of x."""
        if x.shape == shape:
            return x
        source = ("reshaped", x.name, str(shape))
        return self.bound_to(source) or self.value(
            name or f"{x}_matrix", x.content, shape, Life.KEPT, number=x.number, source=source
        )

    def bound_to(self, source: tuple[str, ...]) -> Value | None:
        """The array that is bound to this, if there is one."""
        return next(self._bound_to(source), None)

    @contextmanager
    def standing_at(self, params: Mapping[str, Value], place: str) -> Iterator[None]:
        """Ops inside are those of these parameters; what they build from them gets arrays of its
        own.
        """
        before = self.params, self.place
        self.params, self.place = {**self.params, **params}, place
        self.once.clear()
        try:
            yield
        finally:
            self.params, self.place = before
            self.once.clear()

    def given(
        self,
        name: str,
        content: Content,
        shape: tuple[int | str, ...],
        source: tuple[str, ...],
        number: str = "F",
        life: Life = Life.GIVEN,
    ) -> Value:
        """The array that is bound to this source; made when it is first asked for."""
        return self.bound_to(source) or self.value(
            name, content, shape, life, number=number, source=source
        )

    def number(self, name: str, number: str = "F", per_update: bool = False) -> Number:
        """A scalar argument; with `per_update` one for every update."""
        if name in self.values:
            raise TypeError(f"`{name}` is an array")
        self.numbers.setdefault(name, f"{number}[]" if per_update else number)
        self.taken.add(name)
        return Number(f"{name}[t]" if per_update else name)

    def series(self, name: str, number: str = "f8") -> str:
        """The name of an argument that is a row of numbers, of which `name[k]` is a Number."""
        self.numbers.setdefault(name, f"{number}[]")
        self.taken.add(name)
        return name

    def do(self, kind: str | Kind, *operands: Operand | float | int, formula: str = "") -> None:
        """Adds an op. Raises TypeError if an operand is not what the kind of op takes."""
        found = KINDS[kind] if isinstance(kind, str) else kind
        made = tuple(Number(repr(x)) if isinstance(x, int | float) else x for x in operands)
        if len(made) != len(found.arguments):
            raise TypeError(f"`{found.name}` takes {len(found.arguments)} operands")
        for x, (name, takes) in zip(made, found.arguments, strict=True):
            axes = 0 if isinstance(x, Number) else x.axes
            if axes != takes.axes or (not isinstance(x, Number) and x.number != takes.number):
                raise TypeError(f"`{found.name}` takes another `{name}` than {x}")
        self.stack[-1].append(Op(found, made, formula))

    def heading(self, text: str) -> None:
        """A comment above the ops that follow."""
        self.stack[-1].append(Heading(text))

    @contextmanager
    def repeat(self, count: int | Number, variable: str) -> Iterator[Number]:
        """Ops inside are carried out `count` times; yields the variable that counts from 0."""
        name, known = self.unused(variable), dict(self.once)
        self.stack.append([])
        yield Number(name)
        body = tuple(self.stack.pop())
        if isinstance(count, Number):  # it may be 0: what the body computes is not there for others
            self.once = known
        number = count if isinstance(count, Number) else Number(str(count))
        self.stack[-1].append(Repeat(number, name, body))

    @contextmanager
    def until(self, count: int | Number, variable: str, going: Value) -> Iterator[Number]:
        """Ops inside are carried out at most `count` times, while going[0] > 0; yields that number
        of rows.
        """
        name, rows, known = self.unused(variable), self.unused("rows"), dict(self.once)
        self.stack.append([])
        yield Number(rows)
        body = tuple(self.stack.pop())
        self.once = known  # the body may not be carried out at all
        self.stack[-1].append(Until(Number(str(count)), name, going, rows, body))

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Ops inside stand before all loops that are open: what they compute does not change from
        round to round.
        """
        inner = self.stack
        self.stack = inner[:1]
        yield
        self.stack = inner

    def schedule(self) -> Schedule:
        """All that was composed."""
        numbers = tuple(self.numbers.items())
        values = tuple(self.values.values())
        return Schedule(
            self.name,
            self.summary,
            values,
            numbers,
            tuple(self.stack[0]),
            tuple(self.streams.items()),
        )

    def composition(self) -> Composition:
        """All that was composed, as a routine that is carried out once a call."""
        made = replace(self.schedule(), once=True)
        verify(made)
        for change in PASSES:
            made = change(made)
            verify(made)
        return Composition(made, self.lengths, self.constants)

    def with_life(self, v: Value, life: Life, source: tuple[str, ...]) -> Value:
        """The same value under another life; the old one is forgotten."""
        return self.enter(replace(v, life=life, source=source))
