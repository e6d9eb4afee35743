"""Dense couplings within a group: −E holds ½ Σ_pq S[p, q] x[p] x[q], S symmetric without couplings
of a unit with itself.

S is built from parameters once an update. A unit's pair with itself is a statistic of that unit, so
it is part of the unit's field: on x if x² = x, on x² if the type has that statistic, a constant if
x² = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..plan.plan import Plan, pairs_itself
from ..schedule.builder import Builder, Gradient, Phase
from ..schedule.code_ops import room
from ..schedule.module_ops import module_kind
from ..schedule.values import Content, Number, Part, Value
from .bias import Bias, add_power_moment, own_power
from .dense import product
from .moments import add_pair_moment


@dataclass(frozen=True)
class Lateral:
    """The coupling of a group's units with one another by a matrix."""

    group: str
    own: Bias | None
    """The field that a unit's pair with itself is part of; None if there is no such pair or field.
    """
    itself: bool
    """Whether a term may pair a unit with itself."""

    @property
    def groups(self) -> tuple[str, str]:
        """The group, once for either unit of a pair."""
        return self.group, self.group

    @property
    def key(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """What the plan knows the coupling by."""
        return (self.group, 1), (self.group, 1)

    def matrix(self, b: Builder) -> Value:
        """The array of S."""
        size = b.size(self.group)
        labels = (self.group, self.group)
        name = f"M_{self.group}_{self.group}"
        return b.shared(name, Content.MATRIX, (size, size), labels=labels, key=self.key)

    def rows(self, b: Builder) -> Value:
        """The array of S for one-of-K units, a row for each unit and state of every other."""
        g, size = b.group(self.group), b.size(self.group)
        shape: tuple[int | str, int | str] = (f"units of {g.name}", f"rows of {g.name}")
        if isinstance(size, int) and isinstance(g.states, int):
            shape = size // g.states, room(size // g.states, g.states)
        return b.shared(f"C_{self.group}", Content.MATRIX, shape)

    def prepare(self, b: Builder) -> None:
        """S from the parameters; its diagonal goes to the units' own fields."""
        matrix = self.matrix(b)
        b.do("clear", matrix)
        b.do_of_parameters(module_kind(b.plan, ("couple", self.key), "out"), matrix)
        if self.own is not None:
            b.do("add_diagonal", matrix, self.own.row(b))
        b.do("fold_pairs", matrix, states(b, self.group))
        if b.group(self.group).coupled_by_code:
            b.do("rows_by_code", matrix, states(b, self.group), self.rows(b))

    def add_field(
        self, b: Builder, target: str, phase: Phase, eta: Value | Part, rows: int | str
    ) -> None:
        """η += x S."""
        into = b.field_part(target, eta, 1)
        product(b, phase.rows[target], self.matrix(b), True, 1.0, into)

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · Σ_pq ⟨x[p] x[q]⟩ ∂M[p, q]/∂θ, M being the matrix in the order of the
        terms.
        """
        x = phase.rows[self.group]
        moment = b.shared(f"S_{self.group}_{self.group}", Content.MOMENT, self.matrix(b).shape)
        b.do("clear", moment)
        add_pair_moment(b, phase, x, x, moment, 1.0)
        if self.itself:
            row = b.shared(f"s_{self.group}", Content.MOMENT, (1, b.size(self.group)))
            b.do("clear", row)
            if (
                self.own is not None
            ):  # else x² is a constant, whose gradient is the same in both phases
                add_power_moment(b, phase, self.group, self.own.power, row, 1.0)
            b.do("set_diagonal", row, states(b, self.group), moment)
        kind = module_kind(b.plan, ("collect", self.key), "moment")
        b.do_of_gradient(kind, moment, Number(repr(factor)), gradient)


def states(b: Builder, group: str) -> Number:
    """The number of a unit's columns: its states if it is one-of-K, else 1."""
    return b.states_of(group) if b.group(group).states is not None else Number("1")


def laterals_of(plan: Plan, biases: tuple[Bias, ...]) -> tuple[Lateral, ...]:
    """The matrices within groups."""
    out = []
    for g in plan.groups:
        if g.lateral:
            power = own_power(plan, g)
            own = next((x for x in biases if (x.group, x.power) == (g.name, power)), None)
            out.append(Lateral(g.name, own, pairs_itself(plan, g.name)))
    return tuple(out)
