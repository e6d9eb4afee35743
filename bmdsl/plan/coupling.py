"""Matrices between two groups and within one, as the plan has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .planned_term import TermCost, UpdateSize

if TYPE_CHECKING:
    from .plan import Plan

Pair = tuple[tuple[str, int], tuple[str, int]]
"""Two groups, each with the power of its statistic."""


@dataclass(frozen=True)
class Coupling:
    """The matrix between groups a and b, [size a, size b].

    `direct` names the parameter that *is* this matrix (times `scale`).
    """

    a: str
    b: str
    terms: tuple[int, ...]
    direct: str | None = None
    scale: float = 1.0
    powers: tuple[int, int] = (1, 1)
    """The statistics that it couples: x or x² of group a, and of group b."""

    @property
    def key(self) -> Pair:
        """What its matrix is known by: no other coupling of a plan has these groups and powers."""
        return (self.a, self.powers[0]), (self.b, self.powers[1])

    @property
    def groups(self) -> tuple[str, str]:
        """The two groups."""
        return self.a, self.b

    def text(self, plan: Plan, target: str) -> str:
        """How it reaches one of its groups."""
        matrix = self.direct or f"built from terms {', '.join(map(str, self.terms))}"
        return f"{self.b if target == self.a else self.a}: matrix product, {matrix}"

    def cost(self, plan: Plan, update: UpdateSize) -> TermCost:
        """A multiplication a pair and row; matrix and moment unless a parameter is the matrix."""
        pairs = self.sweep_pairs(plan)
        built = 2 * pairs * update.itemsize if self.direct is None else 0
        return TermCost(2 * pairs * update.passes, built)

    def sweep_pairs(self, plan: Plan) -> int:
        """Entries of the matrix."""
        return plan.group(self.a).size * plan.group(self.b).size


@dataclass(frozen=True)
class LateralCoupling:
    """The matrix within a group, [size, size]."""

    group: str

    @property
    def groups(self) -> tuple[str, ...]:
        """The group."""
        return (self.group,)

    def text(self, plan: Plan, target: str) -> str:
        """How it reaches its group."""
        how = "fields kept, one row of the symmetric coupling a changed unit"
        if plan.group(self.group).coupled_by_code:
            how = (
                "units as codes of two bytes, since they are one of K: a field is the sum of one"
                " row of K couplings for every other unit"
            )
        return f"{self.group}: {how}"

    def cost(self, plan: Plan, update: UpdateSize) -> TermCost:
        """A multiplication a pair and row; the matrix, its symmetric form and the moment."""
        pairs = self.sweep_pairs(plan)
        return TermCost(2 * pairs * update.passes, 3 * pairs * update.itemsize)

    def sweep_pairs(self, plan: Plan) -> int:
        """Entries of the matrix."""
        return plan.group(self.group).size ** 2
