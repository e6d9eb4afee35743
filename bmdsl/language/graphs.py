"""`graph G = ...`: a named construction or a file of edges → nodes and an edge array [edges, 2], each undirected edge once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import tree as t
from .constants import Bindings
from .diagnostics import fail, near
from .model import Graph, Value
from .training_block import options
from .vocabulary import Option, Word

if TYPE_CHECKING:
    import networkx as nx

Build = Callable[..., "nx.Graph"]


def _grid(*sizes: int, periodic: bool) -> nx.Graph:
    import networkx as nx

    return nx.convert_node_labels_to_integers(nx.grid_graph(sizes[::-1], periodic=periodic), ordering="sorted")


def _grid2(rows: int, columns: int, periodic: bool) -> nx.Graph:
    return _grid(rows, columns, periodic=periodic)


def _ring(n: int) -> nx.Graph:
    import networkx as nx

    return nx.cycle_graph(n)


def _complete(n: int) -> nx.Graph:
    import networkx as nx

    return nx.complete_graph(n)


def _regular(degree: int, n: int, seed: int) -> nx.Graph:
    import networkx as nx

    return nx.random_regular_graph(degree, n, seed=seed)


def _erdos_renyi(n: int, p: float, seed: int) -> nx.Graph:
    import networkx as nx

    return nx.fast_gnp_random_graph(n, p, seed=seed)


_SEED = Option("seed", "integer", 0, low=0)
KINDS: dict[str, tuple[Word, Build]] = {
    "grid": (Word("grid", (Option("rows", "integer", required=True, low=1), Option("columns", "integer", required=True, low=1),
                           Option("periodic", "boolean", False)), "a rectangular lattice"), _grid2),
    "ring": (Word("ring", (Option("n", "integer", required=True, low=3),), "a closed chain"), _ring),
    "complete": (Word("complete", (Option("n", "integer", required=True, low=1),), "every pair"), _complete),
    "regular": (Word("regular", (Option("degree", "integer", required=True, low=0), Option("n", "integer", required=True, low=1), _SEED),
                     "a random graph, every node with as many neighbours"), _regular),
    "erdos_renyi": (Word("erdos_renyi", (Option("n", "integer", required=True, low=1), Option("p", "number", required=True, low=0, high=1), _SEED),
                         "every pair with probability p"), _erdos_renyi),
}  # fmt: skip


def build_graph(g: t.GraphDeclaration, arguments: Bindings, folder: Path | None) -> Graph:
    """The graph of a declaration; without edges while a size waits for its argument."""
    name = g.name.text
    if isinstance(g.value, t.String):
        return Graph(name, *_numbered(_read(g.value, folder), g.value), g.span)
    kind = g.value.function
    if kind.text not in KINDS:
        close = near(kind.text, KINDS)
        hint = f"did you mean `{close}`?" if close else f'known: {", ".join(KINDS)}, or a file: "edges.csv"'
        raise fail("BM605", f"unknown graph `{kind.text}`", kind.span, help=hint)
    word, build = KINDS[kind.text]
    given = options(word.name, word.options, g.value, arguments, {})
    if any(isinstance(x, str) for x in given.values()):
        return Graph(name, None, None, g.span)
    _verify(kind.text, given, g.value)
    return Graph(name, *_numbered(build(*given.values()), g.value), g.span)


def _verify(kind: str, given: Mapping[str, Value], call: t.Call) -> None:
    degree, n = given.get("degree", 0), given.get("n", 1)
    if kind == "regular" and (degree >= n or (degree * n) % 2):  # type: ignore[operator]  # whole numbers
        raise fail("BM606", f"there is no graph of {n} nodes with {degree} neighbours each", call.span,
                   help="the degree must be below n, and degree · n even")  # fmt: skip


def _numbered(graph: Any, e: t.Expression) -> tuple[int, Any]:
    """Number of nodes and the edges as an integer array; nodes must be 0, 1, ..., n − 1."""
    import numpy as np

    loops = [a for a, b in graph.edges if a == b]
    if loops:
        raise fail("BM607", f"node {loops[0]} of this graph has an edge to itself", e.span, help="write such a term as one of a single unit: `a[i] s[i]`")
    if sorted(graph.nodes) != list(range(len(graph))):
        raise fail("BM608", f"the nodes of this graph must be 0 to {len(graph) - 1}, each with an edge", e.span)
    edges = sorted((min(a, b), max(a, b)) for a, b in graph.edges)
    return len(graph), np.array(edges, np.int64).reshape(len(edges), 2)


def _read(e: t.String, folder: Path | None) -> Any:
    import networkx as nx

    path = (folder or Path()) / e.value
    if not path.is_file():
        raise fail("BM609", f"graph file `{e.value}` does not exist", e.span, note=f"looked in {(folder or Path()).resolve()}")
    if path.suffix == ".graphml":
        try:
            graph = nx.read_graphml(path)
            return nx.relabel_nodes(nx.Graph(graph), {n: int(str(n).removeprefix("n")) for n in graph})
        except (ValueError, SyntaxError, nx.NetworkXError) as error:
            raise fail("BM610", f"`{e.value}` is no GraphML file with whole-numbered nodes", e.span, note=str(error)) from None
    if path.suffix not in (".csv", ".edgelist"):
        raise fail("BM611", f"a graph is read from .csv, .edgelist or .graphml, not from `{path.suffix or e.value}`", e.span)
    graph = nx.Graph()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split("#")[0].replace(",", " ").split()
        if not cells or (number == 1 and not cells[0].isdigit()):  # a heading
            continue
        if len(cells) < 2 or not (cells[0].isdigit() and cells[1].isdigit()):
            raise fail("BM610", f"line {number} of `{e.value}` is no edge: `{line.strip()}`", e.span, help="two whole numbers a line, as `0,1`")
        graph.add_edge(int(cells[0]), int(cells[1]))
    return graph
