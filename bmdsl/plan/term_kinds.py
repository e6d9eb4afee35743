"""The kinds of contribution that an energy can have, by the forms of its terms, and which of them
an algorithm takes.

A sum over states is wrong as soon as it leaves one kind out. An algorithm therefore declares the
kinds that it accounts for, and is asked before it runs: a kind that it does not know is refused,
never left out.
"""

from __future__ import annotations

from collections.abc import Set
from enum import Enum

from ..language.diagnostics import BmError, fail
from ..language.forms import Form
from .plan import Plan


class Kind(Enum):
    """What an energy is made of. The value reads in a message."""

    CONSTANT = "constants"
    BASE = "base measures"
    BIAS = "fields on single units"
    SQUARE = "x^2 of single units"
    COUPLING = "matrices between two groups"
    SQUARED_COUPLING = "matrices that couple an x^2"
    LATERAL = "matrices inside a group"
    LISTED = "couplings written out one by one"
    TENSOR = "tensors of three groups"
    CONTRACTION = "products of parameters summed over shared letters"
    EXPERT = "functions of a projection"


KINDS = {
    Form.CONSTANT: Kind.CONSTANT,
    Form.BIAS: Kind.BIAS,
    Form.SQUARE: Kind.SQUARE,
    Form.COUPLING: Kind.COUPLING,
    Form.SQUARED_COUPLING: Kind.SQUARED_COUPLING,
    Form.LATERAL: Kind.LATERAL,
    Form.LISTED: Kind.LISTED,
    Form.TENSOR: Kind.TENSOR,
    Form.CONTRACTION: Kind.CONTRACTION,
    Form.CONVOLUTION: Kind.CONTRACTION,
    Form.EXPERT: Kind.EXPERT,
}
"""What a term of each form contributes."""


def kind_of(plan: Plan, number: int) -> Kind:
    """The kind of the plan's term of this number. Raises BM880 if there is none."""
    form = plan.forms[number].form
    if form is None:
        raise fail(
            "BM880",
            "this term is of no kind that is known: its energy could be summed wrongly",
            plan.model.terms[number].span,
            help="write it as a product of units and parameters, or as a function of a projection",
        )
    return KINDS[form]


def kinds_of(plan: Plan) -> frozenset[Kind]:
    """All kinds of a plan.

    Every unit has a field and every energy a constant, be they 0: a matrix inside a group feeds
    both.
    """
    found = {Kind.CONSTANT, Kind.BIAS, *(kind_of(plan, n) for n in range(len(plan.model.terms)))}
    if any(g.square for g in plan.groups):
        found.add(Kind.SQUARE)
    if any(g.states is None and g.unit.has_base() for g in plan.groups):
        found.add(Kind.BASE)
    return frozenset(found)


def verify_takes(plan: Plan, kinds: Set[Kind], takes: Set[Kind], what: str) -> None:
    """BmError BM880 with the first term of a kind that `what` does not take."""
    unknown = kinds - takes
    if unknown:
        numbers = range(len(plan.model.terms))
        term = next((plan.model.terms[n] for n in numbers if kind_of(plan, n) in unknown), None)
        named = " and ".join(sorted(k.value for k in unknown))
        raise fail(
            "BM880",
            f"{what} does not account for {named}",
            None if term is None else term.span,
            help="use another method, as sampling or AIS in place of a sum",
        )


def no_means(name: str) -> BmError:
    """What is wrong where means are asked of units that experts see."""
    return fail(
        "BM818",
        f"`{name}` has no means in closed form: experts see it",
        help="draw them: `machine.sample`, or `positive gibbs(steps = 5)`",
    )
