"""Functions of projections: −E holds −Σ_j s_j f(M_j x + c_j), which is linear in no statistic."""

from __future__ import annotations

from collections.abc import Mapping, Set

from ...plan.term_kinds import Kind
from ..addends import Addends
from ..experts import BoundExpert
from ..module_calls import ModuleCalls, Parameters
from ..rows import Array
from .interface import Arrays, BoundTerm, GradientSum, Rowwise, Tables, Weighted


class ExpertTerm(BoundTerm):
    """One term with an expert; its arrays are M, c and s."""

    KINDS = frozenset({Kind.EXPERT})

    def __init__(self, calls: ModuleCalls, expert: BoundExpert) -> None:
        self.calls, self.expert, self.groups = calls, expert, expert.groups

    @property
    def targets(self) -> tuple[str, ...]:
        return ()

    def arrays(self, params: Parameters) -> Arrays:
        return self.expert.arrays(params, self.calls.dtype)

    def add_field(self, arrays: Arrays, name: str, state: Rowwise, out: Array) -> None:
        raise NotImplementedError

    def minus_energy(self, arrays: Arrays, state: Rowwise) -> Array | float:
        matrix, constant, strength = arrays
        return -self.expert.energy((matrix, constant, strength), state)

    def add_moment(self, rows: Weighted, into: GradientSum) -> None:
        arrays = self.expert.arrays(into.params, self.calls.dtype)
        self.expert.accumulate(into.params, arrays, rows.rows, rows.weights, into.out, into.scale)

    def addends(self, arrays: Arrays, real: Array | None = None) -> list[Addends]:
        return []

    def enter(self, tables: Tables, arrays: Arrays) -> None:
        tables.add_experts(self.expert, arrays)

    def strength(
        self, arrays: Arrays, name: str, reach: Mapping[str, float]
    ) -> tuple[Array, float]:
        matrix, constant, strength = arrays
        return self.expert.steepness((matrix, constant, strength), name, reach)

    def bends(self, real: Set[str]) -> bool:
        return self.expert.projection.growth()[0] >= 2 and not real.isdisjoint(self.groups)
