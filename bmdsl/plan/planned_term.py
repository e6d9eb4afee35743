"""What every kind of term tells of itself before anything is bound: how it is summed, and what that
costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .plan import Plan


@dataclass(frozen=True)
class UpdateSize:
    """Rows and sweeps of one update."""

    batch: int
    chains: int
    steps: int
    itemsize: int
    """Bytes of a number."""

    @property
    def passes(self) -> int:
        """Rows that a matrix is multiplied with: once for the posterior, two a sweep, one for each
        phase's gradient.
        """
        return self.batch * 2 + self.chains * (2 * self.steps + 1)


@dataclass(frozen=True)
class TermCost:
    """What a term adds to an update."""

    operations: int = 0
    """Floating-point operations, two for a multiplication and addition."""
    bytes: int = 0
    """Of what is built from parameters, and of the moments that gradients come from."""
    between: int = 0
    """Numbers of the largest intermediate array."""


class PlannedTerm(Protocol):
    """Terms of one kind between the same groups."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose units it couples."""

    def text(self, plan: Plan, target: str) -> str:
        """How it reaches one of its groups: `from: how`."""

    def cost(self, plan: Plan, update: UpdateSize) -> TermCost:
        """What it adds to an update."""

    def sweep_pairs(self, plan: Plan) -> int:
        """Couplings that a sweep multiplies for every chain, once a direction."""
