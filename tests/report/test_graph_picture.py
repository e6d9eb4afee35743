"""The picture of a factor graph: everything is in it, nothing lies on anything else."""

from __future__ import annotations

from itertools import combinations
from math import dist
from pathlib import Path

import networkx as nx
import pytest

import bmdsl
from bmdsl.files import folder
from bmdsl.report.graph_files import bipartite, write_graph
from bmdsl.report.graph_layout import RADIUS, SIDE, layout, on_curve
from bmdsl.report.graph_picture import formula

DEEP = """model deep(D) {
  visible v[D] : binary  hidden h1[50] : binary  hidden h2[50] : binary  hidden h3[9] : binary
  layers v -- h1 -- h2 -- h3
}"""
WIDE = """model wide(D = 4) {
  visible v[D] : gaussian  given x[D] : binary  hidden a[3] : binary  hidden b[3] : spin
  hidden c[3] : categorical(2)
  param W1, W2, W3, X, A, B, C, Q, S symmetric, f, g
  energy = - W1[i,j] v[i] a[j] - W2[i,j] v[i] b[j] - W3[i,j,k] v[i] c[j,k] - X[i,j] x[i] v[j]
           - A[i,j] a[i] b[j] - B[i,j] a[i] b[j] - C[i,j,k] a[i] c[j,k] + Q[i] v[i]^2
           - S[i,j] b[i] b[j] for i < j - f[i] b[i] - g[i] v[i]
}"""
TEXTS = {p.stem: p.read_text(encoding="utf-8") for p in folder("models").glob("*.bm")} | {
    "deep": DEEP,
    "wide": WIDE,
}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_nothing_lies_on_anything_else(name: str):
    model = bmdsl.parse(TEXTS[name]).checked
    place = layout(model)
    assert set(place.groups) == {g.name for g in model.groups} and len(place.squares) == len(
        model.terms
    )
    assert all(dist(a, b) > 2.5 * RADIUS for a, b in combinations(place.groups.values(), 2))
    assert all(dist(a.at, b.at) > 4 * SIDE for a, b in combinations(place.squares, 2))
    assert all(
        dist(s.at, g) > RADIUS + 2 * SIDE for s in place.squares for g in place.groups.values()
    )


@pytest.mark.parametrize("name", ["deep", "wide"])
def test_lines_end_at_their_groups_and_cross_no_other(name: str):
    model = bmdsl.parse(TEXTS[name]).checked
    place = layout(model)
    for line in [line for s in place.squares for line in s.lines]:
        ends = [
            g
            for g, at in place.groups.items()
            if min(dist(at, line[0]), dist(at, line[2])) < RADIUS
        ]
        others = [at for g, at in place.groups.items() if g not in ends]
        assert ends, line
        assert all(dist(on_curve(line, k / 20), at) > RADIUS for at in others for k in range(21)), (
            line
        )


def test_hidden_layers_stand_above_the_visible_one():
    at = layout(bmdsl.parse(DEEP).checked).groups
    assert (
        at["v"][1] < at["h1"][1] < at["h2"][1] < at["h3"][1]
        and len({x for x, _ in at.values()}) == 1
    )


def test_the_picture_is_the_same_each_time(tmp_path: Path):
    graph = bmdsl.parse(DEEP).graph
    for name in ("a.svg", "b.svg"):
        write_graph(graph, tmp_path / name)
    first, second = ((tmp_path / name).read_text() for name in ("a.svg", "b.svg"))
    assert first == second and not list(tmp_path.glob("*.part*"))


def test_graphml_has_the_graph_with_its_facts(tmp_path: Path):
    graph = bmdsl.parse(WIDE).graph
    write_graph(graph, tmp_path / "g.graphml")
    again = nx.read_graphml(tmp_path / "g.graphml")
    assert dict(again.nodes(data=True)) == dict(bipartite(graph).nodes(data=True))
    assert {frozenset(e) for e in again.edges} == {frozenset(e) for e in bipartite(graph).edges}


def test_dot_names_every_group_and_line(tmp_path: Path):
    graph = bmdsl.parse(DEEP).graph
    write_graph(graph, tmp_path / "g.dot")
    text = (tmp_path / "g.dot").read_text()
    assert (
        text.count(" -- ") == bipartite(graph).number_of_edges()
        and '"h1" [shape=circle, label="h1\\n50\\nbinary"]' in text
    )


def test_names_are_set_as_mathematics():
    assert formula("W_v_h1") == r"$\mathit{W}_{\mathit{v,h1}}$"
    assert formula("softplus(c W)") == r"$\mathrm{softplus}$($\mathit{c}$ $\mathit{W}$)"
