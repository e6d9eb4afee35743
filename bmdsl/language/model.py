"""The checked model: every name resolved, every shape inferred, the energy a flat sum of terms.

The first product after the tree.

A length may still be a text in unbound arguments (`"D"`, `"2*D"`): such a model can be explained
and drawn; binding the argument (data, `-D`) checks the same text again with the number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from .source import Span

if TYPE_CHECKING:
    import numpy as np

    from .diagnostics import Diagnostic
    from .outside import Origin

Length = int | str
Side = Literal["upper", "lower", "mean"]
Value = int | float | str | bool


@dataclass(frozen=True)
class Argument:
    """A model argument with its value: given, default, or None while it waits for data."""

    name: str
    value: int | float | None
    span: Span | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Group:
    """Units of one name, role and type. `shape` leaves the state axis out; `axes` has it."""

    name: str
    role: Literal["visible", "hidden", "given"]
    shape: tuple[Length, ...]
    unit: str
    options: tuple[tuple[str, Value], ...]
    """The unit type's arguments, all of them, defaults filled in, in the type's order."""
    states: Length | None = None
    """Numbers that one unit's state is: the states of a one-of-K type, the components of a vector;
    None for a number.
    """
    span: Span | None = field(default=None, repr=False, compare=False)

    @property
    def axes(self) -> tuple[Length, ...]:
        """The lengths a full subscript runs over: the shape, then the states of a one-of-K type or
        the components of a vector.
        """
        return self.shape if self.states is None else (*self.shape, self.states)

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.axes))}]" if self.axes else self.name


@dataclass(frozen=True)
class Initial:
    """How a parameter starts: `normal(mean, std)`, `uniform(lo, hi)`, `glorot()`, `signs()`,
    `constant(x)`, `logit_mean(v)`, `mean(v)`, `file(path, key)`.
    """

    kind: Literal["normal", "uniform", "glorot", "signs", "constant", "logit_mean", "mean", "file"]
    arguments: tuple[float | str, ...] = ()


@dataclass(frozen=True)
class Parameter:
    """A parameter with its shape, its start and its modifiers."""

    name: str
    shape: tuple[Length, ...]
    init: Initial
    fixed: bool = False
    symmetric: bool | Side = False
    """Whether both sides are the same; a side, where values that differ are made so."""
    nonnegative: bool = False
    span: Span | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Graph:
    """A graph that terms run over.

    `edges` is an integer array [edges, 2], each undirected edge once; None while a size is unbound.
    """

    name: str
    nodes: int | None
    edges: np.ndarray | None = field(default=None, repr=False, compare=False)
    span: Span | None = field(default=None, repr=False, compare=False)
    stored: bool = field(default=False, repr=False, compare=False)
    """Whether a saved machine has to hold the edges: they are from a file, or drawn at random."""
    origin: Origin | None = field(default=None, repr=False, compare=False)
    """The file that they are from."""
    weighted: bool = field(default=False, repr=False, compare=False)
    """Whether that file has a weight for every edge."""


@dataclass(frozen=True)
class Subscript:
    """Σ coefficient·letter + constant.

    `wrap` is taken modulo the axis, `pad` counts as zero outside it.
    """

    letters: tuple[tuple[str, int], ...]
    constant: int = 0
    edge: Literal["plain", "wrap", "pad"] = "plain"

    @property
    def letter(self) -> str | None:
        """The letter where the subscript is a letter on its own, else None."""
        if (
            self.edge == "plain"
            and self.constant == 0
            and len(self.letters) == 1
            and self.letters[0][1] == 1
        ):
            return self.letters[0][0]
        return None

    def __str__(self) -> str:
        parts = [(c, x if abs(c) == 1 else f"{abs(c)}*{x}") for x, c in self.letters]
        if self.constant or not parts:
            parts.append((self.constant, str(abs(self.constant))))
        text = "".join(("-" if c < 0 else "+" if n else "") + x for n, (c, x) in enumerate(parts))
        return text if self.edge == "plain" else f"{self.edge}({text})"


@dataclass(frozen=True)
class UnitFactor:
    """A unit's statistic x^power inside a term.

    On a one-of-K group the last subscript is the state.
    """

    group: str
    subscripts: tuple[Subscript, ...]
    power: int = 1
    span: Span | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class ParameterFactor:
    """A parameter (to a power, as expanding `(v[i] - b[i])^2` makes) inside a term."""

    parameter: str
    subscripts: tuple[Subscript, ...]
    power: int = 1
    span: Span | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Letter:
    """A summed letter and its values start, ..., stop − 1."""

    name: str
    stop: Length
    start: int = 0
    written: bool = field(default=False, repr=False, compare=False)
    """Whether a `for` clause gives the range, which may then be a part of an axis."""


@dataclass(frozen=True)
class Condition:
    """`less`: first < second; `unequal`: first != second; `edge`: (first, second) runs over the
    edges of `graph`.
    """

    kind: Literal["less", "unequal", "edge"]
    first: str
    second: str
    graph: str | None = None


@dataclass(frozen=True)
class Expert:
    """function(Σ addends): each addend is summed over its own letters that the enclosing term does
    not bind.

    `inner` is set where functions nest, as in `log1p(0.5 square(W[i,j] x[i]))`: the argument is
    then coefficient · inner.
    """

    function: str
    addends: tuple[Term, ...]
    inner: Expert | None = None
    coefficient: float = 1.0


@dataclass(frozen=True)
class Term:
    """One addend of E: coefficient · Π parameters · Π units · expert, summed over `letters` where
    `conditions` hold.

    The coefficient has the addend's sign: E = Σ terms. `factor_text` shows constants as the user
    wrote them (`J`, `a^2`).
    """

    coefficient: float
    parameters: tuple[ParameterFactor, ...]
    units: tuple[UnitFactor, ...]
    letters: tuple[Letter, ...]
    conditions: tuple[Condition, ...] = ()
    expert: Expert | None = None
    factor_text: str = ""
    span: Span | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Choice:
    """A word with its arguments resolved, as `pcd(steps = 1, chains = 100)`: all options, defaults
    filled in.
    """

    name: str
    options: tuple[tuple[str, Value], ...] = ()
    span: Span | None = field(default=None, repr=False, compare=False)

    def __getitem__(self, key: str) -> Value:
        return dict(self.options)[key]


@dataclass(frozen=True)
class Temperature:
    """T of a one-of-K group's responsibilities, from the first update to the last: P(z | v) ∝
    exp(−F(v, z)/T).
    """

    group: str
    start: float
    stop: float
    kind: Literal["constant", "linear", "geometric"] = "constant"
    span: Span | None = field(default=None, repr=False, compare=False)

    def at(self, share: float) -> float:
        """T after this share of all updates."""
        share = min(1.0, max(0.0, share))
        if self.kind == "geometric":
            return float(self.start * (self.stop / self.start) ** share)
        return self.start + share * (self.stop - self.start)


@dataclass(frozen=True)
class Training:
    """The train block, defaults filled in. None of it changes what the model means."""

    data: str | None = None
    transform: tuple[Choice, ...] = ()
    transform_of: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    """Group → its own transforms, in the place of `transform`: `transform(a) standardize`."""
    positive: Choice | None = None
    """None: exact where the factor graph allows it, else mean field."""
    negative: Choice = Choice("cd", (("steps", 1), ("means", False)))
    objective: Choice | None = None
    optimizer: Choice = Choice("sgd", (("rate", 0.05), ("momentum", 0.5), ("nesterov", False)))
    schedule: Choice = Choice("constant")
    center: bool = False
    center_span: Span | None = field(default=None, repr=False, compare=False)
    temperature: tuple[Temperature, ...] = ()
    penalty: tuple[Choice, ...] = ()
    pretrain: Choice | None = None
    batch: int = 100
    epochs: int = 20
    updates: int | None = None
    validate: float = 0.0
    patience: int | None = None
    monitor: float = 0.05
    """Share of the training's time that monitors may take; 1: they look after every epoch."""
    checkpoint: float = 300.0
    """Seconds after which a training with a folder keeps a checkpoint inside an epoch."""
    streaming: Choice = Choice("auto", (("window", 256),))
    """Whether cases are read as they are needed, and MB of them that are shuffled together."""
    seed: int = 0


