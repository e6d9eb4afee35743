"""Blocks and exact sums are read off the graph, never off a model's name."""

from __future__ import annotations

import math
import random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmdsl.graph.couples import Couples
from bmdsl.graph.factor_graph import FactorGraph, build_factor_graph
from bmdsl.graph.passes import choose_enumerated, gibbs_blocks, mean_block, verify_schedule
from bmdsl.language.diagnostics import BmError
from tests.build import LESS, bm, dbm, group, model, rbm, term


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
    assert choose_enumerated(
        build_factor_graph(rbm()), ("v", "h"), {"v": float("inf"), "h": 3.0}
    ) == ("h",)


def test_lateral_hidden_units_are_enumerated():
    assert choose_enumerated(build_factor_graph(bm()), ("h",), {"h": 3.0}) == ("h",)


def _by_all_subsets(couples: nx.Graph, states: dict[int, float]) -> tuple[int, ...] | None:
    """The first cheapest of all subsets in binary order."""
    best: tuple[float, tuple[int, ...]] | None = None
    for mask in range(1 << len(states)):
        chosen = tuple(n for n in states if mask >> n & 1)
        summed = [n for n in states if n not in chosen]
        if any(couples.has_edge(a, b) for a in summed for b in summed if a <= b):
            continue
        cost = sum(states[n] for n in chosen)
        if cost < math.inf and (best is None or cost < best[0]):
            best = (cost, chosen)
    return best[1] if best else None


def test_the_subset_to_enumerate_is_the_first_cheapest() -> None:
    rng = random.Random(0)
    for seed in range(300):
        n = rng.randrange(8)
        drawn = nx.gnp_random_graph(n, rng.random(), seed=seed)
        drawn.add_edges_from((k, k) for k in range(n) if rng.random() < 0.1)
        states = {k: rng.choice((0.0, 0.1, 0.2, 0.3, 1.0, 1.585, 3.0, math.inf)) for k in range(n)}
        graph = FactorGraph(model("m", [], {}, []), Couples(range(n), drawn.edges))  # type: ignore[arg-type]
        found = choose_enumerated(graph, list(range(n)), states)  # type: ignore[arg-type]
        assert found == _by_all_subsets(drawn, states)


def test_a_chain_of_many_groups_is_chosen_from_without_trying_all_subsets() -> None:
    graph = FactorGraph(model("m", [], {}, []), Couples(range(60), nx.path_graph(60).edges))  # type: ignore[arg-type]
    found = choose_enumerated(graph, list(range(60)), dict.fromkeys(range(60), 1.0))  # type: ignore[arg-type]
    assert found is not None and len(found) == 30


def _cliques(edges: list[tuple[str, str]], hidden: set[str]) -> FactorGraph:
    """A graph of scalar groups with a term an edge; (a, a) is a group of three whose units meet."""
    names = sorted({n for e in edges for n in e})
    lateral = {a for a, b in edges if a == b}
    groups = [
        group(n, "hidden" if n in hidden else "visible", (3,) if n in lateral else ())
        for n in names
    ]
    terms = [
        (
            term([], [(a, "i"), (b, "j")], {"i": 3, "j": 3}, LESS)
            if a == b
            else term([], [(n, "k" if n in lateral else "") for n in (a, b)], {"k": 3})
        )
        for a, b in edges
    ]
    return build_factor_graph(model("m", groups, {}, terms))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.sets(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), min_size=1),
    st.sets(st.sampled_from("abcde")),
)
def test_means_are_of_the_last_block_whatever_the_graph(
    edges: set[tuple[str, str]], hidden: set[str]
) -> None:
    graph = _cliques(sorted(edges), hidden)
    blocks = gibbs_blocks(graph)
    means = mean_block(graph, blocks)
    verify_schedule(graph, blocks, means)
    assert set(means) <= set(blocks[-1]) and all(
        n in hidden and not graph.is_lateral(n) for n in means
    )
    assert means or all(n not in hidden or graph.is_lateral(n) for b in blocks for n in b)


@pytest.mark.parametrize(
    ("blocks", "means", "said"),
    [
        ((("v",), ("h",), ("g",)), ("h",), "do not go with the draws"),
        ((("v", "h"), ("g",)), ("g",), "share a term"),
        ((("v",), ("g",)), ("g",), "do not draw every free group once"),
        ((("h",), ("g",), ("v",)), ("v",), "do not go with the draws"),
    ],
)
def test_a_schedule_that_is_none_is_refused(
    blocks: tuple[tuple[str, ...], ...], means: tuple[str, ...], said: str
) -> None:
    graph = _cliques([("v", "h"), ("v", "g"), ("h", "g")], {"h", "g"})
    with pytest.raises(BmError, match=f"BM885.*{said}"):
        verify_schedule(graph, blocks, means)
