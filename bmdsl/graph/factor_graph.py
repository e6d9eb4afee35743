"""The factor graph: groups of units and the terms that couple them, lifted (per group, never per
unit).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from ..language.diagnostics import BmError, Diagnostic
from ..language.forms import Form, form_of
from ..language.model import Expert, Model, Term, UnitFactor
from ..registry import Shown
from .couples import Couples


@dataclass(frozen=True)
class FactorGraph(Shown):
    """A model's groups and terms. `couples` joins two groups that share a term; a group with a term
    between its own units is joined to itself.
    """

    model: Model
    couples: Couples

    def neighbours(self, group: str) -> tuple[str, ...]:
        """Other groups that share a term with `group`, in declaration order."""
        near = set(self.couples.neighbours(group)) - {group}
        return tuple(g.name for g in self.model.groups if g.name in near)

    def is_lateral(self, group: str) -> bool:
        """Whether some term couples units of this group with one another."""
        return self.couples.has_edge(group, group)

    def terms_between(self, a: str, b: str) -> tuple[Term, ...]:
        """The terms that couple groups `a` and `b` (a = b: units of one group)."""
        pair = sorted((a, b))
        return tuple(
            t
            for t in self.model.terms
            if len(t.units) == 2 and sorted(u.group for u in t.units) == pair
        )

    def __str__(self) -> str:
        lines = [f"factor graph of {self.model.name}"]
        for g in self.model.groups:
            shape = "×".join(str(n) for n in g.axes) or "1"
            lines.append(f"  {g.role:8} {g.name} [{shape}] {g.unit}")
        for n, t in enumerate(self.model.terms):
            ends = (
                " — ".join(u.group + (f"^{u.power}" if u.power != 1 else "") for u in units_of(t))
                or "constant"
            )
            ends = f"{t.expert.function}({ends})" if t.expert else ends
            names = " ".join(parameters_of(t))
            lines.append(f"  term {n}: {ends}" + (f"  ({names})" if names else ""))
        return "\n".join(lines)


def units_of(term: Term) -> tuple[UnitFactor, ...]:
    """The term's units, those inside an expert included."""
    return (*term.units, *(u for addend in _addends(term.expert) for u in addend.units))


def parameters_of(term: Term) -> tuple[str, ...]:
    """Names of the term's parameters, those inside an expert included."""
    return (
        *(p.parameter for p in term.parameters),
        *(p.parameter for addend in _addends(term.expert) for p in addend.parameters),
    )


def _addends(expert: Expert | None) -> tuple[Term, ...]:
    return () if expert is None else (*expert.addends, *_addends(expert.inner))


def build_factor_graph(model: Model) -> FactorGraph:
    """Model → FactorGraph. Linear in the number of terms."""
    edges: list[tuple[str, str]] = []
    for term in model.terms:
        names = [u.group for u in units_of(term)]
        edges += combinations(names, 2)
        if (
            term.expert is not None
        ):  # a function of a whole projection couples the units of a group with one another
            edges += ((name, name) for name in set(names))
    return FactorGraph(model, Couples((g.name for g in model.groups), edges))


def verify_compiled(graph: FactorGraph) -> None:
    """Raises BmError for every term the compiler has no contraction for: powers where couplings are
    written out.
    """
    wrong = []
    for term in graph.model.terms:
        if any(u.power != 1 for u in term.units) and form_of(graph.model, term).form in (
            Form.LISTED,
            Form.LATERAL,
        ):
            wrong.append(
                Diagnostic(
                    "BM863",
                    "a power in a product of units of one group, or on a lattice or graph, cannot"
                    " be compiled yet",
                    term.span,
                    helps=(
                        (
                            "a power can stand in a term of one unit, or of two groups whose"
                            " letters differ, as `x[i]^2 z[k]`"
                        ),
                    ),
                )
            )
    if wrong:
        raise BmError(*wrong)
