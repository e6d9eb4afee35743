"""`graph G = ...`: named constructions against networkx, files, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import bmdsl
from bmdsl.language import drawn_graphs
from bmdsl.language.diagnostics import BmError
from tests.cli.command import Bm
from tests.cli.conftest import bm, folder

__all__ = ["bm", "folder"]


def edges(declaration: str, folder: Path | None = None) -> np.ndarray:
    text = (
        f"model m(n) {{ graph G = {declaration}  visible s[n] : spin  param J  energy = - J[i,j]"
        " s[i] s[j] for <i,j> in G }"
    )
    if folder is None:
        return bmdsl.parse(text, n=12).graphs["G"]
    (folder / "m.bm").write_text(text.replace("[n]", "[5]"))
    return bmdsl.load(folder / "m.bm", n=5).graphs["G"]


@pytest.mark.parametrize(
    ("declaration", "graph"),
    [
        ("grid(3, 4)", nx.grid_2d_graph(3, 4)),
        ("grid(3, 4, periodic = true)", nx.grid_2d_graph(3, 4, periodic=True)),
        ("grid(6, 2, periodic = true)", nx.grid_2d_graph(6, 2, periodic=(True, False))),
        ("grid(1, 12)", nx.grid_2d_graph(1, 12)),
        ("ring(n)", nx.cycle_graph(12)),
        ("complete(n)", nx.complete_graph(12)),
        ("regular(3, n, seed = 4)", nx.random_regular_graph(3, 12, seed=4)),
        ("erdos_renyi(n, 0.4, seed = 4)", nx.fast_gnp_random_graph(12, 0.4, seed=4)),
    ],
)
def test_a_named_graph_has_networkxs_edges(declaration: str, graph: nx.Graph) -> None:
    numbered = nx.convert_node_labels_to_integers(graph, ordering="sorted")
    assert edges(declaration).tolist() == sorted([min(a, b), max(a, b)] for a, b in numbered.edges)


def test_a_file_of_edges_is_read_with_heading_comments_and_blanks(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("from,to\n3,1\n0,1  # first\n\n2 , 4\n1,2\n")
    assert edges('"g.csv"', tmp_path).tolist() == [[0, 1], [1, 2], [1, 3], [2, 4]]
    nx.write_graphml(nx.path_graph(5), tmp_path / "g.graphml")
    assert edges('"g.graphml"', tmp_path).tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("0,1\n1,2\n3,3\n3,4\n", "BM607", "node 3 of `g.csv` has an edge to itself"),
        ("p edge 5 2\ne 1 2\ne 2 6\n", "BM608", "node 6"),
        ("0,1\n1,900000000\n", "BM612", "graph `G` has 900000001 nodes"),
        ("0,1\n1,2\n2,3\n3,4\n1,0\n", "BM613", "the edge 0–1 stands twice"),
        ("0,1\n1,x\n", "BM610", "line 2 of `g.csv` is no edge"),
        ("0,1\n1,-2\n", "BM610", "line 2"),
        ("# nothing\n", "BM610", "has no edge"),
        ("0,1\n1,2\n2,3\n3,4\n4,5\n", "BM612", "graph `G` has 6 nodes, `s[i]` has 5 units"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_where_it_is_named(
    text: str, code: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "g.csv").write_text(text)
    with pytest.raises(BmError) as caught:
        edges('"g.csv"', tmp_path)
    assert caught.value.diagnostics[0].code == code
    assert said in str(caught.value) and '"g.csv"' in str(caught.value) or code == "BM612"


def test_the_command_line_says_it_without_a_traceback(bm: Bm) -> None:
    (bm.folder / "g.csv").write_text("0,0\n")
    (bm.folder / "m.bm").write_text(
        'model m { graph G = "g.csv"  visible s[1] : spin  param J  energy = - J[i,j] s[i] s[j] for'
        " <i,j> in G }"
    )
    done = bm("check", "m.bm")
    assert done.returncode == 1 and "m.bm:1:21" in done.stderr and "BM607" in done.stderr


def test_a_unit_whose_domain_cannot_take_the_statistic_is_refused():
    with pytest.raises(BmError, match=r"BM301.*it has no statistic x\^2"):
        bmdsl.parse("model m { visible x[3] : poisson  param a  energy = a x[i]^2 }")


def test_an_index_out_of_the_axis_is_refused():
    with pytest.raises(BmError, match="BM2"):
        bmdsl.parse(
            "model m { visible s[5] : spin  param J  energy = - J s[i] s[i+1] for i in 0..5 }"
        )


@pytest.mark.parametrize(
    ("degree", "n"), [(3, 10), (4, 7), (6, 10), (8, 20), (9, 10), (0, 4), (1, 8)]
)
def test_a_drawn_regular_graph_is_the_one_of_networkx(degree: int, n: int) -> None:
    for seed in range(25):  # dense ones have loops and double edges to pair again, and try anew
        found = drawn_graphs.regular(degree, n, seed)
        wanted = nx.random_regular_graph(degree, n, seed=seed)
        assert found is not None and {*map(tuple, found.tolist())} == {
            tuple(sorted(e)) for e in wanted.edges
        }


@pytest.mark.parametrize(
    ("n", "p"), [(1, 0.5), (2, 0.5), (5, 0.9), (12, 1), (30, 0), (40, 1e-9), (50, 0.1), (90, 0.5)]
)
def test_a_drawn_graph_of_independent_edges_is_the_one_of_networkx(n: int, p: float) -> None:
    for seed in range(10):
        found = drawn_graphs.erdos_renyi(n, p, seed)
        wanted = nx.fast_gnp_random_graph(n, p, seed=seed)
        assert {*map(tuple, found.tolist())} == {tuple(sorted(e)) for e in wanted.edges}


def test_a_draw_that_would_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_graphs, "MAX_ROUNDS", 50)
    graph = "visible s[100] : spin\n graph G = regular(90, 100)"
    text = f"model m {{ {graph}\n energy = - s[i] s[j] for <i,j> in G }}"
    with pytest.raises(BmError, match="BM606.*many tries"):
        bmdsl.parse(text)
