"""The kinds of contribution that an energy can have, named in this one place, and which of them an algorithm takes.

A sum over states is wrong as soon as it leaves one kind out. An algorithm therefore declares the kinds that it
accounts for, and is asked before it runs: a kind that it does not know is refused, never left out.
"""

from __future__ import annotations

from collections.abc import Set
from enum import Enum

from ..language.diagnostics import fail
from ..language.model import Term
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


def kind_of(plan: Plan, number: int) -> Kind:
    """The one kind of the plan's term of this number. BmError BM880 where there is none, or more than one."""
    term = plan.model.terms[number]
    coupling = next((c for c in plan.couplings if number in c.terms), None)
    squared = coupling is not None and coupling.powers != (1, 1)
    power = term.units[0].power if len(term.units) == 1 else 0
    square = power == 2 and plan.group(term.units[0].group).square
    is_kind = {
        Kind.EXPERT: number in plan.experts and not term.units,
        Kind.LISTED: number in plan.listed,
        Kind.TENSOR: any(t.term == number for t in plan.tensors),
        Kind.CONTRACTION: any(c.term == number for c in plan.contractions),
        Kind.COUPLING: coupling is not None and not squared,
        Kind.SQUARED_COUPLING: squared,
        Kind.LATERAL: number not in plan.listed and _is_lateral(plan, term),
        Kind.BIAS: power == 1 and term.expert is None,
        Kind.SQUARE: square and term.expert is None,
        Kind.CONSTANT: not term.units and term.expert is None,
    }
    found = [kind for kind, is_it in is_kind.items() if is_it]
    if len(found) != 1:
        said = " and ".join(k.value for k in found) or "no kind that is known"
        raise fail("BM880", f"this term is of {said}: its energy could be summed wrongly", term.span,
                   help="write it as a product of units and parameters, or as a function of a projection")  # fmt: skip
    return found[0]


def _is_lateral(plan: Plan, term: Term) -> bool:
    names = [u.group for u in term.units]
    return len(names) == 2 and names[0] == names[1] and plan.group(names[0]).lateral


def kinds_of(plan: Plan) -> frozenset[Kind]:
    """All kinds of a plan. Every unit has a field and every energy a constant, be they 0: a matrix inside a group feeds both."""
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
        raise fail("BM880", f"{what} does not account for {named}", None if term is None else term.span,
                   help="use another method, as sampling or AIS in place of a sum")  # fmt: skip
