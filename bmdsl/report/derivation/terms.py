"""The energy's terms as trees, and what `sum of products` a field or a gradient is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...graph.factor_graph import units_of
from ...language.letters import is_read_by_edge, nest_of, plain_letters
from ...language.model import (
    Condition,
    Expert,
    Letter,
    Model,
    ParameterFactor,
    Term,
    UnitFactor,
)
from .algebra import ONE, add, applied, joined, mul, number, raised, walk
from .constants import Values, coefficient, values_of
from .expression import Entry, Index, Moment, Node, OnEdge, Relation, Restriction, Series, State
from .letters import plain, put_in, unique


class Terms:
    """A model's terms as trees whose letters are all different."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.values: Values = values_of(model)
        self.shapes = {p.name: p.shape for p in model.parameters}
        self.axes = {g.name: g.axes for g in model.groups}

    def tree(self, term: Term) -> Node:
        """The whole term: constant · Σ parameters · units · expert."""
        parts = [*map(self.state, term.units)]
        return self.series(term, mul(*self.entries(term), *parts, *self.expert(term)))

    def series(
        self, term: Term, body: Node, extra: tuple[Restriction, ...] = (), sign: int = 1
    ) -> Node:
        """± the term's constant times the sum of a body over the term's letters, all under new
        names.
        """
        constant = mul(number(sign), coefficient(term, self.values))
        restrictions = (*map(_restriction, term.conditions), *extra)
        return mul(constant, self.summed(term.letters, restrictions, body))

    def summed(
        self, letters: Iterable[Letter], restrictions: tuple[Restriction, ...], body: Node
    ) -> Node:
        """The sum over these letters, under new names."""
        names = {x.name: plain(unique(x.name)) for x in letters}
        inside = put_in(body, names)
        indices = tuple(Index(names[x.name].letters[0][0], x.start, x.stop) for x in letters)
        bounds = put_in(restrictions, names)
        indices = tuple(replace(i, shown=not self.told(i, inside)) for i in indices)
        return Series("sum", indices, bounds, inside) if indices or bounds else inside

    def told(self, i: Index, body: Node) -> bool:
        """Whether an axis that the letter subscripts on its own is as long as its range."""
        for x in walk(body):
            if isinstance(x, State | Moment | Entry):
                axes = (
                    self.axes[x.group]
                    if not isinstance(x, Entry)
                    else self.shapes[x.parameter]
                    if x.graph is None
                    else ()
                )
                if any(
                    s.letter == i.name and i.start == 0 and i.stop == n
                    for s, n in zip(x.subscripts, axes, strict=False)
                ):
                    return True
        return False

    def state(self, u: UnitFactor) -> Node:
        """A unit to its power."""
        return raised(State(u.group, u.subscripts), u.power)

    def entries(self, term: Term) -> list[Node]:
        """The term's parameters to their powers."""
        return [raised(self.entry(p, term), p.power) for p in term.parameters]

    def entry(self, p: ParameterFactor, term: Term) -> Entry:
        """A parameter's entry; one with a value for each edge has the edge's two ends, in the order
        of the list.
        """
        if is_read_by_edge(term, p, self.shapes[p.parameter]):
            edge = nest_of(term).edges[0]
            return Entry(p.parameter, (plain(edge.first), plain(edge.second)), edge.graph)
        return Entry(p.parameter, p.subscripts)

    def expert(self, term: Term) -> list[Node]:
        """The term's function of a projection, in elementary functions."""
        return [] if term.expert is None else [self._function(term.expert, term)]

    def _function(self, e: Expert, term: Term) -> Node:
        if e.inner is not None:
            u = mul(number(e.coefficient), self._function(e.inner, term))
        else:
            u = joined(
                *(
                    self.series(a, mul(*self.entries(a), *map(self.state, a.units)))
                    for a in e.addends
                )
            )
        return EXPERTS[e.function](u)


EXPERTS = {
    "softplus": lambda u: applied("log", add(ONE, applied("exp", u))),
    "log1p": lambda u: applied("log", add(ONE, u)),
    "square": lambda u: raised(u, 2),
    "abs": lambda u: applied("abs", u),
    "logcosh": lambda u: applied("log", applied("cosh", u)),
}
"""Functions of a projection by name, as trees."""


def _restriction(c: Condition) -> Restriction:
    first, second = plain(c.first), plain(c.second)
    if c.kind == "edge":
        return OnEdge(c.graph or "", first, second)
    return Relation("<" if c.kind == "less" else "≠", first, second)


def touches(term: Term, group: str) -> bool:
    """Whether a term has a unit of this group, an expert's inside included."""
    return any(u.group == group for u in units_of(term))


def own_letters(model: Model, group: str) -> tuple[str, ...]:
    """The letters this group goes by: those of the first term that has it with letters alone."""
    for t in model.terms:
        for u in units_of(t):
            letters = plain_letters(u.subscripts)
            if u.group == group and letters is not None:
                return letters
    return tuple("ijklmn"[: len(model.group(group).axes)])
