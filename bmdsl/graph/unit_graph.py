"""The factor graph of single units, for sparse terms: a lattice, a graph of edges, a local
receptive field.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from math import prod
from typing import TYPE_CHECKING

from ..language.diagnostics import fail
from ..language.late import networkx
from ..language.letters import setting_count, settings, unit_place
from ..language.model import Model, Term
from .factor_graph import FactorGraph

if TYPE_CHECKING:
    import networkx as nx

SPARSE = 4
"""A term is sparse where it couples at most one in so many of the pairs (or tuples) that its groups
have.
"""
LIMIT = 1 << 20
"""Most couplings of single units that are written out."""

Place = tuple[int, ...]


def sparse_terms(model: Model) -> tuple[int, ...]:
    """Numbers of the terms that couple few of the units of their groups. Sizes must be bound."""
    found = []
    for n, term in enumerate(model.terms):
        if len(term.units) > 1:
            tuples = prod(prod(int(a) for a in model.group(u.group).axes) for u in term.units)
            if SPARSE * setting_count(model, term) <= tuples:
                found.append(n)
    return tuple(found)


def unit_graph(graph: FactorGraph) -> nx.Graph:
    """Nodes (group, place) of every group that a sparse term touches; an edge for two units in one
    term, with `terms`, their numbers.

    BmError BM874 where a length is open, BM875 where there are more than a million couplings.
    """
    model = graph.model
    if model.unbound:
        raise fail(
            "BM874",
            f"the graph of single units needs a value for `{model.unbound[0]}`",
            help=f"as -D {model.unbound[0]}=10",
        )
    numbers = sparse_terms(model)
    total = sum(setting_count(model, model.terms[n]) for n in numbers)
    if total > LIMIT:
        raise fail(
            "BM875",
            f"{total:,} couplings of single units are too many to write out",
            help=f"at most {LIMIT:,}: make the model smaller",
        )
    out = networkx.Graph()
    for name in dict.fromkeys(u.group for n in numbers for u in model.terms[n].units):
        out.add_nodes_from(
            (name, place) for place in product(*(range(int(a)) for a in model.group(name).axes))
        )
    for n in numbers:
        for units in _settings(model, model.terms[n]):
            for a, b in combinations(units, 2):
                if a != b:
                    out.add_edge(a, b, terms=(*out.get_edge_data(a, b, {"terms": ()})["terms"], n))
    return out


def colour_classes(units: nx.Graph) -> dict[tuple[str, Place], int]:
    """Unit → colour: units of one colour share no sparse term, so they may be drawn at once.

    Greedy, in order of degree.
    """
    return networkx.greedy_color(units, strategy="largest_first")


def _settings(model: Model, term: Term) -> Iterator[list[tuple[str, Place]]]:
    """The units of each of the term's couplings; none that `pad` takes off an axis."""
    units = [(u.group, unit_place(model, u)) for u in term.units]
    for setting, _ in settings(model, term):
        places = [(group, place.at(setting)) for group, place in units]
        found = [(group, place) for group, place in places if place is not None]
        if len(found) == len(units):
            yield found
