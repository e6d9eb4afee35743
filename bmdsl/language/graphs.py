"""`graph G = ...`: a named construction or a file of edges → nodes and an edge array [edges, 2],
each undirected edge once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import tree as t
from .constants import Bindings
from .diagnostics import fail, near
from .drawn_graphs import erdos_renyi, regular
from .edge_lists import read_edge_list
from .model import Graph, Value
from .outside import Origin, is_file, verify_inside
from .training_block import options
from .vocabulary import Option, Word

if TYPE_CHECKING:
    import numpy as np

LOGGER = logging.getLogger("bmdsl")
Build = Callable[..., tuple[int, Any]]
"""Arguments of a named construction → its number of nodes and its edges, [edges, 2]."""


def _grid(rows: int, columns: int, periodic: bool) -> tuple[int, Any]:
    """Node (r, c) is r · columns + c; a side of two nodes is not closed twice."""
    import numpy as np

    at = np.arange(rows * columns).reshape(rows, columns)
    parts = []
    for axis, length in ((0, rows), (1, columns)):
        ends = np.roll(at, -1, axis)
        kept = slice(None) if periodic and length > 2 else slice(0, -1)
        cut = (kept, slice(None)) if axis == 0 else (slice(None), kept)
        parts.append(np.stack([at[cut].ravel(), ends[cut].ravel()], axis=1))
    return rows * columns, np.concatenate(parts)


def _ring(n: int) -> tuple[int, Any]:
    import numpy as np

    return n, np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1)


def _complete(n: int) -> tuple[int, Any]:
    import numpy as np

    return n, np.stack(np.triu_indices(n, 1), axis=1)


def _regular(degree: int, n: int, seed: int) -> tuple[int, Any]:
    return n, regular(degree, n, seed)


def _erdos_renyi(n: int, p: float, seed: int) -> tuple[int, Any]:
    return n, erdos_renyi(n, p, seed)


_SEED = Option("seed", "integer", 0, low=0, high=2**53)
KINDS: dict[str, tuple[Word, Build]] = {
    "grid": (
        Word(
            "grid",
            (
                Option("rows", "integer", required=True, low=1),
                Option("columns", "integer", required=True, low=1),
                Option("periodic", "boolean", False),
            ),
            "a rectangular lattice",
        ),
        _grid,
    ),
    "ring": (
        Word("ring", (Option("n", "integer", required=True, low=3),), "a closed chain"),
        _ring,
    ),
    "complete": (
        Word("complete", (Option("n", "integer", required=True, low=1),), "every pair"),
        _complete,
    ),
    "regular": (
        Word(
            "regular",
            (
                Option("degree", "integer", required=True, low=0),
                Option("n", "integer", required=True, low=1),
                _SEED,
            ),
            "a random graph, every node with as many neighbours",
        ),
        _regular,
    ),
    "erdos_renyi": (
        Word(
            "erdos_renyi",
            (
                Option("n", "integer", required=True, low=1),
                Option("p", "number", required=True, low=0, high=1),
                _SEED,
            ),
            "every pair with probability p",
        ),
        _erdos_renyi,
    ),
}


def build_graph(
    g: t.GraphDeclaration,
    arguments: Bindings,
    folder: Path | None,
    kept: Graph | None = None,
    wanted: int | None = None,
) -> Graph:
    """The graph of a declaration; without edges while a size waits for its argument.

    One that was `kept` is neither read nor drawn again.

    `wanted` is how many nodes the model has, where that is known: of a file, isolated nodes at the
    end can be known from it alone.
    """
    name = g.name.text
    if isinstance(g.value, t.String):
        if kept is not None:
            return replace(kept, nodes=max(kept.nodes or 0, wanted or 0), span=g.span)
        content, origin = _content(name, g.value, folder)
        found = read_edge_list(g.value.value, content, g.value.span, wanted)
        _verify_once(found.edges, g.value)
        if found.note:
            LOGGER.info(found.note)
        return Graph(
            name,
            found.nodes,
            found.edges,
            g.span,
            stored=True,
            origin=origin,
            weighted=found.weights is not None,
        )
    kind = g.value.function
    if kind.text not in KINDS:
        close = near(kind.text, KINDS)
        hint = (
            f"did you mean `{close}`?"
            if close
            else f'known: {", ".join(KINDS)}, or a file: "edges.csv"'
        )
        raise fail("BM605", f"unknown graph `{kind.text}`", kind.span, help=hint)
    word, build = KINDS[kind.text]
    given = options(word.name, word.options, g.value, arguments, {})
    if any(isinstance(x, str) for x in given.values()):
        return Graph(name, None, None, g.span)
    _verify(kind.text, given, g.value)
    if kept is not None and kept.nodes is not None and _SEED in word.options:
        if kept.nodes > int(given["n"]):
            raise fail(
                "BM870",
                f"the stored edges of `{name}` are not those of its {given['n']} nodes",
                g.span,
            )
        return replace(kept, nodes=int(given["n"]), span=g.span)
    nodes, edges = build(*given.values())
    if edges is None:
        raise fail(
            "BM606",
            f"no graph of {nodes} nodes with {given['degree']} neighbours each was drawn in many"
            " tries",
            g.value.span,
            help="a degree below a third of the nodes, or another seed",
        )
    return Graph(name, nodes, _sorted(edges), g.span, stored=_SEED in word.options)


def kept_graph(name: str, edges: np.ndarray, origin: Origin | None) -> Graph:
    """A graph whose edges a saved machine holds, nodes 0, 1, ..., n − 1.

    BmError BM870 for an array that is no list of edges.
    """
    if (
        edges.dtype.kind not in "iu"
        or edges.ndim != 2
        or edges.shape[1] != 2
        or (edges.size and int(edges.min()) < 0)
    ):
        raise fail("BM870", f"the edges of `{name}` are no whole numbers [edges, 2]")
    pairs = edges.astype("int64")
    return Graph(name, int(pairs.max()) + 1 if pairs.size else 0, pairs, stored=True, origin=origin)


def _verify(kind: str, given: Mapping[str, Value], call: t.Call) -> None:
    degree, n = given.get("degree", 0), given.get("n", 1)
    if kind == "regular" and (degree >= n or (degree * n) % 2):  # type: ignore[operator]  # whole numbers
        raise fail(
            "BM606",
            f"there is no graph of {n} nodes with {degree} neighbours each",
            call.span,
            help="the degree must be below n, and degree · n even",
        )
    size = float(SIZES[kind](given))
    if size > MAX_EDGES:
        raise fail(
            "BM408",
            f"a graph of about {size:.2g} nodes and edges is too large",
            call.span,
            help=f"at most {MAX_EDGES:,}",
        )


MAX_EDGES = 1 << 25
"""Most nodes and edges of a graph that is made: half a gigabyte of edges."""
SIZES: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "grid": lambda x: 3 * x["rows"] * x["columns"],
    "ring": lambda x: 2 * x["n"],
    "complete": lambda x: x["n"] * (x["n"] + 1) / 2,
    "regular": lambda x: 8 * (x["n"] + x["degree"] * x["n"] / 2),
    "erdos_renyi": lambda x: 8 * (x["n"] + x["p"] * x["n"] * (x["n"] - 1) / 2),
}
"""Kind → its nodes and edges; those drawn at random weigh eightfold, in time and memory."""


def _sorted(edges: Any) -> np.ndarray:
    """Edges as an integer array, the lower node first, in order."""
    import numpy as np

    pairs = np.sort(np.asarray(edges, np.int64).reshape(-1, 2), axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _verify_once(pairs: np.ndarray, e: t.String) -> None:
    """BmError BM613 for an edge that stands twice, BM610 for a file without edges."""
    import numpy as np

    if not len(pairs):
        raise fail(
            "BM610",
            f"`{e.value}` has no edge between two nodes",
            e.span,
            help="two whole numbers a line, as `0,1`",
        )
    twice = np.flatnonzero((pairs[1:] == pairs[:-1]).all(1))
    if len(twice):
        a, b = pairs[twice[0]]
        raise fail(
            "BM613",
            f"the edge {a}–{b} stands twice in `{e.value}`",
            e.span,
            help="an edge has no direction: write `0,1` or `1,0`, once",
        )


def _content(name: str, e: t.String, folder: Path | None) -> tuple[bytes, Origin]:
    """The file's bytes and where they are from: what is parsed is what was hashed."""
    path = (folder or Path()) / e.value
    if not is_file(path):
        raise fail(
            "BM609",
            f"graph file `{e.value}` does not exist",
            e.span,
            note=f"looked in {(folder or Path()).resolve()}",
        )
    verify_inside(path, e.span)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise fail(
            "BM609", f"graph file `{e.value}` cannot be read: {error.strerror}", e.span
        ) from None
    return content, Origin(
        "graph", f"{name}: {e.value}", str(path.resolve()), hashlib.sha256(content).hexdigest()
    )