@dataclass(frozen=True)
class ColumnRange:
    """Columns of a table: the one named `first`, those from `first` to `last` in the table's order,
    or those that a pattern fits and nothing else names.
    """

    first: str
    last: str | None = None
    pattern: bool = False
    span: Span | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class TableColumns:
    """A data block: the columns of every visible and given group, those that are carried through,
    and marks of missing cells besides the usual ones.
    """

    path: str | None
    groups: tuple[tuple[str, tuple[ColumnRange, ...]], ...]
    ids: tuple[ColumnRange, ...] = ()
    missing: tuple[str, ...] = ()
    missing_of: tuple[tuple[tuple[ColumnRange, ...], tuple[str, ...]], ...] = ()
    """Marks of single columns, besides those of all."""
    span: Span | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Model:
    """A checked model.

    `lints` are its warnings; `graphs` maps names to edge arrays through `graph(name)`.
    """

    name: str
    arguments: tuple[Argument, ...]
    groups: tuple[Group, ...]
    parameters: tuple[Parameter, ...]
    terms: tuple[Term, ...]
    graphs: tuple[Graph, ...] = ()
    training: Training = Training()
    lints: tuple[Diagnostic, ...] = field(default=(), compare=False)
    table: TableColumns | None = None
    """Which columns of a table the groups are, where a data block says so."""

    def group(self, name: str) -> Group:
        return self._groups[name]

    def parameter(self, name: str) -> Parameter:
        return self._parameters[name]

    @cached_property
    def _groups(self) -> dict[str, Group]:
        return {g.name: g for g in self.groups}

    @cached_property
    def _parameters(self) -> dict[str, Parameter]:
        return {p.name: p for p in self.parameters}

    @property
    def unbound(self) -> tuple[str, ...]:
        """Names of arguments that still wait for data or a value."""
        return tuple(a.name for a in self.arguments if a.value is None)


@dataclass(frozen=True)
class StackPart:
    """A layer of a stack: its model, and the layer and group whose means feed it."""

    name: str
    model: Model
    below: str | None
    group: str | None


@dataclass(frozen=True)
class Stack:
    """Models one on top of another, each fed by a group of one below."""

    name: str
    parts: tuple[StackPart, ...]
    jointly: bool = False
    greedily: bool = True
    """Layer after layer; before all layers at once where both are asked for."""
    training: Training = Training()
    lints: tuple[Diagnostic, ...] = field(default=(), compare=False)
