"""The groups of a checked model with their unit types: what brute force has to know of them, and
all that it knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from .. import units
from ..language.model import Expert, Model, Term
from ..units.interface import UnitType


@dataclass(frozen=True)
class UnitGroup:
    """Units of one type at their axes.

    `states`: numbers that a unit's state is, None for one number.
    """

    name: str
    role: str
    axes: tuple[int, ...]
    states: int | None
    unit: type[UnitType]
    arguments: tuple[float, ...]
    """The type's arguments without its number of states."""
    expert: bool
    """Whether functions of a projection of its units act on them."""

    @property
    def size(self) -> int:
        """Numbers that a state of the group is."""
        return prod(self.axes)

    @property
    def count(self) -> int:
        """Units of the group."""
        return self.size // (self.states or 1)


def groups_of(model: Model) -> dict[str, UnitGroup]:
    """Name → group, in the model's order; all lengths must have their values."""
    projected = {g for t in model.terms if t.expert is not None for g in _groups_in(t)}
    out = {}
    for g in model.groups:
        unit = units.get(g.unit)
        arguments = tuple(float(v) for k, v in g.options if k != unit.states)
        states = None if g.states is None else int(g.states)
        axes = tuple(int(a) for a in g.axes)
        out[g.name] = UnitGroup(g.name, g.role, axes, states, unit, arguments, g.name in projected)
    return out


def _groups_in(term: Term) -> Iterator[str]:
    """Groups of a term's units, and of those that its experts see."""
    yield from (u.group for u in term.units)
    expert: Expert | None = term.expert
    while expert is not None:
        for addend in expert.addends:
            yield from _groups_in(addend)
        expert = expert.inner
