"""Mean field: each hidden unit's mean from the field at the means of the others."""

from __future__ import annotations

from ...language.model import UnitFactor
from ...plan.plan import GroupPlan
from .algebra import mapped, walk
from .context import Context
from .expression import Equation, Moment, Node, Quantity, Section
from .letters import put_in


def mean_field(c: Context) -> Section:
    """m = A′(η(m)) of every hidden unit (Salakhutdinov & Hinton 2009, Deep Boltzmann Machines, eq.
    8).
    """
    lines = [_update(c, g, 1) for g in c.hidden]
    wanted = {
        n.group
        for line in lines
        for n in walk(line.rights)
        if isinstance(n, Moment) and n.power == 2
    }
    lines += [_update(c, g, 2) for g in c.hidden if g.name in wanted]
    return Section("Mean field: repeated until no mean moves", tuple(lines))


def _update(c: Context, g: GroupPlan, power: int) -> Equation:
    own, formulas = c.own(g.name), c.formulas(g)

    def show(u: UnitFactor) -> Node:
        return Moment(u.group, u.subscripts, u.power) if u.group in c.names else c.terms.state(u)

    def write(x: Node) -> Node:
        if isinstance(x, Quantity) and x.group == g.name:
            if x.kind == "precision":
                return mapped(formulas.of("precision", own), write)
            return put_in(
                c.field(g, 1 if x.kind == "field" else 2, show),
                dict(zip(own, x.subscripts, strict=True)),
            )  # type: ignore[no-any-return]  # a tree
        return mapped(x, write)

    text = formulas.of("mean" if power == 1 else "mean_square", own)
    left = Moment(g.name, c.state(g).subscripts, power)
    return Equation("", left, (write(text),), c.indices(g, own))
