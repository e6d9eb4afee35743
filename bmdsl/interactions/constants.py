"""What no unit changes: terms without units, and pairs of units with themselves whose square is 1.

It is the same in both phases, so that gradients know nothing of it; it counts where machines of
unlike parameters are compared.
"""

from __future__ import annotations

import numpy as np

from ..language.forms import Form
from ..language.letters import is_read_by_edge, nest_of, place_of, table
from ..language.model import Term
from ..plan.plan import Plan, pairs_itself
from ..schedule.builder import Builder
from ..schedule.module_ops import module_kind
from ..schedule.values import Content, Value


def add_minus_constant(b: Builder, out: Value) -> None:
    """out += −E of every row as far as no unit changes it, of terms with parameters."""
    for n in _terms(b.plan):
        _add_term(b, n, b.plan.model.terms[n], out)
    add_traces(b, out)


def add_traces(b: Builder, out: Value) -> None:
    """out += Σ_p M[p, p] of pairs of units with themselves that no state changes."""
    for name in groups_with_traces(b.plan):
        key = (name, 1), (name, 1)
        shape = (b.size(name), b.size(name))
        full = b.shared(f"pairs_{name}", Content.MATRIX, shape, key=("trace", name))
        trace = b.shared(f"trace_{name}", Content.MATRIX, (1, 1), key=("trace", name))
        b.do("clear", full)
        b.do_of_parameters(module_kind(b.plan, ("couple", key), "out"), full)
        b.do("set_trace", full, trace)
        b.do("add_number", trace, 1.0, out)


def groups_with_traces(plan: Plan) -> tuple[str, ...]:
    """The groups some of whose units meet themselves, where x² is 1."""
    return tuple(
        g.name
        for g in plan.groups
        if g.lateral and g.unit.reduces.get(2, 2) == 0 and pairs_itself(plan, g.name)
    )


def _terms(plan: Plan) -> tuple[int, ...]:
    """The terms without units that have parameters."""
    forms = enumerate(plan.forms)
    return tuple(n for n, f in forms if f.form is Form.CONSTANT and plan.model.terms[n].parameters)


def _add_term(b: Builder, number: int, term: Term, out: Value) -> None:
    model = b.plan.model
    sizes = [n for p in term.parameters for n in model.parameter(p.parameter).shape]
    sizes += [x.stop for x in term.letters]
    settings = None
    if all(isinstance(n, int) for n in sizes):
        settings = table(model, nest_of(term))
    long = "settings" if settings is None else settings.count
    places = []
    for p in term.parameters:
        shape = model.parameter(p.parameter).shape
        found = None
        if settings is not None and is_read_by_edge(term, p, shape):
            found = settings.edges[0]
        elif settings is not None:
            place, _ = place_of(p.subscripts, shape).columns(settings.letters)
            found = np.full(settings.count, place)
        places.append(b.constant(f"places_{p.parameter}_{number}", found, (long,)))
    nowhere = None if settings is None else np.zeros(settings.count)
    slots = b.constant(f"slots_{number}", nowhere, (long,))
    values = b.shared(
        f"entries_{number}", Content.CONSTANT, (long,), "f8", key=("constant", b.place)
    )
    total = b.shared(f"constant_{number}", Content.MATRIX, (1, 1))
    b.do("begin_products", -term.coefficient, values)
    for p, place in zip(term.parameters, places, strict=True):
        b.do("times_entries", b.params[p.parameter], place, p.power, values)
    b.do("clear", total)
    b.do("add_entries", values, slots, total)
    b.do("add_number", total, 1.0, out)
