"""Terms of one unit: −E holds Σ_p b[p] x[p], or x²; b is a parameter itself, or is built from
parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..language.forms import Form
from ..plan.plan import GroupPlan, Plan, pairs_itself
from ..schedule.builder import Builder, Gradient, Phase
from ..schedule.module_ops import module_kind
from ..schedule.values import Content, Number, Part, Value, View
from .moments import add_row_moment


@dataclass(frozen=True)
class Bias:
    """The field on x^power of a group that no other unit changes."""

    group: str
    power: int
    terms: tuple[tuple[float, str | None], ...]
    """Of every term its coefficient, and the parameter that is this very field."""
    shared: bool = False
    """Whether pairs of units with themselves are part of this field too."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The group whose units it acts on."""
        return (self.group,)

    @property
    def direct(self) -> str | None:
        """The parameter that is the bias, with nothing to multiply or add."""
        whole = len(self.terms) == 1 and self.terms[0][0] == -1.0 and not self.shared
        return self.terms[0][1] if whole else None

    @property
    def listed(self) -> bool:
        """Whether every term is a parameter times a number."""
        return all(name is not None for _, name in self.terms)

    def row(self, b: Builder) -> Value:
        """The array of the bias, one row."""
        if self.direct is not None:
            return b.params[self.direct]
        word = f"bias_{self.group}" + ("2" if self.power == 2 else "")
        return b.shared(word, Content.BIAS, (1, b.size(self.group)), key=(self.group, self.power))

    def prepare(self, b: Builder) -> None:
        """Builds the bias from the parameters if it is none itself."""
        if self.direct is not None:
            return
        row = self.row(b)
        b.do("clear", row)
        if self.listed:
            for coefficient, name in self.terms:
                b.do("add_scaled", b.params[str(name)], -coefficient, row)
        else:
            key = ("bias", self.group, self.power)
            b.do_of_parameters(module_kind(b.plan, key, "out", axes=1), View(row, 0))

    def set_field(self, b: Builder, eta: Value | Part) -> None:
        """Every row of η is the bias."""
        b.do("set_rows", self.row(b), b.field_part(self.group, eta, self.power))

    def add_minus_energy(self, b: Builder, phase: Phase, out: Value, rows: int | str) -> None:
        """out += Σ_p b[p] x[p] of every row."""
        if self.terms or self.shared:
            x = b.power_of(self.group, self.power, phase, rows)
            b.do("add_row_dots", x, self.row(b), out)

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · ⟨x^power⟩."""
        if self.listed:
            for coefficient, name in self.terms:
                into = gradient[str(name)]
                add_power_moment(b, phase, self.group, self.power, into, -coefficient * factor)
            return
        moment = b.shared(f"s_{self.group}", Content.MOMENT, (1, b.size(self.group)))
        b.do("clear", moment)
        add_power_moment(b, phase, self.group, self.power, moment, 1.0)
        kind = module_kind(b.plan, ("collect", self.group, self.power), "moment", axes=1)
        b.do_of_gradient(kind, View(moment, 0), Number(repr(factor)), gradient)


def own_power(plan: Plan, g: GroupPlan) -> int:
    """The power of x that a unit's pair with itself is a field on; 0 if there is no such pair, or
    none of its fields.
    """
    if not g.lateral or not pairs_itself(plan, g.name):
        return 0
    power = g.unit.reduces.get(2, 2)
    return power if power == 1 or (power == 2 and g.square) else 0


def add_power_moment(
    b: Builder, phase: Phase, group: str, power: int, out: Value, factor: float
) -> None:
    """out += factor · ⟨x^power⟩, a row."""
    x = b.power_of(group, power, phase, b.rows_of(phase.rows[group]))
    add_row_moment(b, phase, x, out, factor)


def biases_of(plan: Plan) -> tuple[Bias, ...]:
    """The biases of every group, zero ones too: each unit has a field."""
    wanted = {1: Form.BIAS, 2: Form.SQUARE}
    out = []
    for g in plan.groups:
        for power in (1, 2) if g.square else (1,):
            found = (
                f for f in plan.forms if f.form is wanted[power] and f.units[0].group == g.name
            )
            terms = tuple((-f.scale, f.array) for f in found)
            out.append(Bias(g.name, power, terms, own_power(plan, g) == power))
    return tuple(out)
