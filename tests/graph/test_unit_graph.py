"""The graph of single units against a count by hand, and colours that tell neighbours apart."""

from __future__ import annotations

import networkx as nx
import pytest

import bmdsl
from bmdsl.graph.unit_graph import colour_classes, sparse_terms, unit_graph
from bmdsl.language.diagnostics import BmError

ISING = (
    "model ising(L) { visible s[L, L] : spin energy = - 0.4 s[x,y] s[wrap(x+1), y] - 0.4 s[x,y]"
    " s[x, wrap(y+1)] }"
)
GLASS = (
    "model g { graph G = regular(3, 16, seed = 1) visible s[16] : spin param J energy = - J[i,j]"
    " s[i] s[j] for <i,j> in G }"
)
LOCAL = (
    "model c { visible v[9] : binary hidden h[8] : binary param W[2] energy = - W[p] v[x+p] h[x]"
    " for p in 0..2, x in 0..8 }"
)


def test_a_periodic_lattice_is_the_torus_of_its_size():
    units = unit_graph(bmdsl.parse(ISING, L=6).graph)
    torus = nx.grid_graph((6, 6), periodic=True)
    assert set(map(frozenset, units.edges)) == {
        frozenset((("s", a), ("s", b))) for a, b in torus.edges
    }
    assert len(set(colour_classes(units).values())) == 2


def test_an_edge_term_gives_its_graph():
    model = bmdsl.parse(GLASS)
    edges = {frozenset((("s", (int(i),)), ("s", (int(j),)))) for i, j in model.graphs["G"]}
    assert set(map(frozenset, unit_graph(model.graph).edges)) == edges


def test_a_local_field_couples_what_it_covers():
    units = unit_graph(bmdsl.parse(LOCAL).graph)
    assert set(units[("h", (3,))]) == {("v", (3,)), ("v", (4,))}


@pytest.mark.parametrize("text", [ISING, GLASS, LOCAL])
def test_neighbours_have_different_colours(text: str) -> None:
    units = unit_graph(bmdsl.parse(text, **({"L": 5} if text == ISING else {})).graph)
    colours = colour_classes(units)
    assert all(colours[a] != colours[b] for a, b in units.edges)


def test_dense_terms_are_not_sparse():
    model = bmdsl.load("dbm", D=16, H1=8, H2=8)
    assert sparse_terms(model.checked) == ()
    assert len(unit_graph(model.graph)) == 0


def test_an_open_length_is_an_error():
    with pytest.raises(BmError, match="needs a value for `L`"):
        unit_graph(bmdsl.parse(ISING).graph)
