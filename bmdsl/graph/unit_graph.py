"""The factor graph of single units, for sparse terms: a lattice, a graph of edges, a local receptive field."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from math import prod

import networkx as nx

from ..language.diagnostics import fail
from ..language.model import Model, Subscript, Term
from .factor_graph import FactorGraph

SPARSE = 4
"""A term is sparse where it couples at most one in so many of the pairs (or tuples) that its groups have."""
LIMIT = 1 << 20
"""Most couplings of single units that are written out."""

Place = tuple[int, ...]


def sparse_terms(model: Model) -> tuple[int, ...]:
    """Numbers of the terms that couple few of the units of their groups. Sizes must be bound."""
    found = []
    for n, term in enumerate(model.terms):
        if len(term.units) > 1:
            tuples = prod(prod(int(a) for a in model.group(u.group).axes) for u in term.units)
            if SPARSE * coupling_count(model, term) <= tuples:
                found.append(n)
    return tuple(found)


def unit_graph(graph: FactorGraph) -> nx.Graph:
    """Nodes (group, place) of every group that a sparse term touches; an edge for two units in one term, with `terms`, their numbers.

    BmError BM874 where a length is open, BM875 where there are more than a million couplings.
    """
    model = graph.model
    if model.unbound:
        raise fail("BM874", f"the graph of single units needs a value for `{model.unbound[0]}`", help=f"as -D {model.unbound[0]}=10")
    numbers = sparse_terms(model)
    total = sum(coupling_count(model, model.terms[n]) for n in numbers)
    if total > LIMIT:
        raise fail("BM875", f"{total:,} couplings of single units are too many to write out", help=f"at most {LIMIT:,}: make the model smaller")
    out = nx.Graph()
    for name in dict.fromkeys(u.group for n in numbers for u in model.terms[n].units):
        out.add_nodes_from((name, place) for place in product(*(range(int(a)) for a in model.group(name).axes)))
    for n in numbers:
        for units in _settings(model, model.terms[n]):
            for a, b in combinations(units, 2):
                if a != b:
                    out.add_edge(a, b, terms=(*out.get_edge_data(a, b, {"terms": ()})["terms"], n))
    return out


def colour_classes(units: nx.Graph) -> dict[tuple[str, Place], int]:
    """Unit → colour: units of one colour share no sparse term, so they may be drawn at once. Greedy, in order of degree."""
    return nx.greedy_color(units, strategy="largest_first")


def coupling_count(model: Model, term: Term) -> int:
    """Values of the term's letters, conditions aside: the couplings it writes out."""
    edge = next((c for c in term.conditions if c.kind == "edge"), None)
    letters = [x for x in term.letters if edge is None or x.name not in (edge.first, edge.second)]
    edges = 1
    if edge is not None:
        found = next(g.edges for g in model.graphs if g.name == edge.graph)
        edges = 0 if found is None else len(found)
    return edges * prod(int(x.stop) - x.start for x in letters)


def _settings(model: Model, term: Term) -> Iterator[list[tuple[str, Place]]]:
    edge = next((c for c in term.conditions if c.kind == "edge"), None)
    letters = [x for x in term.letters if edge is None or x.name not in (edge.first, edge.second)]
    ends: list[dict[str, int]] = [{}]
    if edge is not None:
        edges = next(g.edges for g in model.graphs if g.name == edge.graph)
        ends = [] if edges is None else [{edge.first: int(i), edge.second: int(j)} for i, j in edges]
    for pair in ends:
        for values in product(*(range(x.start, int(x.stop)) for x in letters)):
            at = pair | dict(zip((x.name for x in letters), values, strict=True))
            if all(c.kind == "edge" or (at[c.first] < at[c.second] if c.kind == "less" else at[c.first] != at[c.second]) for c in term.conditions):
                places = [_place(u.subscripts, at, tuple(int(a) for a in model.group(u.group).axes)) for u in term.units]
                if None not in places:
                    yield [(u.group, p) for u, p in zip(term.units, places, strict=True) if p is not None]


def _place(subscripts: tuple[Subscript, ...], at: dict[str, int], axes: Place) -> Place | None:
    out = []
    for s, n in zip(subscripts, axes, strict=True):
        value = s.constant + sum(k * at[x] for x, k in s.letters)
        value = value % n if s.edge == "wrap" else value
        if not 0 <= value < n:
            return None
        out.append(value)
    return tuple(out)
