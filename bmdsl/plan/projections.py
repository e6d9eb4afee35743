"""Experts as entry lists: which entry of a projection is which product of parameters.

A term s_j f(M_j x + c_j) has a matrix M, constants c and strengths s whose entries are products of
parameters' entries, whatever letters the text has. An entry list says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from ..language.diagnostics import fail
from ..language.letters import nest_of, place_of, table
from ..language.model import Length, Letter, Term
from .plan import Plan

Array = np.ndarray
MAX_ENTRIES = 1 << 24
"""Most entries of one projection."""


@dataclass(frozen=True)
class Factor:
    """A parameter of an addend: which of its entries stands at each of the addend's, [entries]."""

    parameter: str
    power: int
    places: Array


@dataclass(frozen=True)
class Entries:
    """coefficient · Π parameters at every setting of an addend's letters: which expert, and which
    column of its unit's group (0 if it has no unit).
    """

    coefficient: float
    expert: Array
    column: Array
    factors: tuple[Factor, ...]


@dataclass(frozen=True)
class Projection:
    """The letters of one term with an expert; sizes may be unknown."""

    plan: Plan
    number: int

    @property
    def term(self) -> Term:
        """The term as it was checked."""
        return self.plan.model.terms[self.number]

    @cached_property
    def functions(self) -> tuple[tuple[str, float], ...]:
        """The functions from inside out, each with the number that its argument is multiplied
        by.
        """
        chain: list[tuple[str, float]] = []
        inner = self.term.expert
        assert inner is not None
        while inner.inner is not None:
            chain.insert(0, (inner.function, inner.coefficient))
            inner = inner.inner
        return ((inner.function, 1.0), *chain)

    @cached_property
    def addends(self) -> tuple[Term, ...]:
        """What the innermost function is of, each with at most one unit."""
        inner = self.term.expert
        assert inner is not None
        while inner.inner is not None:
            inner = inner.inner
        return inner.addends

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups whose units it sees."""
        return tuple(dict.fromkeys(u.group for a in self.addends for u in a.units))

    @property
    def strength(self) -> Term:
        """The factors that an expert is multiplied by, as an addend."""
        t = self.term
        return Term(t.coefficient, t.parameters, (), (), (), None, "", t.span)

    @cached_property
    def lengths(self) -> tuple[Length, ...]:
        """How many experts each letter of the term counts."""
        return _lengths(self.term.letters)

    def lengths_of(self, addend: Term) -> tuple[Length, ...]:
        """The lengths of an addend's letters, the term's first."""
        return (*self.lengths, *_lengths(addend.letters))

    @property
    def is_bound(self) -> bool:
        """Whether all sizes are known."""
        sizes = [n for a in self.addends for n in self.lengths_of(a)]
        sizes += [n for g in self.groups for n in self.plan.group(g).axes]
        return all(isinstance(n, int) for n in sizes)

    def entries(self, addend: Term) -> Entries:
        """The entry list of an addend whose sizes are known.

        Raises BM861 if it is longer than MAX_ENTRIES.
        """
        letters = (*self.term.letters, *addend.letters)
        lengths = [int(n) for n in self.lengths_of(addend)]
        total = prod(lengths)
        if total > MAX_ENTRIES:
            raise fail(
                "BM861",
                f"the projection of this expert has {total:,} entries, at most {MAX_ENTRIES:,} are"
                " possible",
                self.term.span,
            )
        model = self.plan.model
        at = table(model, nest_of(replace(addend, letters=letters))).letters
        expert = np.arange(total) // prod(lengths[len(self.term.letters) :])
        column, inside = np.zeros(total, np.int64), np.ones(total, bool)
        for u in addend.units:
            place, there = place_of(u.subscripts, self.plan.axes(u.group)).columns(at)
            column, inside = np.full(total, place), inside & there
        factors = []
        for p in addend.parameters:
            place, _ = place_of(p.subscripts, model.parameter(p.parameter).shape).columns(at)
            factors.append(Factor(p.parameter, p.power, np.full(total, place)[inside]))
        return Entries(addend.coefficient, expert[inside], column[inside], tuple(factors))

    def growth(self) -> tuple[int, float]:
        """Far out f(u) ≈ factor · |u|^degree (0: slower than any power): (degree, factor)."""
        (first, _), *chain = self.functions
        degree, factor = {"square": 2, "log1p": 0}.get(first, 1), 1.0
        for name, coefficient in chain:
            factor *= coefficient
            if name == "log1p":
                degree = 0
            elif name == "square":
                degree, factor = 2 * degree, factor**2
            else:
                factor = max(factor, 0.0) if name == "softplus" else abs(factor)
        return degree, factor


def _lengths(letters: Sequence[Letter]) -> tuple[Length, ...]:
    return tuple(x.stop if isinstance(x.stop, str) else x.stop - x.start for x in letters)


def projections_of(plan: Plan) -> tuple[Projection, ...]:
    """The plan's experts, in the order of its terms."""
    return tuple(Projection(plan, n) for n in plan.experts)
