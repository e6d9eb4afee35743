"""A factor graph to its plan: which terms are matrices, which are swept, which are written out."""

from __future__ import annotations

from dataclasses import replace

from ..graph.factor_graph import FactorGraph, units_of, verify_compiled
from ..graph.passes import gibbs_blocks, selector, verify_schedule
from ..language.diagnostics import fail
from ..language.forms import Form, TermForm, forms_of
from ..language.model import Model, Term
from ..units.interface import UnitType
from .coupling import Coupling
from .multiway import contraction_of, tensor_of
from .plan import GroupPlan, Plan, is_apart


def build_plan(graph: FactorGraph, units: dict[str, type[UnitType]]) -> Plan:
    """FactorGraph → Plan. Raises BmError for terms with no contraction."""
    verify_compiled(graph)
    model = graph.model
    forms = forms_of(model)
    tensors = tuple(t for n, f in enumerate(forms) if (t := tensor_of(f, n)) is not None)
    contractions = tuple(c for n, f in enumerate(forms) if (c := contraction_of(f, n)) is not None)
    listed = tuple(n for n, f in enumerate(forms) if f.form is Form.LISTED)
    between = [
        (n, f) for n, f in enumerate(forms) if f.form in (Form.COUPLING, Form.SQUARED_COUPLING)
    ]
    inside = [n for n, f in enumerate(forms) if f.form is Form.LATERAL]
    lateral = {forms[n].units[0].group for n in inside}
    touched = [[u.group for u in model.terms[n].units] for n in listed]
    woven = {g for names in touched for g in names if names.count(g) > 1}
    experts = tuple(n for n, f in enumerate(forms) if f.form is Form.EXPERT)
    projected = {u.group for n in experts for u in units_of(model.terms[n])}
    _verify_experts(model, experts, projected & (lateral | woven))
    _verify_self_pairs(model, [model.terms[n] for n in inside], units)
    groups = []
    for g in model.groups:
        unit = units[g.unit]
        arguments = tuple(float(v) for k, v in g.options if k != unit.states)
        square = "x^2" in unit.statistics
        groups.append(
            GroupPlan(
                g.name,
                g.role,
                g.axes,
                g.states,
                unit,
                arguments,
                square,
                g.name in lateral,
                g.name in projected,
                g.name in woven,
            )
        )
    order = [g.name for g in model.groups]
    pairs: dict[tuple[tuple[str, int], tuple[str, int]], list[int]] = {}
    for n, f in between:
        a, b = sorted(((u.group, u.power) for u in f.units), key=lambda u: order.index(u[0]))
        pairs.setdefault((a, b), []).append(n)
    couplings = [_coupling(forms, a, b, tuple(terms)) for (a, b), terms in pairs.items()]
    blocks = gibbs_blocks(graph)
    made = Plan(
        graph, tuple(groups), tuple(couplings), blocks, listed, tensors, contractions, experts
    )
    chosen = selector(
        graph,
        [
            g.name
            for g in groups
            if made.is_one_unit(g.name) and any(g.name in t.groups for t in made.multiway)
        ],
    )
    if chosen is not None:
        z, near = (
            # z and what it selects come last, so that one product gives responsibilities, draws and
            # means
            chosen
        )
        rest = tuple(
            b for b in (tuple(n for n in b if n != z and n not in near) for b in blocks) if b
        )
        made = replace(made, blocks=(*rest, (z,), near), selector=chosen)
    verify_schedule(graph, made.blocks, made.mean_block)
    return made


def _verify_experts(model: Model, experts: tuple[int, ...], meeting: set[str]) -> None:
    """An expert runs over all its letters, and its units meet through experts only."""
    for n in experts:
        term = model.terms[n]
        if term.conditions:
            raise fail(
                "BM861",
                "an expert under a condition cannot be compiled",
                term.span,
                help="leave the condition out",
            )
        if any(u.group in meeting for u in units_of(term)):
            name = next(u.group for u in units_of(term) if u.group in meeting)
            raise fail(
                "BM861",
                f"units of `{name}` meet in products too, which cannot be drawn beside an expert",
                term.span,
                help="write the products as `square(...)` of a projection",
            )


def _verify_self_pairs(model: Model, terms: list[Term], units: dict[str, type[UnitType]]) -> None:
    """A term that pairs a unit with itself needs x² among the unit's statistics, or equal to one of
    them.
    """
    for term in terms:
        a = term.units[0]
        unit = units[model.group(a.group).unit]
        if not is_apart(term) and 2 not in unit.reduces and "x^2" not in unit.statistics:
            raise fail(
                "BM863",
                f"this term pairs every unit of `{a.group}` with itself too, and x^2 is no"
                f" statistic of `{unit.name}`",
                term.span,
                help="count each pair once: `for i < j`",
            )


def _coupling(
    forms: tuple[TermForm, ...], a: tuple[str, int], b: tuple[str, int], terms: tuple[int, ...]
) -> Coupling:
    """A coupling that is one parameter with the letters of a then b (or b then a) is that parameter
    itself, reshaped.
    """
    form = forms[terms[0]]
    if len(terms) == 1 and form.array is not None:
        x, y = form.ordered
        return Coupling(x.group, y.group, terms, form.array, form.scale, (x.power, y.power))
    return Coupling(a[0], b[0], terms, powers=(a[1], b[1]))
