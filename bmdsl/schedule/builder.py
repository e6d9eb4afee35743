"""The builder: words of a train block compose ops with it, and a schedule comes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod

from ..language.model import Choice, Length
from ..plan.identifiers import identifier
from ..plan.plan import GroupPlan, Plan
from ..plan.streams import GROUPS, stream_name
from ..ranks.interface import share
from .collector import Collector
from .ops import Kind
from .unit_ops import between_kind, unit_kind
from .values import (
    BATCH,
    CHAINS,
    Array,
    Content,
    Life,
    Number,
    Operand,
    Part,
    Value,
    View,
    base,
    chain_rows,
    is_spread,
    length,
)

EMPTY = "free"
"""The mask of a draw that leaves every unit free: an array without rows."""


def product_of(lengths: Iterable[Length | str]) -> int | str:
    """The product of lengths; text while one of them has no value."""
    known = tuple(n for n in lengths if n != 1)
    if all(isinstance(n, int) for n in known):
        return prod(int(n) for n in known)
    return " ".join(str(n) for n in known)


def levels_of(g: GroupPlan) -> tuple[float, float] | None:
    """The two values that a group's units have as states, if these are −1 or 0, and 1."""
    if g.states is not None:
        return (0.0, 1.0)
    support = g.unit.support(*g.arguments)
    found = None if support is None else tuple(sorted(float(x) for x in support))
    return (found[0], 1.0) if found in ((0.0, 1.0), (-1.0, 1.0)) else None


class NotScheduled(Exception):
    """Raised for what no op carries out; the message says what that is."""


@dataclass(frozen=True)
class ByState:
    """E[z_k x] and E[z_k x²] of groups whose means depend on the state of the one-of-K unit z.

    Rows are cases, columns [state, unit]. A phase's rows hold r_k = E[z_k] and E[x] = Σ_k E[z_k x].
    """

    unit: str
    means: Mapping[str, Value]
    squares: Mapping[str, Value]

    def value(self, group: str, power: int) -> Value:
        """E[z_k x^power]."""
        return (self.means if power == 1 else self.squares)[group]


@dataclass(frozen=True)
class Phase:
    """Weighted rows that stand for an expectation, as values: ⟨f⟩ = Σ_n weights_n f(rows_n).

    `weights` None: all rows weigh the same, `share` each.
    """

    rows: Mapping[str, Value]
    """Group → its states or means; parts of these inside an iteration."""
    share: Number
    weights: Value | None = None
    squares: Mapping[str, Value] = field(default_factory=dict)
    fields: Mapping[str, Value] = field(default_factory=dict)
    """Fields that means came from: a draw from the same conditional costs no second product."""
    drawn: tuple[str, ...] = ()
    """Hidden groups whose rows are draws, given which `fields` were made."""
    by_state: ByState | None = None
    """What an exact posterior by the states of a one-of-K unit knows beyond means."""
    turned: Turned | None = None


@dataclass(frozen=True)
class Turned:
    """The rows of several groups, side by side, one column of numbers a row: [columns, rows]."""

    columns: Value
    rows: Mapping[str, Value]
    """Group → the rows that its columns were made of."""


@dataclass(frozen=True)
class Gradient:
    """Parameter name → the array that its gradient is added up in."""

    of: Mapping[str, Value]

    def __getitem__(self, name: str) -> Value:
        return self.of[name]


