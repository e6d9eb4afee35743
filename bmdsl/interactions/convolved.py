"""Convolutions: two groups that meet through one parameter, shared over sites.

    −E holds Σ_sites Σ_kr W[k, r] y[k, site] x[r, site],

each group's states seen as a matrix [row, site] by runs of columns, found once sizes are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ..language.letters import grid_columns, place_of
from ..plan.contraction import Letters
from ..plan.even_runs import even_runs
from ..plan.multiway import Contraction
from ..schedule.builder import Builder, Gradient, NotScheduled, Phase
from ..schedule.group_arrays import product_of
from ..schedule.values import Array, Content, Folded, Number, Part, Value
from .moments import folded, times
from .tensor import axes_constant


@dataclass(frozen=True)
class Convolved:
    """The coupling of two groups by a parameter that serves many sites."""

    contraction: Contraction

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose units it couples."""
        return self.contraction.groups

    @property
    def _ends(self) -> tuple[str, str]:
        """The group that index arithmetic reaches, and the other."""
        c = self.contraction
        a, b = sorted(self.groups, key=lambda n: c.unfolded[self.groups.index(n)] is None)
        return a, b

    def _lengths(self, b: Builder) -> dict[str, int | str]:
        return lengths_of(b, self.contraction)

    def _kept(self, group: str) -> Letters:
        """The letters of a group that the parameter has."""
        letters = self.contraction.letters[self.groups.index(group)]
        return tuple(x for x in letters if x in self.contraction.parameter_letters[0])

    def _runs(self, b: Builder, group: str) -> Value:
        """How a group's states become a matrix [row, site]; no runs where they are this matrix."""
        key = ("runs", self.contraction.parameters[0], group)
        if key not in b.lasting:
            c, lengths = self.contraction, self._lengths(b)
            if any(isinstance(n, str) for n in lengths.values()):
                b.lasting[key] = b.constant(f"runs_{group}", None, ("runs", 5))
                return b.lasting[key]
            known = {x: int(n) for x, n in lengths.items()}
            rows, letters = self._kept(group), (*self._kept(group), *c.sites)
            own = c.letters[self.groups.index(group)]
            unfolding = c.unfolded[self.groups.index(group)]
            if unfolding is not None:
                columns = grid_columns(place_of(unfolding, b.plan.axes(group)), letters, known)
            else:
                plain = np.arange(prod(b.plan.axes(group))).reshape([known[x] for x in own])
                columns = plain.transpose([own.index(x) for x in letters])
            table = columns.reshape(prod(known[x] for x in rows), -1)
            b.lasting[key] = b.constant(f"runs_{group}", even_runs(table))
        return b.lasting[key]

    def _sites(self, b: Builder) -> Number:
        lengths = self._lengths(b)
        name = f"sites_{self.contraction.parameters[0]}"
        return b.length(name, product_of(lengths[x] for x in self.contraction.sites))

    def _shape(self, b: Builder) -> tuple[int | str, int | str]:
        lengths, (first, second) = self._lengths(b), self._ends
        sides = (product_of(lengths[x] for x in self._kept(n)) for n in (second, first))
        return next(sides), next(sides)

    def _axes(self, b: Builder, back: bool) -> Value | None:
        """The order of axes from the parameter's to [second group, first group], or `back`; None if
        it is the same.
        """
        lengths, bound = self._lengths(b), self.contraction.parameter_letters[0]
        matrix = (*self._kept(self._ends[1]), *self._kept(self._ends[0]))
        have, want = (matrix, bound) if back else (bound, matrix)
        if [x for x in have if lengths[x] != 1] == [x for x in want if lengths[x] != 1]:
            return None
        return axes_constant(b, have, want, lengths)

    def _matrix(self, b: Builder) -> Array:
        """The parameter as [second group, first group]."""
        name, shape = self.contraction.parameters[0], self._shape(b)
        if self._axes(b, False) is None:
            return folded(b, b.params[name], shape[1])
        return b.shared(f"{name}_matrix", Content.MATRIX, shape)

    def prepare(self, b: Builder) -> None:
        """Brings the parameter's axes into the order of a matrix between the two groups."""
        axes = self._axes(b, False)
        if axes is not None:
            w = b.params[self.contraction.parameters[0]]
            b.do("permute", Folded(w), axes, Folded(self._matrix(b)))  # type: ignore[arg-type]  # values, no views of fields

    def add_field(
        self, b: Builder, target: str, phase: Phase, eta: Value | Part, rows: int | str
    ) -> None:
        """η += scale · W ∗ x, or Wᵀ."""
        first, second = self._ends
        other = second if target == first else first
        into = b.field_part(target, eta, 1)
        b.do(
            "convolve",
            phase.rows[other],
            self._runs(b, other),
            self._matrix(b),
            int(target == first),
            self._sites(b),
            self._runs(b, target),
            self.contraction.scale,
            into,
        )

    def add_moment(self, b: Builder, phase: Phase, gradient: Gradient, factor: float) -> None:
        """gradient += factor · scale · ⟨Σ over sites of y ⊗ x⟩."""
        first, second = self._ends
        if phase.by_state is not None and phase.by_state.unit in self.groups:
            raise NotScheduled("a posterior by states of a unit that a convolution reaches")
        name, shape, axes = self.contraction.parameters[0], self._shape(b), self._axes(b, True)
        grad, scale = gradient[name], times(factor * self.contraction.scale, phase.share)
        if axes is None:
            into: Array = folded(b, grad, shape[1])
        else:
            into = b.shared(f"S_{name}", Content.MOMENT, shape)
            b.do("clear", into)
        weights = phase.weights if phase.weights is not None else no_weights(b)
        b.do(
            "add_convolved_moment",
            phase.rows[second],
            self._runs(b, second),
            phase.rows[first],
            self._runs(b, first),
            self._sites(b),
            weights,
            scale,
            into,
        )
        if axes is not None:
            b.do("add_permuted", Folded(into), axes, 1.0, Folded(grad))  # type: ignore[arg-type]  # values, no views of fields


def lengths_of(b: Builder, contraction: Contraction) -> dict[str, int | str]:
    """Letter → length, as text while it has no value."""
    letters = b.plan.model.terms[contraction.term].letters
    return {x.name: product_of((x.stop,)) for x in letters}


def no_weights(b: Builder) -> Value:
    """Weights of rows that all weigh the same: an array without entries."""
    name = "same_weights"
    return b.given(name, Content.WEIGHTS, (0,), ("nothing", name))
