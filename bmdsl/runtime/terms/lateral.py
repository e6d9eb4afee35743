"""Couplings within a group by a matrix: −E holds ½ Σ_pq S[p, q] x[p] x[q], S symmetric without
couplings of a unit with itself.

A unit's pair with itself is a statistic of that unit and moves to its bias: on x if x² = x, on x²
if the type has that statistic; it is a number if x² = 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from ...kernels import products
from ...plan.plan import GroupPlan
from ...plan.term_kinds import Kind
from ..addends import Addends
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array
from .dense import paired
from .interface import Arrays, BoundTerm, GradientSum, Rowwise, Weighted, alike, first_term, least


class BoundLateral(BoundTerm):
    """The coupling of a group's units with one another; its arrays are S, the diagonal of the
    matrix as the terms have it, and what that adds to −E as a number.
    """

    KINDS = frozenset({Kind.LATERAL})

    def __init__(self, calls: ModuleCalls, group: GroupPlan) -> None:
        self.calls, self.name, self.groups = calls, group.name, (group.name, group.name)
        self.size, self.states = calls.sizes[group.name], calls.states[group.name]
        self.key = (group.name, 1), (group.name, 1)
        self.own_power = group.unit.reduces.get(2, 2)
        """The power of x that x² of one of the units is: 0 if it is a number."""
        self.square = group.square

    def arrays(self, params: Parameters) -> Arrays:
        full = self.calls.built(("couple", self.key), (self.size, self.size), params)
        diagonal = np.diagonal(full).copy()
        both, k = full + full.T, self.states
        for p in range(0, self.size, k):
            both[p : p + k, p : p + k] = 0
        number = float(diagonal.sum(dtype=np.float64)) if self.own_power == 0 else 0.0
        return both, diagonal, number

    def on_itself(self, arrays: Arrays) -> tuple[int, Array] | None:
        if self.own_power == 1:
            return 1, arrays[1]
        return (2, arrays[1]) if self.square else None  # else no unit meets itself

    def alone(self, arrays: Arrays) -> Arrays | None:
        return np.zeros_like(arrays[0]), np.zeros_like(arrays[1]), 0.0

    def partner(self, name: str) -> str | None:
        return name

    def add_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        products.forward(state[name], arrays[0], out[0], 1.0, self.calls.plain)

    def meeting(self, arrays: Arrays, name: str, state: Rowwise) -> tuple[Any, ...]:
        return (arrays[0],)

    def minus_energy(self, arrays: Arrays, state: Rowwise) -> Array | float:
        x = state[self.name]
        found: Array = 0.5 * paired(self.calls, x, arrays[0], x, 1.0) + arrays[2]
        return found

    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        x, k = rows.rows[self.name], self.states
        pairs = rows.add_moment(x, x, np.zeros((self.size, self.size), self.calls.dtype), 1.0)
        one = self.own_power == 0
        itself = rows.weights.sum() if one else rows.sum(self.name, self.own_power)
        np.fill_diagonal(pairs, itself)
        for p in range(0, self.size if k > 1 else 0, k):  # two states of a unit are never both on
            block = pairs[p : p + k, p : p + k]
            block[:] = np.diag(np.diagonal(block))
        into.collect(("collect", self.key), pairs)

    def addends(self, arrays: Arrays, real: Array | None = None) -> list[Addends]:
        upper = np.triu(arrays[0], 1)
        p, q = np.nonzero(upper)
        places = self.calls.offset[self.name] + np.stack([p, q], 1)
        term = first_term(self.calls, self.name, self.name)
        number = alike(np.zeros((1, 0)), (), np.array([arrays[2]]), term)
        return [alike(places, (1, 1), upper[p, q], term), number]

    def joined_units(self, free: Mapping[str, int]) -> int:
        return free[self.name] - 1

    def strength(
        self, arrays: Arrays, name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        sizes = np.abs(arrays[0].astype(np.float64))
        return sizes.sum(1), least(sizes)

    def curving(self, arrays: Arrays) -> Arrays:
        return arrays[:1]

    def stretch(self, arrays: Arrays, real: Set[str], reach: Mapping[str, float]) -> float:
        return 2.0
