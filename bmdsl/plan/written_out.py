"""Terms whose couplings are written out one by one, as the plan has them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..language.letters import setting_count
from .planned_term import TermCost, UpdateSize
from .stencils import value_letters

if TYPE_CHECKING:
    from .plan import Plan


@dataclass(frozen=True)
class ListedTerm:
    """One listed term, by its number, with the group of each of its units."""

    term: int
    unit_groups: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of its units, each once."""
        return tuple(dict.fromkeys(self.unit_groups))

    def text(self, plan: Plan, target: str) -> str:
        """How it reaches one of its groups."""
        how = "neighbours by index arithmetic" if plan.is_large_lattice else "couplings written out"
        return f"{', '.join(self.groups)}: term {self.term}, {how}"

    def cost(self, plan: Plan, update: UpdateSize) -> TermCost:
        """Places of the couplings, and each of their units' view of them."""
        if plan.is_large_lattice:
            return self._cost_of_cells(plan, update)
        order = len(self.unit_groups)
        one = 4 * order + 8 + 2 * update.itemsize
        count = setting_count(plan.model, plan.model.terms[self.term])
        return TermCost(bytes=count * (2 * one + order * (4 * (order - 1) + 16 + update.itemsize)))

    def _cost_of_cells(self, plan: Plan, update: UpdateSize) -> TermCost:
        """Values that parameters tell apart, with their moments, and the cell of every place."""
        letters = value_letters(plan.model.terms[self.term])
        values = prod(int(x.stop) - x.start for x in letters)
        first = self.term == plan.listed[0]
        places = plan.lattice.size * len(plan.lattice.groups) if first else 0
        return TermCost(bytes=values * (2 * update.itemsize + 8) + 4 * places)

    def sweep_pairs(self, plan: Plan) -> int:
        """None: no coupling is multiplied."""
        return 0
