"""The free energy of what is seen, where hidden units can be summed out, and the model as a product
of experts.
"""

from __future__ import annotations

from ...language.model import Subscript, Term
from ...plan.plan import GroupPlan
from .algebra import ONE, ZERO, applied, joined, mapped, mul, negative, ratio
from .context import Context
from .expression import (
    Bracket,
    Equation,
    Index,
    LogExpert,
    Node,
    Probability,
    Quantity,
    Relation,
    Remark,
    Section,
    Series,
    State,
    StateSum,
    Symbol,
)
from .letters import plain, put_in, unique
from .terms import touches


def free_energy(c: Context) -> Section:
    """F = −log Σ_h e^−E."""
    by_definition = _definition(c)
    if not c.coupled:
        closed = joined(*_visible(c), *(negative(_log_partition(c, g)) for g in c.hidden))
        return Section("Free energy", (Equation("", _symbol(c), (by_definition, closed)),))
    z = _chooser(c)
    if z is not None:
        return Section("Free energy", _mixture(c, z, by_definition))
    words = (
        f"no closed form: terms couple {', '.join(c.coupled)}; "
        "mean field or enumeration stands in for it"
    )
    return Section("Free energy", (Equation("", _symbol(c), (by_definition,)), Remark(words)))


def _symbol(c: Context) -> Symbol:
    visible = tuple(g.name for g in c.plan.groups if g.role == "visible")
    return Symbol("F", (*visible, *(g.name for g in c.plan.groups if g.role == "given")))


def _definition(c: Context) -> Node:
    every = Symbol(
        "E", (*(g.name for g in c.free), *(g.name for g in c.plan.groups if g.role == "given"))
    )
    return negative(
        applied("log", StateSum(tuple(g.name for g in c.hidden), applied("exp", negative(every))))
    )


def _visible(c: Context) -> list[Node]:
    """What no hidden unit takes part in."""
    return [
        *(c.terms.tree(t) for t in c.visible_terms()),
        *c.bases([g for g in c.plan.groups if g.role != "hidden"]),
    ]


def _log_partition(c: Context, g: GroupPlan) -> Node:
    """Σ over units of A."""
    sites = c.sites(g)
    new = tuple(unique(x) for x in sites)
    text = c.formulas(g).of("log_partition", (*new, *c.own(g.name)[len(sites) :]))
    return c.over(g, new, text)


# ---------------------------------------------------------------- mixtures


def _chooser(c: Context) -> GroupPlan | None:
    """A hidden one-of-K unit that leaves the other hidden units independent once its state is
    known.
    """
    for z in c.hidden:
        if (
            z.unit.states is not None
            and len(z.axes) == 1
            and not c.meets(z)
            and not c.couplings([g for g in c.hidden if g is not z])
        ):
            return z
    return None


def _mixture(c: Context, z: GroupPlan, by_definition: Node) -> tuple[Equation | Remark, ...]:
    """F = −log Σ_k e^(−F_k), F_k that of component k (Nair & Hinton 2008, eqs. 9–11)."""
    k = c.own(z.name)[0]
    index = Index(k, 0, z.axes[0])
    parts = _visible(c)
    names = c.names - {z.name}
    for t in c.model.terms:
        if touches(t, z.name) and not any(touches(t, n) for n in names):
            parts.append(_at_state(c, z, k, c.terms.tree(t)))
    for g in c.hidden:
        if g is not z:
            parts.append(negative(_chosen_log_partition(c, g, z, k)))
    one = Quantity("component", z.name, (plain(k),))
    other = Index(unique(k.partition("#")[0]), 0, z.axes[0], hint="l")
    weight = applied("exp", negative(Quantity("component", z.name, (plain(other.name),))))
    total = Series("sum", (other,), (), weight)
    visible = tuple(g.name for g in c.plan.groups if g.role != "hidden")
    return (
        Equation(f"with {z.name} in one of its states:", one, (joined(*parts),), (index,)),
        Equation("", _symbol(c), (by_definition, negative(applied("log", total)))),
        Equation(
            "responsibilities",
            Probability((State(z.name, (plain(k),)),), visible),
            (ratio(applied("exp", negative(one)), total),),
            (index,),
        ),
    )


def _at_state(c: Context, z: GroupPlan, k: str, x: Node) -> Node:
    """A tree with z in state k: z's state l is [l = k]."""

    def change(y: Node) -> Node:
        if isinstance(y, State) and y.group == z.name:
            s: Subscript = y.subscripts[0]
            return Bracket((Relation("=", s, plain(k), z.axes[0]),))
        return mapped(y, change)

    return c.solver.solved(change(x))


def _chosen_log_partition(c: Context, g: GroupPlan, z: GroupPlan, k: str) -> Node:
    """Σ over units of A, fields written out with z in state k."""
    sites = c.sites(g)
    new = tuple(unique(x) for x in sites)
    own = c.own(g.name)
    inside = (*new, *own[len(sites) :])
    text = c.formulas(g).of("log_partition", inside)

    def write(y: Node) -> Node:
        if isinstance(y, Quantity) and y.group == g.name:
            if y.kind == "precision":
                return mapped(c.formulas(g).of("precision", inside), write)
            field = _at_state(c, z, k, c.field(g, 1 if y.kind == "field" else 2))
            written: Node = put_in(field, dict(zip(own, y.subscripts, strict=True)))
            return written
        return mapped(y, write)

    return c.over(g, new, write(text))


# ---------------------------------------------------------------- experts


def experts(c: Context) -> Section:
    """P(v) as a product of one factor for every hidden unit, which sees v through its field (Hinton
    2002, Training products of experts).
    """
    lines: list[Equation | Remark] = [
        Remark("P(v) is their product but for Z and the base measure:")
    ]
    for g in c.hidden:
        sites = c.sites(g)
        text = c.formulas(g).of("log_partition", c.own(g.name))
        lines.append(
            Equation(
                f"an expert for each unit of {g.name},",
                LogExpert(c.state(g, sites)),
                (text,),
                c.indices(g, sites),
            )
        )
    alone = joined(*(negative(c.terms.tree(t)) for t in c.visible_terms() if _acts(t)))
    if alone != ZERO:
        lines.append(
            Equation("and one for the visible units alone,", LogExpert(None), (mul(ONE, alone),))
        )
    return Section("Product of experts", tuple(lines))


def _acts(t: Term) -> bool:
    return bool(t.units or t.expert)
