"""Terms of single units: −E holds Σ_p b[p] x[p], and Σ_p b₂[p] x[p]² of a type with that statistic.

Every group has one, be it zero: each unit has a field.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np

from ...plan.plan import GroupPlan
from ...plan.term_kinds import Kind
from ..addends import Addends
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array, power_of
from .interface import Arrays, BoundTerm, GradientSum, Rowwise, Weighted, alike, first_term, least


class BoundBias(BoundTerm):
    """The fields of a group that no other unit changes: (b,), or (b, b₂)."""

    KINDS = frozenset({Kind.BIAS, Kind.SQUARE})

    def __init__(self, calls: ModuleCalls, group: GroupPlan) -> None:
        self.calls, self.name, self.groups = calls, group.name, (group.name,)
        self.powers = (1, 2) if group.square else (1,)
        self.keys = tuple(("collect", group.name, p) for p in self.powers)

    def arrays(self, params: Parameters) -> Arrays:
        size = (self.calls.sizes[self.name],)
        return tuple(self.calls.built(("bias", self.name, p), size, params) for p in self.powers)

    def add_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        for into, b in zip(out, arrays, strict=True):
            into += b

    def minus_energy(self, arrays: Arrays, state: Rowwise) -> Array | float:
        total: Array = (state[self.name] @ arrays[0]).astype(np.float64)
        if len(arrays) > 1:
            total += (power_of(state, self.name, 2) @ arrays[1]).astype(np.float64)
        return total

    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        for power, key in zip(self.powers, self.keys, strict=True):
            into.collect(key, rows.sum(self.name, power))

    def addends(self, arrays: Arrays, real: Array | None = None) -> list[Addends]:
        size = self.calls.sizes[self.name]
        places = self.calls.offset[self.name] + np.arange(size)[:, None]
        return [
            alike(places, (power,), b, first_term(self.calls, self.name))
            for power, b in zip(self.powers, arrays, strict=True)
        ]

    def strength(
        self, arrays: Arrays, name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        sizes = [np.abs(b.astype(np.float64)) for b in arrays]
        return sum(sizes[1:], sizes[0]), least(sizes[0])

    def bends(self, real: Set[str]) -> bool:
        return self.name in real and 2 in self.powers

    def curving(self, arrays: Arrays) -> Arrays:
        return arrays[1:]

    def stretch(self, arrays: Arrays, real: Set[str], reach: Mapping[str, float]) -> float:
        return 2.0