class Builder(Collector):
    """Composes the ops of one routine of a plan, in the words of the field: fields,
    means, draws.
    """

    def __init__(self, plan: Plan, name: str, summary: str) -> None:
        super().__init__(plan, name, summary)
        self.batch = 0
        """The most cases of a minibatch."""
        self.ranks: tuple[int, int] | None = None
        """Which rank's routine it is, and of how many; None if there is but one."""
        self.shared_streams: set[str] = set()
        """Streams that more than one draw of an update uses."""
        self._further: Number | None = None
        for p in plan.model.parameters:
            shape = self.matrix_shape(p.name)
            facts = {"source": ("parameter", p.name), "labels": self.matrix_labels(p.name)}
            self.params[p.name] = self.value(p.name, Content.PARAMETER, shape, Life.KEPT, **facts)

    # ------------------------------------------------------------ groups

    def group(self, name: str) -> GroupPlan:
        """A group of the plan."""
        return self.plan.group(name)

    def size(self, name: str) -> int | str:
        """The columns of a group's states; text while a length has no value."""
        return product_of(self.group(name).axes)

    def matrix_shape(self, parameter: str) -> tuple[int | str, int | str]:
        """The matrix that a parameter is to ops: [size a, size b] of the groups that it couples
        directly, else one row.
        """
        direct = self.plan.direct_coupling(parameter)
        if direct is not None:
            return self.size(direct.a), self.size(direct.b)
        p = self.plan.model.parameter(parameter)
        if len(p.shape) > 1 and self._uses(parameter) <= {x.term for x in self.plan.multiway}:
            whole = next((t.groups for t in self.plan.tensors if t.parameter == parameter), None)
            first = 1 if whole is None else len(self.group(whole[0]).axes)
            return product_of(p.shape[:first]), product_of(p.shape[first:])
        square = p.symmetric and len(p.shape) == 2
        return (p.shape[0], p.shape[1]) if square else (1, product_of(p.shape))

    def matrix_labels(self, parameter: str) -> tuple[str, ...]:
        """The groups that the axes of a parameter's matrix run over, if it is a coupling of two and
        nothing else.
        """
        found = self.plan.direct_coupling(parameter)
        return (
            (found.a, found.b)
            if found is not None and self._uses(parameter) <= set(found.terms)
            else ()
        )

    def _uses(self, parameter: str) -> set[int]:
        """The terms that have a parameter."""
        terms = enumerate(self.plan.model.terms)
        return {n for n, t in terms for x in t.parameters if x.parameter == parameter}

    def row_label(self, rows: int | str) -> str:
        """What rows are: the minibatch's cases, or chains."""
        return BATCH if rows == BATCH else "chains"

    def levels(self, group: str, means: bool = False) -> tuple[float, float] | None:
        """The two values that a group's units have as states, if these are −1 or 0, and 1."""
        return None if means else levels_of(self.group(group))

    def state(
        self,
        group: str,
        name: str,
        rows: int | str,
        life: Life = Life.SCRATCH,
        means: bool = False,
        **facts: object,
    ) -> Value:
        """An array of a group's states, or of its means."""
        content = Content.MEANS if means else Content.STATES
        shape, labels = (rows, self.size(group)), (self.row_label(rows), group)
        levels = self.levels(group, means)
        return self.value(name, content, shape, life, levels=levels, labels=labels, **facts)

    def mean_of(self, group: str, rows: int | str, name: str) -> Value:
        """The scratch array for a group's means."""
        labels = (self.row_label(rows), group)
        return self.shared(name, Content.MEANS, (rows, self.size(group)), labels=labels)

    def eta_of(self, group: str, rows: int | str, name: str = "eta") -> Value:
        """The scratch array for a group's fields, [2, rows, size] of units with a field
        on x² too.
        """
        g = self.group(group)
        shape: tuple[int | str, ...] = (rows, self.size(group))
        what = "chains" if rows != BATCH else ""
        label = "_".join(x for x in (name, identifier(group), what) if x)
        labels = (self.row_label(rows), group)
        if g.square:
            return self.shared(label, Content.FIELD, (2, *shape), labels=("power", *labels))
        return self.shared(label, Content.FIELD, shape, labels=labels)

    def field_parts(self, group: str, eta: Value | Part) -> tuple[Array, ...]:
        """The field on x, and on x² if the type has that statistic."""
        return tuple(
            self.field_part(group, eta, p) for p in ((1, 2) if self.group(group).square else (1,))
        )

    def field_part(self, group: str, eta: Value | Part, power: int) -> Array:
        """The field on x^power."""
        if not self.group(group).square:
            return eta
        return (
            Part(eta.value, eta.rows, power - 1) if isinstance(eta, Part) else View(eta, power - 1)
        )

    def rows_of(self, x: Value) -> int | str:
        """How many rows an array of states has."""
        return x.shape[-2]

    def chain_axis(self, count: int, spread: bool = True) -> int | str:
        """The axis of `count` chains; if they are `spread`, a rank has its share of them."""
        if self.ranks is None or not spread:
            return count
        first, last = share(count, *self.ranks)
        return chain_rows(last - first, count)

    def first_row(self, rows: int | str) -> Number:
        """The number, among those of all ranks, of the first of these rows: draws are keyed by
        it.
        """
        words = str(rows).split()
        if self.ranks is None or not is_spread(rows):
            return Number("0")
        if words[0] == CHAINS:
            first, many = self.number(f"first_of_{words[3]}_chains", "i8"), int(words[5])
        else:
            first, many = self.number("first_case", "i8", per_update=True), length(rows, 1)
        return first if many == 1 else Number(f"{many} * {first}")

    # ------------------------------------------------------------ conditionals

    def mean(self, group: str, eta: Value | Part, out: Array) -> None:
        """out = A′(η)."""
        self._of_units("mean", group, eta, (out,), f"{out} = E[{group} | rest] = A′({eta})")

    def mean_square(self, group: str, eta: Value | Part, out: Array) -> None:
        """out = E[x²] at these fields."""
        self._of_units("mean_square", group, eta, (out,), f"{out} = E[{group}² | rest]")

    def change_of_mean(
        self, group: str, eta: Value, means: Value, change: Array, factor: float, out: Value
    ) -> None:
        """out = factor · A″(η) change: what changes of a group's fields come to in its means."""
        if self._is_of_states(group, means, change, factor, out):
            return
        self.do("set_change", self._slope_of_mean(group, eta), change, factor, out)

    def moved_mean(self, group: str, eta: Value, means: Value, change: Array, out: Value) -> None:
        """out = m + A″(η) change: a group's means after changes of its fields."""
        if self._is_of_states(group, means, change, 1.0, out):
            self.do("add_scaled", means, 1.0, out)
            return
        self.do("move_means", means, self._slope_of_mean(group, eta), change, out)

    def _is_of_states(
        self, group: str, means: Value, change: Array, factor: float, out: Value
    ) -> bool:
        """Whether units are one-of-K: out is then what changes come to in probabilities."""
        if self.group(group).states is None:
            return False
        self.do("copy", change, out)
        if factor != 1.0:
            self.do("rescale", out, factor)
        self.do("change_of_states", means, self.states_of(group), out)
        return True

    def _slope_of_mean(self, group: str, eta: Value) -> Value:
        name = f"slope_of_{identifier(group)}"
        slope = self.shared(name, Content.MEANS, (self.rows_of(eta), self.size(group)))
        formula = f"{slope} = Var[{group} | rest] = A″({eta})"
        self._of_units("variance", group, eta, (slope,), formula)
        return slope

    def base_slope(self, group: str, x: Array, out: Value) -> None:
        """out = d log base(x) / dx of every unit."""
        kind = unit_kind(self.plan, self.group(group), "base_slope")
        self.do(kind, x, out, formula=f"{out} = d log base / dx at {x}")

    def add_log_partition(self, group: str, eta: Value, out: Value) -> None:
        """out += Σ A(η) over a group's units, of every row."""
        each = self.shared(f"A_{identifier(group)}_{out}", Content.FIGURE, out.shape, "f8")
        formula = f"{each} = Σ A({eta}) of {group}, summed over its states"
        self._of_units("log_partition", group, eta, (each,), formula)
        self.do("add_energies", each, 1.0, out)

    def add_log_base(self, group: str, x: Array, out: Value) -> None:
        """out += Σ log base measure over a group's units, of every row; nothing where that is 1."""
        g = self.group(group)
        if g.states is not None or not g.unit.has_base():
            return
        each = self.shared(f"base_{identifier(group)}_{out}", Content.FIGURE, out.shape, "f8")
        kind = unit_kind(self.plan, g, "log_base")
        self.do(kind, x, each, formula=f"{each} = Σ log base measure of {x}")
        self.do("add_energies", each, 1.0, out)

    def draw(
        self,
        group: str,
        eta: Value,
        out: Value,
        stream: int | Number,
        update: Number,
        step: Number,
        seen: Value | None = None,
    ) -> None:
        """Draws a group from its fields, each unit from its conditional."""
        mask = seen if seen is not None else self.free_mask()
        first = self.first_row(self.rows_of(out))
        key = (self.number("seed", "i8"), self.stream(stream), update, step, first)
        self._of_units(
            "draw", group, eta, (mask, *key, out), f"{out} ~ P({group} | rest), from {eta}"
        )

    def draw_between(
        self,
        group: str,
        eta: Value,
        base: tuple[Array, ...],
        beta: Number,
        out: Value,
        stream: int | Number,
        update: Number,
        step: Number,
    ) -> None:
        """Draws a group from fields between those of its base distribution and its own."""
        g = self.group(group)
        first = self.first_row(self.rows_of(out))
        key = (self.number("seed", "i8"), self.stream(stream), update, step, first)
        states = (self.states_of(group),) if g.states is not None else ()
        rest = (*self.field_parts(group, eta), *states, *base, beta, *key, out)
        formula = f"{out} ~ P({group} | rest), from (1 − β) {base[0]} + β {eta}"
        self.do(between_kind(self.plan, g, "draw_between"), *rest, formula=formula)

    def add_change(
        self,
        group: str,
        eta: Value,
        base: tuple[Array, ...],
        low: Number,
        high: Number,
        out: Value,
    ) -> None:
        """out += by how much Σ A grows between two inverse temperatures, of fields between those
        of a group's base distribution and its own.
        """
        g = self.group(group)
        states = (self.states_of(group),) if g.states is not None else ()
        rest = (*self.field_parts(group, eta), *states, *base, low, high, out)
        formula = f"{out} += Σ A((1 − β′) {base[0]} + β′ {eta}) − A((1 − β) {base[0]} + β {eta})"
        self.do(between_kind(self.plan, g, "add_change"), *rest, formula=formula)

    def stream(self, number: int | Number) -> Number:
        """A group's random stream under a name, a constant of the printed routine; a Number is that
        of an argument.
        """
        if isinstance(number, Number):
            return number
        place = number % GROUPS
        name = f"{stream_name(number // GROUPS)}_{identifier(self.plan.model.groups[place].name)}"
        if self.streams.get(name) != number:
            name = self.unused(name)
            self.streams[name] = number
        return Number(name if self._further is None else f"{name} + {GROUPS} * {self._further}")

    @contextmanager
    def streams_further(self, count: Number) -> Iterator[None]:
        """Draws inside take the streams `count` further on, those of chain `count` of a stream
        that goes on without end.
        """
        before, self._further = self._further, count
        yield
        self._further = before

    def free_mask(self) -> Value:
        """The mask that observes nothing."""
        return self.given(EMPTY, Content.MASK, (0, 0), ("nothing", EMPTY))

    def _of_units(
        self, verb: str, group: str, eta: Value | Part, rest: tuple[Operand, ...], formula: str
    ) -> None:
        g = self.group(group)
        kind = unit_kind(self.plan, g, verb)
        states = (self.states_of(group),) if g.states is not None else ()
        self.do(kind, *self.field_parts(group, eta), *states, *rest, formula=formula)

    def states_of(self, group: str) -> Number:
        """The number of states of a group's one-of-K units, an argument of the routine."""
        return self.number(f"states_{identifier(group)}", "i8")

    def power_of(self, group: str, power: int, phase: Phase, rows: int | str) -> Value:
        """x, or E[x²], of a group in a phase's rows."""
        if power == 1:
            return phase.rows[group]
        if group in phase.squares:
            return phase.squares[group]
        out = self.shared(
            f"square_of_{base(phase.rows[group]).name}", Content.MEANS, (rows, self.size(group))
        )
        self.do("square", phase.rows[group], out)
        return out

    # ------------------------------------------------------------ the model's own functions

    def raw(self, parameter: str) -> Value:
        """A parameter with its own axes, as functions of the model's own terms take it."""
        shape = tuple(self.plan.model.parameter(parameter).shape)
        now = self.params[parameter]
        if now.source != ("parameter", parameter):
            return self.reshaped(now, shape, f"p_{parameter}_{self.place}")
        return self.given(f"p_{parameter}", Content.PARAMETER, shape, ("raw", parameter))

    def _tail(self) -> tuple[Value, ...]:
        """Coefficients, lengths, parameters and edges, in the order of a generated function."""
        lists = [
            self.given(name, Content.CONSTANT, (-1,), (name,), number)
            for name, number in (("k", "f8"), ("n", "i8"))
        ]
        params = (self.raw(p.name) for p in self.plan.model.parameters)
        edges = (
            self.given(f"edges_{g.name}", Content.CONSTANT, (-1, 2), ("edges", g.name), "i8")
            for g in self.plan.model.graphs
        )
        return (*lists, *params, *edges)

    def do_of_parameters(self, kind: Kind, out: Array) -> None:
        """An op that builds an array from the parameters."""
        self.do(kind, out, *self._tail())

    def do_of_gradient(self, kind: Kind, moment: Array, factor: Number, gradient: Gradient) -> None:
        """An op that adds what a moment gives to the gradients."""
        grads = []
        for p in self.plan.model.parameters:
            name, source = f"d_{p.name}_raw", ("raw gradient", p.name)
            made = self.given(name, Content.GRADIENT, tuple(p.shape), source, life=Life.KEPT)
            grads.append(made)
        self.do(kind, moment, factor, *grads, *self._tail())

    # ------------------------------------------------------------ words

    def literal(self, choice: Choice, name: str) -> Number:
        """An option of a word, as a literal."""
        return Number(repr(choice[name]))
