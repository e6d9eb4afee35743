"""Kinds of op that loop over a model's own terms: couplings and biases from parameters, and
gradients from moments.
"""

from __future__ import annotations

from ..language.forms import Form
from ..plan.identifiers import Key
from ..plan.plan import Plan
from .ops import Kind, Takes, passed, reads, real, updates, writes
from .unit_ops import unbound


def module_kind(plan: Plan, key: Key, first: str, axes: int = 2) -> Kind:
    """The op of a function of the model's generated module.

    `first` is `out` for one that builds from parameters, `moment` for one that adds to gradients.
    """
    arguments: dict[str, Takes]
    if first == "out":
        arguments = {"out": writes(axes) if key[0] in ("values", "alike") else updates(axes)}
    else:
        arguments = {"moment": reads(axes), "scale": real()}
        fed = {p.parameter for n in terms_of(plan, key) for p in plan.model.terms[n].parameters}
        for p in plan.model.parameters:
            takes = updates if p.name in fed else passed
            arguments[f"gradient {p.name}"] = takes(len(p.shape))
    arguments["k"] = reads(1, "f8")
    arguments["n"] = reads(1, "i8")
    arguments |= {f"parameter {p.name}": reads(len(p.shape)) for p in plan.model.parameters}
    arguments |= {f"edges {g.name}": reads(2, "i8") for g in plan.model.graphs}
    name = plan.functions[key]
    return Kind(
        name, tuple(arguments.items()), " ".join(map(str, key)), unbound(name), origin="module"
    )


def terms_of(plan: Plan, key: Key) -> tuple[int, ...]:
    """The numbers of the terms that a generated function is for."""
    what = key[1]
    if isinstance(what, int):
        return (what,)
    if isinstance(what, str):
        form = {1: Form.BIAS, 2: Form.SQUARE}[key[2]]
        return tuple(
            n for n, f in enumerate(plan.forms) if f.form is form and f.units[0].group == what
        )
    found = next((c.terms for c in plan.couplings if c.key == what), None)
    if found is not None:
        return found
    group = what[0][0]
    return tuple(
        n for n, f in enumerate(plan.forms) if f.form is Form.LATERAL and f.units[0].group == group
    )
