"""Couplings of two groups by a matrix: −E holds Σ_pq M[p, q] x[p] y[q], x or x² on either side."""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np

from ...kernels import products
from ...plan.coupling import Coupling
from ...plan.term_kinds import Kind
from ..addends import Addends
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array, power_of
from .interface import Arrays, BoundTerm, GradientSum, Rowwise, Weighted, alike, least


class BoundDense(BoundTerm):
    """The coupling of two groups; its array is M, a parameter itself or built from parameters."""

    KINDS = frozenset({Kind.COUPLING, Kind.SQUARED_COUPLING})

    def __init__(self, calls: ModuleCalls, coupling: Coupling) -> None:
        self.calls, self.coupling = calls, coupling
        self.groups = coupling.a, coupling.b
        self.powers = coupling.powers
        self.scale = coupling.scale if coupling.direct is not None else 1.0
        self.shape = calls.sizes[coupling.a], calls.sizes[coupling.b]

    def arrays(self, params: Parameters) -> Arrays:
        c = self.coupling
        if c.direct is not None:
            return (params[c.direct].reshape(self.shape),)
        return (self.calls.built(("couple", c.key), self.shape, params),)

    def partner(self, name: str) -> str | None:
        return self.groups[name == self.groups[0]]

    def add_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        own = int(name == self.groups[1])
        product = products.forward if own else products.backward
        x = power_of(state, self.groups[1 - own], self.powers[1 - own])
        product(x, arrays[0], out[self.powers[own] - 1], self.scale, self.calls.plain)

    def minus_energy(self, arrays: Arrays, state: Rowwise) -> Array | float:
        (a, b), (p, q) = self.groups, self.powers
        x, y = power_of(state, a, p), power_of(state, b, q)
        return paired(self.calls, x, arrays[0], y, self.scale)

    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        c, (a, b), (p, q) = self.coupling, self.groups, self.powers
        x, y = power_of(rows.rows, a, p), power_of(rows.rows, b, q)
        if c.direct is not None:
            rows.add_moment(x, y, into.out[c.direct].reshape(self.shape), into.scale * c.scale)
            return
        moment = rows.add_moment(x, y, np.zeros(self.shape, self.calls.dtype), 1.0)
        into.collect(("collect", c.key), moment)

    def addends(self, arrays: Arrays, real: Array | None = None) -> list[Addends]:
        p, q = np.nonzero(arrays[0])
        places = np.stack(
            [self.calls.offset[self.groups[0]] + p, self.calls.offset[self.groups[1]] + q], 1
        )
        values = arrays[0][p, q].astype(np.float64) * self.scale
        return [alike(places, self.powers, values, self.coupling.terms[0])]

    def joined_units(self, free: Mapping[str, int]) -> int:
        return min(free[n] for n in self.groups)

    def strength(
        self, arrays: Arrays, name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        sizes = np.abs(np.asarray(arrays[0], np.float64)) * abs(self.scale)
        return sizes.sum(1 if name == self.groups[0] else 0), least(sizes)

    def bends(self, real: Set[str]) -> bool:
        return sum(p for n, p in zip(self.groups, self.powers, strict=True) if n in real) >= 2

    def stretch(self, arrays: Arrays, real: Set[str], reach: Mapping[str, float]) -> float:
        if real >= {*self.groups}:
            return 2 * abs(self.scale) if self.powers == (1, 1) else np.inf
        other = int(self.groups[0] in real)
        far = reach[self.groups[other]] ** self.powers[other] * self.shape[other] ** 0.5
        return float(2 * abs(self.scale) * far)


def paired(calls: ModuleCalls, x: Array, w: Array, y: Array, scale: float) -> Array:
    """scale · Σ_pq x[r, p] w[p, q] y[r, q]: [rows], summed in float64."""
    product = np.zeros((len(x), w.shape[1]), calls.dtype)
    products.forward(x, w, product, scale, calls.plain)
    return np.einsum("np,np->n", product, y, dtype=np.float64)
