"""Fields, conditionals and means of every group."""

from __future__ import annotations

from ...plan.plan import GroupPlan
from .algebra import ONE, add, applied, is_constant, mapped, mul, negative
from .context import Context
from .expression import Addition, Average, Equation, Node, Probability, Quantity, Section, Series
from .terms import touches

SHORT = 2
"""Addends of a field that is written out inside its density."""


def conditionals(c: Context) -> Section:
    """Everything that Gibbs sampling draws from."""
    return Section("Conditionals", tuple(line for g in c.free for line in _conditional(c, g)))


def conditional(c: Context, group: str) -> Section:
    """That of one group."""
    return Section("Conditional", tuple(_conditional(c, c.plan.group(group))))


def _conditional(c: Context, g: GroupPlan) -> list[Equation]:
    if g.expert:
        return [_through_experts(c, g)]
    own, formulas = c.own(g.name), c.formulas(g)
    letters = c.indices(g, own)
    eta = formulas.field(own)
    field = c.field(g)
    assert isinstance(eta, Quantity)
    lines = [Equation(f"field of {g.name} ({g.unit.name}):", eta, (field,), letters)]
    if g.name in c.squared:
        square, curved = Quantity("square", g.name, eta.subscripts), c.field(g, 2)
        lines.append(Equation("and on its square:", square, (curved,), letters))
        if formulas.has("precision"):
            precision = formulas.of("precision", own)
            rights = (
                (precision, _written(precision, square, curved))
                if _addends(curved) <= SHORT
                else (precision,)
            )
            lines.append(
                Equation(
                    "precision", Quantity("precision", g.name, eta.subscripts), rights, letters
                )
            )
    lines.append(_density(c, g, field))
    lines.append(Equation("mean", Average(c.state(g)), (formulas.of("mean", own),), letters))
    return lines


def _density(c: Context, g: GroupPlan, field: Node) -> Equation:
    """P(group | rest) as a product over its units, or P(unit | rest) where these meet."""
    own, sites, formulas = c.own(g.name), c.sites(g), c.formulas(g)
    density = formulas.of("density", own)
    rights = [density]
    if (
        not is_constant(field)
        and _addends(field) <= SHORT
        and g.states is None
        and formulas.has("density")
        and g.name not in c.squared
    ):
        rights.append(_written(density, Quantity("field", g.name, c.state(g).subscripts), field))
    given = c.neighbours(g)
    if c.meets(g) or not sites:
        others = (g.name,) if c.meets(g) and sites else ()
        unit = c.state(g, sites)
        return Equation(
            "",
            Probability((unit if sites else g.name,), given, others),
            tuple(rights),
            c.indices(g, sites),
        )
    products = tuple(Series("product", c.indices(g, sites), (), r) for r in rights)
    return Equation("", Probability((g.name,), given), products)


def _addends(x: Node) -> int:
    return len(x.terms) if isinstance(x, Addition) else 1


def _written(density: Node, eta: Quantity, field: Node) -> Node:
    """The density with the field in place of η."""
    if density == eta:
        return field
    return mapped(density, lambda x: _written(x, eta, field))


def _through_experts(c: Context, g: GroupPlan) -> Equation:
    """P(group | rest) ∝ base(x) e^(−its terms): units that meet in experts have no conditional of
    their own.
    """
    near = [c.terms.tree(t) for t in c.model.terms if touches(t, g.name)]
    right = applied("exp", negative(add(*near, *c.bases([g]))))
    words = (
        f"units of {g.name} meet in experts, so that none has a conditional of its own; "
        "given the rest"
    )
    return Equation(words, Probability((g.name,), part=g.name), (mul(ONE, right),), relation="∝")
