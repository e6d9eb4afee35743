"""The plan: which groups are updated how and in which order, and what every contraction is. Says what; the emitter writes how."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ..graph.factor_graph import FactorGraph, verify_pairwise
from ..graph.passes import gibbs_blocks, mean_block
from ..language.model import Length, Model, Term, UnitFactor
from ..units.interface import UnitType


@dataclass(frozen=True)
class Coupling:
    """The matrix between groups a and b, [size a, size b]. `direct` names the parameter that *is* this matrix (times `scale`)."""

    a: str
    b: str
    terms: tuple[int, ...]
    direct: str | None = None
    scale: float = 1.0

    @property
    def name(self) -> str:
        return f"{self.a}_{self.b}"


@dataclass(frozen=True)
class GroupPlan:
    """A group as the compiler needs it: its unit type with arguments, its axes, whether its units act on one another."""

    name: str
    role: str
    axes: tuple[Length, ...]
    states: Length | None
    unit: type[UnitType]
    arguments: tuple[float, ...]
    """The unit type's arguments without the number of states."""
    square: bool
    """Whether the statistic x² is a second field of this type."""
    lateral: bool

    @property
    def size(self) -> int:
        """Columns of this group's state matrix."""
        return prod(int(n) for n in self.axes)


@dataclass(frozen=True)
class Plan:
    """Bound to no array and to no size: another H gives the same plan but for its lengths."""

    graph: FactorGraph
    groups: tuple[GroupPlan, ...]
    couplings: tuple[Coupling, ...]
    blocks: tuple[tuple[str, ...], ...]
    mean_block: tuple[str, ...]

    @property
    def model(self) -> Model:
        return self.graph.model

    def group(self, name: str) -> GroupPlan:
        return next(g for g in self.groups if g.name == name)

    def couplings_of(self, name: str) -> tuple[Coupling, ...]:
        """Couplings to other groups, in order."""
        return tuple(c for c in self.couplings if name in (c.a, c.b))

    def __str__(self) -> str:
        lines = [f"plan of {self.model.name}"]
        for n, block in enumerate(self.blocks):
            how = "one unit after another" if any(self.group(g).lateral for g in block) else "all units at once"
            lines.append(f"  block {n}: {', '.join(block)} ({how})")
            for g in block:
                for c in self.couplings_of(g):
                    matrix = c.direct or f"built from terms {', '.join(map(str, c.terms))}"
                    lines.append(f"    {g} <- {c.b if g == c.a else c.a}: matrix product, {matrix}")
                if self.group(g).lateral:
                    lines.append(f"    {g} <- {g}: fields kept, one row of the symmetric coupling a changed unit")
        lines.append(f"  negative phase uses means of: {', '.join(self.mean_block) or 'no group'}")
        return "\n".join(lines)


def build_plan(graph: FactorGraph, units: dict[str, type[UnitType]]) -> Plan:
    """FactorGraph → Plan. Raises BmError for terms with no contraction."""
    verify_pairwise(graph)
    model = graph.model
    groups = []
    for g in model.groups:
        unit = units[g.unit]
        arguments = tuple(float(v) for k, v in g.options if k != unit.states)
        groups.append(GroupPlan(g.name, g.role, g.axes, g.states, unit, arguments, "x^2" in unit.statistics, graph.is_lateral(g.name)))
    order = [g.name for g in model.groups]
    pairs: dict[tuple[str, str], list[int]] = {}
    for n, term in enumerate(model.terms):
        if len(term.units) == 2:
            a, b = sorted((u.group for u in term.units), key=order.index)
            pairs.setdefault((a, b), []).append(n)
    couplings = []
    for (a, b), terms in pairs.items():
        if a != b:
            couplings.append(_coupling(model, a, b, tuple(terms)))
    blocks = gibbs_blocks(graph)
    return Plan(graph, tuple(groups), tuple(couplings), blocks, mean_block(graph, blocks))


def _coupling(model: Model, a: str, b: str, terms: tuple[int, ...]) -> Coupling:
    """A coupling that is one parameter with the letters of a then b (or b then a) is that parameter itself, reshaped."""
    if len(terms) == 1:
        term = model.terms[terms[0]]
        first, second = sorted(term.units, key=lambda u: u.group != a)
        for x, y in ((first, second), (second, first)):
            name = _is_matrix(model, term, x, y)
            if name:
                return Coupling(x.group, y.group, terms, name, -term.coefficient)
    return Coupling(a, b, terms)


def _is_matrix(model: Model, term: Term, x: UnitFactor, y: UnitFactor) -> str | None:
    letters = [s.letter for s in (*x.subscripts, *y.subscripts)]
    if term.conditions or len(term.parameters) != 1 or None in letters or len(set(letters)) != len(letters):
        return None
    p = term.parameters[0]
    shape = model.parameter(p.parameter).shape
    axes = (*model.group(x.group).axes, *model.group(y.group).axes)
    starts = any(one.start != 0 for one in term.letters)
    if p.power != 1 or starts or [s.letter for s in p.subscripts] != letters or tuple(shape) != axes:
        return None
    return p.parameter
