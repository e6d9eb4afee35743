"""Experts bound to sizes: terms s_j f(M_j x + c_j) of a linear projection of units (Hinton 2002;
Welling, Hinton & Osindero 2003).

Energies, slopes in x and gradients follow from f and f′ alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from ..language.model import Term
from ..plan.plan import Plan
from ..plan.projections import Entries, Projection, projections_of
from ..schedule.expert_energies import value_and_slope

Array = np.ndarray
State = Mapping[str, Array]
POINTS = 129
"""Points of an expert's argument at which its slope is looked at."""


@dataclass(frozen=True)
class Products:
    """An entry list with the values of its entries at some parameters."""

    of: Entries
    has_unit: bool

    def values(self, params: Mapping[str, Array], leave: int | None = None) -> Array:
        """The products; with `leave`, their derivative by that factor."""
        out = np.full(len(self.of.expert), self.of.coefficient)
        for m, f in enumerate(self.of.factors):
            x = params[f.parameter].ravel()[f.places].astype(np.float64)
            out *= f.power * x ** (f.power - 1) if m == leave else x**f.power
        return out

    def spread(
        self, weight: Array, params: Mapping[str, Array], out: Mapping[str, Array], scale: float
    ) -> None:
        """out[θ] += scale · Σ weight · d(product)/dθ, `weight` one number an entry."""
        for m, f in enumerate(self.of.factors):
            into = out[f.parameter]
            made = np.bincount(f.places, weight * self.values(params, m), into.size)
            into += (scale * made).reshape(into.shape).astype(into.dtype)


class BoundExpert:
    """One term with an expert.

    `groups` are those its argument reads, `begin` where each begins in the joined state.
    """

    def __init__(self, projection: Projection) -> None:
        self.projection, self.plan = projection, projection.plan
        self.number, self.term = projection.number, projection.term
        self.names = tuple(name for name, _ in projection.functions)
        self.coefficients = tuple(scale for _, scale in projection.functions)
        self.groups = projection.groups
        self.begin, self.size = {}, 0
        for n in self.groups:
            self.begin[n] = self.size
            self.size += self.plan.group(n).size
        self.count = prod(int(n) for n in projection.lengths)
        self.addends = tuple(self._products(a) for a in projection.addends)
        self.strength = self._products(projection.strength)

    def _products(self, addend: Term) -> Products:
        found = self.projection.entries(addend)
        if addend.units:
            found = replace(found, column=found.column + self.begin[addend.units[0].group])
        return Products(found, bool(addend.units))

    def arrays(self, params: Mapping[str, Array], dtype: np.dtype) -> tuple[Array, Array, Array]:  # type: ignore[type-arg]
        """M [experts, columns], c [experts], s [experts]."""
        matrix, constant = np.zeros(self.count * self.size), np.zeros(self.count)
        for e in self.addends:
            if e.has_unit:
                slots = e.of.expert * self.size + e.of.column
                matrix += np.bincount(slots, e.values(params), matrix.size)
            else:
                constant += np.bincount(e.of.expert, e.values(params), self.count)
        strength = self.strength.values(params)
        return (
            matrix.reshape(self.count, self.size).astype(dtype),
            constant.astype(dtype),
            strength.astype(dtype),
        )

    def joined(self, state: State) -> Array:
        """The groups' states side by side, [rows, columns]."""
        parts = [state[n] for n in self.groups]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def value_and_slope(self, u: Array) -> tuple[Array, Array]:
        """f and f′ at arguments u, functions inside functions."""
        return value_and_slope(self.names, self.coefficients, u)

    def steepness(
        self, arrays: tuple[Array, Array, Array], name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        """How steeply the energy goes in each of a group's columns at most, [size], where units
        reach ± `reach`; the least of one expert that is not 0.
        """
        matrix, constant, strength = (x.astype(np.float64) for x in arrays)
        wide = np.concatenate([np.full(self.plan.group(n).size, reach[n]) for n in self.groups])
        far = np.abs(constant) + np.abs(matrix) @ wide
        steepest = np.abs(self.value_and_slope(np.linspace(-1, 1, POINTS)[:, None] * far)[1]).max(0)
        lo = self.begin[name]
        slopes = np.abs(strength * steepest)[:, None] * np.abs(
            matrix[:, lo : lo + self.plan.group(name).size]
        )
        return slopes.sum(0), float(slopes[slopes > 1e-6].min(initial=np.inf))

    def energy(self, arrays: tuple[Array, Array, Array], state: State) -> Array:
        """Σ_j s_j f(M_j x + c_j): [rows], float64."""
        matrix, constant, strength = arrays
        u = (self.joined(state) @ matrix.T + constant).astype(np.float64)
        return np.asarray(self.value_and_slope(u)[0] @ strength.astype(np.float64))

    def slope(self, arrays: tuple[Array, Array, Array], state: State, name: str) -> Array:
        """dE/dx of a group: [rows, size]."""
        matrix, constant, strength = arrays
        _, slope = self.value_and_slope(self.joined(state) @ matrix.T + constant)
        lo = self.begin[name]
        return np.asarray((slope * strength) @ matrix[:, lo : lo + self.plan.group(name).size])

    def accumulate(
        self,
        params: Mapping[str, Array],
        arrays: tuple[Array, Array, Array],
        state: State,
        weights: Array,
        out: Mapping[str, Array],
        scale: float,
    ) -> None:
        """out[θ] += scale · Σ_r weights[r] ∂(−E)/∂θ."""
        matrix, constant, strength = arrays
        x = self.joined(state)
        value, slope = self.value_and_slope(x @ matrix.T + constant)
        found = -(weights @ value)[self.strength.of.expert]
        self.strength.spread(found, params, out, scale)
        pull = -weights[:, None] * slope * strength
        by_column, alone = pull.T @ x, pull.sum(0)
        for e in self.addends:
            weight = by_column[e.of.expert, e.of.column] if e.has_unit else alone[e.of.expert]
            e.spread(weight.astype(np.float64), params, out, scale)


def bound_experts(plan: Plan) -> tuple[BoundExpert, ...]:
    """The plan's experts, in the order of its terms."""
    return tuple(BoundExpert(p) for p in projections_of(plan))
