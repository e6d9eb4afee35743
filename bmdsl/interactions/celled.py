"""Terms of a lattice without a list of couplings: what couples to a unit follows from where it
stands.

Fields, moments and energies are those of `listed`, which has the same couplings written out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..plan.plan import Plan
from ..plan.stencils import has_values_apart
from ..schedule.builder import Builder, Gradient, Phase
from ..schedule.module_ops import module_kind
from ..schedule.values import BATCH, Content, Life, Number, Operand, Part, Value
from .listed import cells, columns, listed_of, offset, prepare_cells, word_of_joined

COPIES = 8
"""Sums of their own that blocks of units have of moments which couplings share."""


@dataclass(frozen=True)
class Celled:
    """The terms of a lattice whose units are of the same groups."""

    terms: tuple[int, ...]
    groups: tuple[str, ...]
    """The group of each of their units, in the model's order."""

    def prepare(self, b: Builder) -> None:
        """The values of all couplings, those that are alike once."""
        prepare_cells(b)

    def add_field(
        self, b: Builder, target: str, phase: Phase, eta: Value | Part, rows: int | str
    ) -> None:
        """η += Σ over the target's couplings of value · Π of the other units."""
        rest = list(self.groups)
        rest.remove(target)
        states_of = {n: phase.rows[n] for n in dict.fromkeys(rest)}
        x = all_columns(b, states_of, rows, word_of_joined(target, eta))
        into = b.field_part(target, eta, 1)
        b.do("add_fields_of_cells", x, states(b, target), *cells(b, target, self.terms), into)

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · Σ over couplings of ⟨Π of the coupling's units⟩ ∂value/∂θ."""
        x, rows = self._rows(b, phase)
        w = phase.weights or b.given(
            "ones" if rows == BATCH else "ones_of_chains",
            Content.CONSTANT,
            (rows,),
            ("ones", str(rows)),
        )
        for t in self.terms:
            copies = copies_of(b.plan, t)
            source = ("moment parts", str(t), str(copies))
            facts = Content.MOMENT, (-1,), source, "f8", Life.SCRATCH
            parts = b.given(f"parts_{t}", *facts)
            moment = b.given(
                f"moment_{t}", Content.MOMENT, (-1,), ("alike moment", str(t)), life=Life.SCRATCH
            )
            b.do("begin_energies", parts)
            for n in dict.fromkeys(self.groups):
                where = offset(b, n), states(b, n), first_value(b, t)
                structure = tuple(cells(b, n, (t,)))[:-1]
                b.do("add_moments_of_cells", x, w, *where, *structure, copies, parts)
            b.do("sum_copies", parts, copies, phase.share, moment)
            kind = module_kind(b.plan, ("collect_alike", t), "moment", axes=1)
            b.do_of_gradient(kind, moment, Number(repr(factor)), gradient)

    def add_minus_energy(self, b: Builder, phase: Phase, out: Value) -> None:
        """out += Σ over couplings of value · Π of their units of every row."""
        x, _ = self._rows(b, phase)
        for n in dict.fromkeys(self.groups):
            where = offset(b, n), states(b, n)
            b.do("add_energies_of_cells", x, *where, *cells(b, n, self.terms), out)

    def _rows(self, b: Builder, phase: Phase) -> tuple[Value | Part, int | str]:
        names = tuple(dict.fromkeys(self.groups))
        rows = b.rows_of(phase.rows[names[0]])
        return all_columns(b, {n: phase.rows[n] for n in names}, rows, "rows_joined"), rows


def celled_of(plan: Plan) -> tuple[Celled, ...]:
    """The listed terms of a plan that is a lattice, those of the same groups together."""
    return tuple(Celled(x.terms, x.groups) for x in listed_of(plan))


def copies_of(plan: Plan, t: int) -> int:
    """In how many parts a term's moments are summed."""
    return 1 if has_values_apart(plan.model, plan.model.terms[t]) else COPIES


def states(b: Builder, group: str) -> Operand:
    """How many numbers a unit of the group has."""
    return b.states_of(group) if b.group(group).states is not None else Number("1")


def first_value(b: Builder, t: int) -> Number:
    """Where a term's values begin among those of all."""
    return Number("0") if t == b.plan.listed[0] else b.number(f"first_alike_{t}", "i8")


def all_columns(
    b: Builder, rows_of: Mapping[str, Value], rows: int | str, word: str
) -> Value | Part:
    """[rows, columns of all listed groups], those of other groups 0; the group's own array where it
    is the only one.
    """
    if len(b.plan.listed_groups) == 1:
        return next(iter(rows_of.values()))
    word += "" if rows == BATCH else "_chains"
    whole = b.shared(word, Content.STATES, (rows, columns(b)))
    x = next(iter(rows_of.values()))
    into = Part(whole, x.rows) if isinstance(x, Part) else whole
    b.do("clear", into)
    for name, own in rows_of.items():
        b.do("join", own, offset(b, name), into)
    return into
