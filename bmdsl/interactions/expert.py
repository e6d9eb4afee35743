"""Experts: −E holds −Σ_j s_j f(u_j), u = c + Σ x M over the groups that it sees.

M, c and s are built from parameters' entries once an update. An expert has no field: its units are
drawn by ops of their own (`schedule/routines/experts.py`). With u at hand,

    ∂(−E)/∂s_j = −f(u_j),    ∂(−E)/∂u_j = −s_j f′(u_j),    ∂u_j/∂M_pj = x_p.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..language.model import Term
from ..plan.plan import Plan
from ..plan.projections import Projection, projections_of
from ..schedule.builder import Builder, Gradient, Phase
from ..schedule.group_arrays import product_of
from ..schedule.values import BATCH, Content, Value
from .dense import product
from .moments import add_pair_moment, add_row_moment


@dataclass(frozen=True)
class Experts:
    """The experts of one term."""

    projection: Projection

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose units they see."""
        return self.projection.groups

    def count(self) -> int | str:
        """How many there are; text while a length has no value."""
        return product_of(self.projection.lengths)

    # ------------------------------------------------------------ arrays

    def _array(self, b: Builder, word: str, content: Content, first: int | str = 1) -> Value:
        key = ("expert", self.projection.number, word)
        return b.shared(word, content, (first, self.count()), key=key)

    def matrix(self, b: Builder, group: str) -> Value:
        """M of a group's units, [size, experts]."""
        return self._array(b, f"M_{group}", Content.MATRIX, b.size(group))

    def constants(self, b: Builder) -> Value:
        """c, one row."""
        return self._array(b, "c_of_experts", Content.BIAS)

    def strengths(self, b: Builder) -> Value:
        """s, one row."""
        return self._array(b, "s_of_experts", Content.BIAS)

    def _entries(self, b: Builder) -> Iterator[tuple[Term, Value, str]]:
        """Every addend with the array that its entries belong to, and a name for their list; the
        strengths last.
        """
        for k, addend in enumerate(self.projection.addends):
            word = f"{self.projection.number}_{k}"
            group = addend.units[0].group if addend.units else None
            yield addend, self.constants(b) if group is None else self.matrix(b, group), word
        word = f"{self.projection.number}_strength"
        yield self.projection.strength, self.strengths(b), word

    def _lists(self, b: Builder, addend: Term, out: Value, word: str) -> Lists:
        """An addend's entries as constants of the routine, the same ones whenever they are asked
        for.
        """
        p, factors = self.projection, addend.parameters
        long, known = product_of(p.lengths_of(addend)), None
        if p.is_bound and (f"slots_{word}",) not in b.lasting:
            known = p.entries(addend)
            long = len(known.expert)

        def constant(name: str, array: np.ndarray | None) -> Value:
            if (name,) not in b.lasting:
                b.lasting[name,] = b.constant(name, array, (long,))
            return b.lasting[name,]

        slots = None if known is None else known.column * int(out.shape[1]) + known.expert
        made = constant(f"slots_{word}", slots)
        places = [
            constant(
                f"places_{f.parameter}_{word}", None if known is None else known.factors[k].places
            )
            for k, f in enumerate(factors)
        ]
        powers = tuple((f.parameter, f.power, x) for f, x in zip(factors, places, strict=True))
        return Lists(addend.coefficient, made, powers)

    # ------------------------------------------------------------ what an interaction does

    def prepare(self, b: Builder) -> None:
        """Builds M, c and s from the parameters."""
        for x in (self.constants(b), self.strengths(b), *(self.matrix(b, n) for n in self.groups)):
            b.do("clear", x)
        for addend, out, word in self._entries(b):
            lists = self._lists(b, addend, out, word)
            values = lists.products(b)
            b.do("add_entries", values, lists.slots, out)

    def arguments(self, b: Builder, phase: Phase, rows: int | str, word: str = "u") -> Value:
        """u of every row, [rows, experts]."""
        name = f"{word}_{self.projection.number}" + ("" if rows == BATCH else "_chains")
        u = b.shared(name, Content.PROJECTION, (rows, self.count()))
        b.do("set_rows", self.constants(b), u)
        for n in self.groups:
            product(b, phase.rows[n], self.matrix(b, n), True, 1.0, u)
        return u

    def _functions(self, b: Builder, u: Value) -> tuple[Value, Value]:
        """f(u) and f′(u)."""
        value, slope = (b.shared(f"{n}_of_{u}", Content.PROJECTION, u.shape) for n in ("f", "df"))
        b.do("begin_functions", u, value, slope)
        for name, scale in self.projection.functions:
            b.do(f"apply_{name}", scale, value, slope)
        return value, slope

    def add_minus_energy(self, b: Builder, phase: Phase, out: Value, rows: int | str) -> None:
        """out −= Σ_j s_j f(u_j) of every row."""
        value, _ = self._functions(b, self.arguments(b, phase, rows))
        energy = b.shared(f"E_{self.projection.number}", Content.FIGURE, out.shape, "f8")
        b.do("begin_energies", energy)
        b.do("add_row_dots", value, self.strengths(b), energy)
        b.do("add_energies", energy, -1.0, out)

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · ⟨∂(−E)/∂θ⟩ by way of the moments of u."""
        rows = b.rows_of(phase.rows[self.groups[0]])
        value, slope = self._functions(b, self.arguments(b, phase, rows))
        b.do("scale_columns", slope, self.strengths(b))
        for addend, out, word in self._entries(b):
            if not addend.parameters:
                continue
            lists = self._lists(b, addend, out, word)
            name = f"S_{word}"
            found = b.shared(name, Content.MOMENT, out.shape, key=("expert", name))
            b.do("clear", found)
            if addend.units:
                x = phase.rows[addend.units[0].group]
                add_pair_moment(b, phase, x, slope, found, -factor)
            else:
                of_strength = addend is self.projection.strength or word.endswith("strength")
                add_row_moment(b, phase, value if of_strength else slope, found, -factor)
            for k, (parameter, _, places) in enumerate(lists.powers):
                weights = lists.products(b, leave=k)
                into = gradient[parameter]
                b.do("add_entry_moments", found, lists.slots, weights, places, 1.0, into)


@dataclass(frozen=True)
class Lists:
    """The entry lists of one addend as arguments of a routine."""

    coefficient: float
    slots: Value
    powers: tuple[tuple[str, int, Value], ...]
    """Parameter, power and places of every factor."""

    def products(self, b: Builder, leave: int | None = None) -> Value:
        """The entries; with `leave`, their derivatives by that factor."""
        key = ("entries", self.slots.name, leave, b.place)
        out = b.shared(f"entries_{self.slots}", Content.CONSTANT, self.slots.shape, "f8", key=key)
        formula = f"{out} = {self.coefficient:g}"
        b.do("begin_products", self.coefficient, out, formula=formula)
        for k, (parameter, power, places) in enumerate(self.powers):
            if k != leave:
                b.do("times_entries", b.params[parameter], places, power, out)
            elif power != 1:
                b.do("times_slopes", b.params[parameter], places, power, out)
        return out


def experts_of(plan: Plan) -> tuple[Experts, ...]:
    """The plan's terms with experts, in order."""
    return tuple(Experts(p) for p in projections_of(plan))
