"""E and P(x), with the unit types' base measures."""

from __future__ import annotations

from .algebra import applied, joined, negative, ratio
from .context import Context
from .expression import BaseMeasure, Equation, Probability, Section, Symbol


def energy(c: Context) -> Section:
    """P(x) = exp(−E(x))/Z, E = Σ terms − log base measure."""
    bases = c.bases(list(c.plan.groups))
    whole = [c.terms.tree(t) for t in c.model.terms]
    groups = tuple(g.name for g in c.free)
    given = tuple(g.name for g in c.plan.groups if g.role == "given")
    e = Symbol("E", (*groups, *given))
    z = Symbol("Z", given)
    lines = [
        Equation("", Probability(groups, given), (ratio(applied("exp", negative(e)), z),)),
        Equation("with", e, (joined(*whole, *bases),)),
    ]
    if bases:
        lines.append(
            Equation(
                "the base measure of the unit types included:", BaseMeasure(), (joined(*bases),)
            )
        )
    return Section("Energy", tuple(lines))
