"""Files of edges in the forms that people have them, all to the same edges and weights."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmdsl.language.diagnostics import BmError
from bmdsl.language.edge_lists import EdgeList, read_edge_list

EDGES = [(0, 1, -1.0), (0, 3, 0.5), (1, 2, 2.0), (2, 4, -0.25)]
N = 6
"""Node 5 has no edge."""


def plain(base: int, separator: str, weights: bool, heading: str = "") -> str:
    rows = [
        separator.join(str(x) for x in (a + base, b + base, *([w] if weights else [])))
        for a, b, w in EDGES
    ]
    return heading + "\n".join(rows) + "\n"


def graphml(weights: bool) -> bytes:
    g = nx.Graph()
    g.add_nodes_from(range(N))
    for a, b, w in EDGES:
        g.add_edge(a, b, **({"weight": w} if weights else {}))
    return "\n".join(nx.generate_graphml(g)).encode()


def texts(weights: bool) -> dict[str, bytes]:
    w = "real" if weights else "pattern"
    made = {
        "csv": plain(0, ",", weights),
        "csv with names": plain(
            0, ",", weights, "source,target,weight\n" if weights else "source,target\n"
        ),
        "spaces, comments": plain(0, " ", weights, "# a comment\n"),
        "tabs, from 1, with n m": plain(1, "\t", weights, f"{N} {len(EDGES)}\n"),
        "from 0, with n m": plain(0, " ", weights, f"{N} {len(EDGES)}\n"),
        "dimacs": (
            f"c x\np edge {N} {len(EDGES)}\n"
            + "".join(f"e {line}\n" for line in plain(1, " ", weights).splitlines())
        ),
        "dimacs of arcs": (
            f"p sp {N} {len(EDGES)}\n"
            + "".join(f"a {line}\n" for line in plain(1, " ", weights).splitlines())
        ),
        "matrix market": (
            f"%%MatrixMarket matrix coordinate {w} symmetric\n% c\n{N} {N} {len(EDGES)}\n"
            + plain(1, " ", weights)
        ),
        "matrix market, both sides": (
            f"%%MatrixMarket matrix coordinate {w} general\n{N} {N} {2 * len(EDGES)}\n"
            + plain(1, " ", weights)
            + "".join(
                " ".join(str(x) for x in (b + 1, a + 1, *([v] if weights else []))) + "\n"
                for a, b, v in EDGES
            )
        ),
        "qubo": f"p qubo 0 {N} 0 {len(EDGES)}\n" + plain(0, " ", weights),
    }
    return {name: text.encode() for name, text in made.items()} | {"graphml": graphml(weights)}


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("form", list(texts(True)))
def test_all_forms_have_the_same_edges(form: str, weights: bool):
    found = read_edge_list(form, texts(weights)[form], None, N)
    assert found.nodes == N
    assert found.edges.tolist() == [[a, b] for a, b, _ in EDGES]
    assert (found.weights is None) is not weights
    if weights:
        assert found.weights is not None and found.weights.tolist() == [w for _, _, w in EDGES]


def test_without_a_heading_the_number_of_nodes_says_what_they_are_counted_from():
    text = b"1 2\n2 3\n"
    assert read_edge_list("a", text, None, 3).edges.tolist() == [[0, 1], [1, 2]]
    assert read_edge_list("a", text, None, 4).edges.tolist() == [[1, 2], [2, 3]]
    unknown = read_edge_list("a", text, None)
    assert unknown.edges.tolist() == [[0, 1], [1, 2]] and "counted from 1" in unknown.note


def test_a_heading_of_nodes_and_edges_is_no_edge():
    found = read_edge_list("tree", b"6 5\n1 2\n2 3\n3 4\n4 6\n1 5\n", None)
    assert (found.nodes, len(found.edges)) == (6, 5) and found.edges.max() == 5


def test_weighted_entries_on_the_diagonal_are_fields():
    found = read_edge_list("q", b"p qubo 0 3 2 1\n0 0 1.5\n2 2 -1\n0 2 4\n", None)
    assert found.fields is not None and found.fields.tolist() == [1.5, 0, -1]
    assert (
        found.edges.tolist() == [[0, 2]]
        and found.weights is not None
        and found.weights.tolist() == [4]
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "BM610"),
        (b"0 1\n1 x\n", "BM610"),
        (b"0 1 nan\n0 2 inf\n", "BM610"),
        (b"0 1 2 3\n", "BM610"),
        (b"1 1\n1 2\n", "BM607"),
        (b"0 1 2\n1 2\n", "BM610"),
        (b"p edge 2 1\ne 1 3\n", "BM608"),
        (b"\xff\xfe", "BM610"),
        ("0 \u00b2\n".encode(), "BM610"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><graphml/>", "BM610"),
        (b"<graphml", "BM610"),
        (b"0 99999999999999999999\n", "BM610"),
        (b"%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 0 1\n", "BM610"),
        (b"%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 3\n2 1 4\n", "BM613"),
    ],
)
def test_what_is_no_list_of_edges_is_refused(text: bytes, code: str):
    with pytest.raises(BmError, match=code):
        read_edge_list("a", text, None)


@given(st.binary(max_size=60) | st.text("0123 ,.-\nepac<%#", max_size=60).map(str.encode))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_edges_or_a_diagnostic(content: bytes):
    try:
        assert isinstance(read_edge_list("a", content, None), EdgeList)
    except BmError:
        pass


def test_the_edges_of_gset_are_those_of_its_heading():
    text = "5 6\n" + "\n".join(
        f"{a} {b} {w}"
        for a, b, w in [(1, 2, 1), (1, 5, -1), (2, 3, 1), (2, 4, 1), (3, 4, -1), (4, 5, 1)]
    )
    found = read_edge_list("G", text.encode(), None)
    assert found.nodes == 5 and found.weights is not None and np.sum(found.weights) == 2
