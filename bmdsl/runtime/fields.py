"""What parameters amount to: biases, and the couplings of every term."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from .experts import BoundExpert
from .rows import Array, State
from .terms.bias import BoundBias
from .terms.expert import ExpertTerm
from .terms.interface import Arrays, BoundTerm

TermArrays = tuple[BoundTerm, Arrays]
"""A term with what its parameters amount to."""


@dataclass(frozen=True)
class Fields:
    """Made once for each setting of the parameters."""

    bias: State
    """Group → [size], the field on x with all other units at zero."""
    bias2: State
    """The same of x², of the groups whose type has that statistic."""
    constant: float
    biases: tuple[BoundBias, ...]
    couplings: tuple[TermArrays, ...]
    """All terms but the biases."""

    @cached_property
    def terms(self) -> tuple[TermArrays, ...]:
        """All terms of units, biases among them."""
        return (*((b, self._rows(b.name)) for b in self.biases), *self.couplings)

    def _rows(self, name: str) -> tuple[Array, ...]:
        second = (self.bias2[name],) if name in self.bias2 else ()
        return (self.bias[name], *second)

    @cached_property
    def acting_on(self) -> dict[str, tuple[TermArrays, ...]]:
        """Group → the couplings that add to its fields."""
        names = (b.name for b in self.biases)
        return {n: tuple(x for x in self.couplings if n in x[0].targets) for n in names}

    @property
    def experts(self) -> tuple[tuple[BoundExpert, tuple[Array, Array, Array]], ...]:
        """Functions of projections, with their matrices, constants and strengths."""
        return tuple(
            (t.expert, (*arrays,)) for t, arrays in self.couplings if isinstance(t, ExpertTerm)
        )  # type: ignore[misc]

    def alone(self) -> Fields:
        """The same biases without any coupling."""
        off = ((term, term.alone(arrays)) for term, arrays in self.couplings)
        return replace(self, couplings=tuple((t, x) for t, x in off if x is not None))
