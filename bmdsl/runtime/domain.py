"""The ends of a unit's domain, found from its type alone."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..language.diagnostics import fail
from ..plan.plan import GroupPlan, Plan
from ..units.interface import FAR, UnitType

if TYPE_CHECKING:
    from .program import Program


def ends(g: GroupPlan) -> tuple[float, float]:
    """The least and the largest value of a unit; ±inf where there is none."""
    return _ends(g.unit, g.arguments)  # type: ignore[arg-type]  # a type is hashable


@lru_cache(1 << 10)
def _ends(unit: type[UnitType], arguments: tuple[float, ...]) -> tuple[float, float]:
    return unit.ends(*arguments)


def is_real(g: GroupPlan) -> bool:
    """Whether a group's units are real numbers without bounds, of a mean and a width of
    their own.
    """
    return g.square and not np.isfinite(ends(g)).any()


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


def base_precision(g: GroupPlan) -> float:
    """λ of a base measure exp(−λx²/2), read off far out."""
    return float(-2 * g.unit.log_base(FAR, *g.arguments) / FAR**2)


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
