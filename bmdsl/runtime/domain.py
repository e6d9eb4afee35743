"""The ends of a unit's domain, found from its type alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail
from ..plan.domain import base_precision, ends, is_real
from ..plan.plan import GroupPlan, Plan

if TYPE_CHECKING:
    from .program import Program

__all__ = [
    "base_precision",
    "ends",
    "is_real",
    "precisions",
    "span",
    "support_of",
    "verify_means",
]


def verify_means(g: GroupPlan, x: np.ndarray) -> None:
    """BmError BM819 where an entry of x [cases, size] is no number or lies outside the ends of its
    unit's domain, so that it is no mean either.
    """
    low, high = ends(g)
    slack = 1e-4 * (high - low) if np.isfinite(high - low) else 0.0
    wrong = ~((x >= low - slack) & (x <= high + slack))
    if (
        wrong.any() and g.states is None
    ):  # a state is a mean, though ends that are no states are known but nearly
        wrong &= ~np.asarray(g.unit.contains(x, *g.arguments))
    if wrong.any():
        case, column = np.argwhere(wrong)[0]
        raise fail(
            "BM819",
            f"`{g.name}` holds {x[case, column]:g} in case {case}: its units, {g.unit.name}, run"
            f" from {low:g} to {high:g}",
            help=(
                "give the data as training has them, transformed; missing entries are filled in by"
                " `machine.impute`"
            ),
        )


def precisions(plan: Plan) -> dict[str, float]:
    """Group → precision of its base measure, of units of any real number."""
    return {
        g.name: base_precision(g)
        for g in plan.groups
        if g.square and not np.isfinite(ends(g)).all()
    }


def span(g: GroupPlan) -> float:
    """How far apart two values of a unit are at most, 2 where it has no bounds."""
    low, high = ends(g)
    return high - low if np.isfinite(high - low) else 2.0


def support_of(program: Program, name: str) -> np.ndarray | None:
    """All states of one of a group's units; None where they are not finitely many."""
    g = program.plan.group(name)
    if g.unit.states is not None:
        return g.unit.support(program.states[name])
    return g.unit.support(*g.arguments)
