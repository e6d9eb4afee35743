"""Experts bound to sizes: terms s_j f(M_j x + c_j) of a linear projection of units (Hinton 2002;
Welling, Hinton & Osindero 2003).

A projection's matrix M, constants c and strengths s are products of parameters' entries, whatever
letters the text has; an *entry list* says which. Energies, slopes in x and gradients follow from f
and f′ alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log, prod

import numpy as np
from scipy.special import expit

from ..language.diagnostics import fail
from ..language.letters import nest_of, place_of, table
from ..language.model import Letter, Term
from ..plan.plan import Plan

Array = np.ndarray
State = Mapping[str, Array]
MOST = 1 << 24
"""Most entries of one projection."""
STEPS = 129
"""Points of an expert's argument at which its slope is looked at."""


@dataclass(frozen=True)
class Function:
    """f and f′ of an expert's argument."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


FUNCTIONS = {
    "softplus": Function(lambda u: np.logaddexp(0, u), expit),
    "log1p": Function(np.log1p, lambda u: 1 / (1 + u)),
    "square": Function(np.square, lambda u: 2 * u),
    "abs": Function(np.abs, np.sign),
    "logcosh": Function(lambda u: np.abs(u) + np.log1p(np.exp(-2 * np.abs(u))) - log(2), np.tanh),
}


@dataclass(frozen=True)
class Entries:
    """coefficient · Π parameters at every setting of an addend's letters: which expert j, which
    column (−1: none), which entry of each parameter.
    """

    coefficient: float
    expert: Array
    column: Array
    parameters: tuple[tuple[str, int, Array], ...]
    """Name, power and flat places of every parameter factor."""

    def values(self, params: Mapping[str, Array], leave: int | None = None) -> Array:
        """The products; with `leave`, their derivative by that factor."""
        out = np.full(len(self.expert), self.coefficient)
        for m, (name, power, places) in enumerate(self.parameters):
            x = params[name].ravel()[places].astype(np.float64)
            out *= power * x ** (power - 1) if m == leave else x**power
        return out

    def spread(
        self, weight: Array, params: Mapping[str, Array], out: Mapping[str, Array], scale: float
    ) -> None:
        """out[θ] += scale · Σ weight · d(product)/dθ, `weight` one number an entry."""
        for m, (name, _, places) in enumerate(self.parameters):
            into = out[name]
            made = np.bincount(places, weight * self.values(params, m), into.size)
            into += (scale * made).reshape(into.shape).astype(into.dtype)


class BoundExpert:
    """One term with an expert.

    `groups` are those its argument reads, `columns` where each begins in the joined state.
    """

    def __init__(self, plan: Plan, number: int) -> None:
        term = plan.model.terms[number]
        assert term.expert is not None
        self.plan, self.number, self.term = plan, number, term
        inner = term.expert
        self.chain: list[tuple[str, float]] = []
        """Functions around the first one, from inside out, each with the number that its argument
        is multiplied by.
        """
        while inner.inner is not None:
            self.chain.insert(0, (inner.function, inner.coefficient))
            inner = inner.inner
        self.first = inner.function
        self.groups = tuple(dict.fromkeys(u.group for a in inner.addends for u in a.units))
        self.begin, self.size = {}, 0
        for n in self.groups:
            self.begin[n] = self.size
            self.size += plan.group(n).size
        self.count = prod(int(x.stop) - x.start for x in term.letters)
        self.addends = tuple(self._entries(a) for a in inner.addends)
        self.strength = self._entries(
            Term(term.coefficient, term.parameters, (), (), (), None, "", term.span)
        )

    def _entries(self, addend: Term) -> Entries:
        letters: tuple[Letter, ...] = (*self.term.letters, *addend.letters)
        lengths = [int(x.stop) - x.start for x in letters]
        if prod(lengths) > MOST:
            raise fail(
                "BM861",
                f"the projection of this expert has {prod(lengths):,} entries, at most {MOST:,} are"
                " possible",
                self.term.span,
            )
        model = self.plan.model
        at = table(model, nest_of(replace(addend, letters=letters))).letters
        total = prod(lengths)
        expert = np.arange(total) // prod(lengths[len(self.term.letters) :])
        column, inside = np.full(total, -1), np.ones(total, bool)
        for u in addend.units:
            place, there = place_of(u.subscripts, self.plan.axes(u.group)).columns(at)
            column, inside = np.full(total, self.begin[u.group] + place), inside & there
        factors = []
        for p in addend.parameters:
            place, _ = place_of(p.subscripts, model.parameter(p.parameter).shape).columns(at)
            factors.append((p.parameter, p.power, np.full(total, place)[inside]))
        return Entries(addend.coefficient, expert[inside], column[inside], tuple(factors))

    def arrays(self, params: Mapping[str, Array], dtype: np.dtype) -> tuple[Array, Array, Array]:  # type: ignore[type-arg]
        """M [experts, columns], c [experts], s [experts]."""
        matrix, constant = np.zeros(self.count * self.size), np.zeros(self.count)
        for e in self.addends:
            values, there = e.values(params), e.column >= 0
            matrix += np.bincount(
                e.expert[there] * self.size + e.column[there], values[there], matrix.size
            )
            constant += np.bincount(e.expert[~there], values[~there], self.count)
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
        f = FUNCTIONS[self.first]
        value, slope = f.value(u), f.slope(u)
        for name, coefficient in self.chain:
            g = FUNCTIONS[name]
            inner = coefficient * value
            value, slope = g.value(inner), g.slope(inner) * coefficient * slope
        return value, slope

    def steepness(
        self, arrays: tuple[Array, Array, Array], name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        """How steeply the energy goes in each of a group's columns at most, [size], where units
        reach ± `reach`; the least of one expert that is not 0.
        """
        matrix, constant, strength = (x.astype(np.float64) for x in arrays)
        wide = np.concatenate([np.full(self.plan.group(n).size, reach[n]) for n in self.groups])
        far = np.abs(constant) + np.abs(matrix) @ wide
        steepest = np.abs(self.value_and_slope(np.linspace(-1, 1, STEPS)[:, None] * far)[1]).max(0)
        lo = self.begin[name]
        slopes = np.abs(strength * steepest)[:, None] * np.abs(
            matrix[:, lo : lo + self.plan.group(name).size]
        )
        return slopes.sum(0), float(slopes[slopes > 1e-6].min(initial=np.inf))

    def growth(self) -> tuple[int, float]:
        """Far out f(u) ≈ factor · |u|^degree (0: slower than any power): (degree, factor),
        functions inside functions.
        """
        degree, factor = {"square": 2, "log1p": 0}.get(self.first, 1), 1.0
        for name, coefficient in self.chain:
            factor *= coefficient
            if name == "log1p":
                degree = 0
            elif name == "square":
                degree, factor = 2 * degree, factor**2
            else:
                factor = max(factor, 0.0) if name == "softplus" else abs(factor)
        return degree, factor

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
        self.strength.spread(-(weights @ value)[self.strength.expert], params, out, scale)
        pull = -weights[:, None] * slope * strength
        by_column, alone = (pull.T @ x).ravel(), pull.sum(0)
        for e in self.addends:
            there = e.column >= 0
            weight = np.where(
                there, by_column[e.expert * self.size + np.maximum(e.column, 0)], alone[e.expert]
            )
            e.spread(weight.astype(np.float64), params, out, scale)


def bound_experts(plan: Plan) -> tuple[BoundExpert, ...]:
    """The plan's experts, in the order of its terms."""
    return tuple(BoundExpert(plan, n) for n in plan.experts)
