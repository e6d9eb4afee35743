"""The builder: words of a train block compose ops with it, and a schedule comes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..language.model import Choice
from ..plan.identifiers import identifier
from ..plan.plan import Plan
from ..plan.streams import GROUPS, stream_name
from .group_arrays import GroupArrays
from .ops import Kind
from .phase import Gradient, Phase
from .unit_ops import between_kind, unit_kind
from .values import Array, Content, Life, Number, Operand, Part, Value, base

__all__ = ["Builder", "Gradient", "NotScheduled", "Phase"]

EMPTY = "free"
"""The mask of a draw that leaves every unit free: an array without rows."""


class NotScheduled(Exception):
    """Raised for what no op carries out; the message says what that is."""


class Builder(GroupArrays):
    """Composes the ops of one routine of a plan, in the words of the field: fields,
    means, draws.
    """

    def __init__(self, plan: Plan, name: str, summary: str) -> None:
        super().__init__(plan, name, summary)
        self.shared_streams: set[str] = set()
        """Streams that more than one draw of an update uses."""
        self._further: Number | None = None

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
