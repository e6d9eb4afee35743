"""Blocks and exact sums are read off the graph, never off a model's name."""

from __future__ import annotations

from bmdsl.graph.factor_graph import build_factor_graph
from bmdsl.graph.passes import choose_enumerated, gibbs_blocks, mean_block
from tests.build import bm, dbm, rbm


def test_a_deep_machine_has_odd_and_even_blocks():
    graph = build_factor_graph(dbm())
    blocks = gibbs_blocks(graph)
    assert {frozenset(b) for b in blocks} == {frozenset({"v", "h2"}), frozenset({"h1"})}
    assert mean_block(graph, blocks) == ("h1",)


def test_groups_with_lateral_terms_are_swept_alone():
    graph = build_factor_graph(bm())
    assert {frozenset(b) for b in gibbs_blocks(graph)} == {frozenset({"v"}), frozenset({"h"})}
    assert mean_block(graph, gibbs_blocks(graph)) == ()


def test_hidden_units_of_an_rbm_are_summed_out_without_enumeration():
    assert choose_enumerated(build_factor_graph(rbm()), ("h",), {"h": 3.0}) == ()


def test_the_cheaper_side_is_enumerated():
    assert choose_enumerated(build_factor_graph(rbm()), ("v", "h"), {"v": 4.0, "h": 3.0}) == ("h",)
    assert choose_enumerated(build_factor_graph(rbm()), ("v", "h"), {"v": float("inf"), "h": 3.0}) == ("h",)


def test_lateral_hidden_units_are_enumerated():
    assert choose_enumerated(build_factor_graph(bm()), ("h",), {"h": 3.0}) == ("h",)
