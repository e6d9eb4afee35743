"""Functions of projections of units, as the plan has them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from .planned_term import TermCost, UpdateSize

if TYPE_CHECKING:
    from .plan import Plan


@dataclass(frozen=True)
class PlannedExpert:
    """One term that is a function of a projection, by its number, with the groups that it sees."""

    term: int
    groups: tuple[str, ...]

    def text(self, plan: Plan, target: str) -> str:
        """How it reaches one of its groups."""
        return (
            f"{target}: experts, term {self.term}: auxiliary variables where these make them"
            " Gaussian or linear, else Hamiltonian dynamics, or unit after unit where states are"
            " few"
        )

    def cost(self, plan: Plan, update: UpdateSize) -> TermCost:
        """Not counted: how often a projection is multiplied depends on what draws its units."""
        return TermCost()

    def sweep_pairs(self, plan: Plan) -> int:
        """Mᵀ diag(d) M, and its factor."""
        width = sum(plan.group(n).size for n in self.groups)
        count = prod(int(x.stop) - x.start for x in plan.model.terms[self.term].letters)
        return count * width**2 + width**3
