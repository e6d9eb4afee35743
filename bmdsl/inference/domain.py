"""The ends of a unit's domain, found from its type alone."""

from __future__ import annotations

import numpy as np

from ..compiler.plan import GroupPlan

FAR = 1e3
"""A value so far out that a domain's bounds show."""


def ends(g: GroupPlan) -> tuple[float, float]:
    """The least and the largest value of a unit; ±inf where there is none."""
    if g.states is not None:
        return (0.0, 1.0) if g.unit.states is not None else (-1.0, 1.0)
    support = g.unit.support(*g.arguments)
    if support is not None:
        return float(np.min(support)), float(np.max(support))
    inside = np.asarray(g.unit.contains(np.array([-FAR, FAR]), *g.arguments))
    fields = (0.0,) if g.square else ()
    return (-np.inf if inside[0] else float(g.unit.mean(-1e4, *fields, *g.arguments)),
            np.inf if inside[1] else float(g.unit.mean(1e4, *fields, *g.arguments)))  # fmt: skip


def base_precision(g: GroupPlan) -> float:
    """λ of a base measure exp(−λx²/2), read off far out."""
    return float(-2 * g.unit.log_base(FAR, *g.arguments) / FAR**2)


def span(g: GroupPlan) -> float:
    """How far apart two values of a unit are at most, 2 where it has no bounds."""
    low, high = ends(g)
    return high - low if np.isfinite(high - low) else 2.0
