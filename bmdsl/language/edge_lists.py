"""Files of edges → nodes, edges and weights: plain lists, CSV, DIMACS, rudy and Gset, QUBO, Matrix
Market, GraphML.

The form is read off the content. What the numbers of nodes begin at (0 or 1) is the format's rule,
or follows from a heading or from how many nodes there should be.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .decoding import decoding
from .diagnostics import BmError, fail
from .source import Span

if TYPE_CHECKING:
    import numpy as np


MAX_FIELDS = 1 << 26
FEW_NODES = 1 << 20
"""Nodes up to which a file may have more than two for each edge, though no heading counts them."""


@dataclass(frozen=True)
class EdgeList:
    """`edges` [edges, 2] as they stand, nodes from 0; `weights` [edges] and `fields` [nodes], where
    the file has such numbers.
    """

    nodes: int
    edges: np.ndarray = field(repr=False, compare=False)
    weights: np.ndarray | None = field(default=None, repr=False, compare=False)
    fields: np.ndarray | None = field(default=None, repr=False, compare=False)
    note: str = ""
    """What was decided about the file, if a user might not expect it."""


@dataclass
class _Found:
    """Lines as they stand: two nodes and a weight (NaN if there is none)."""

    rows: list[tuple[int, int, float]] = field(default_factory=list)
    nodes: int | None = None
    base: int | None = None
    form: str = "a list of edges"


def read_edge_list(
    name: str, content: bytes, span: Span | None, wanted: int | None = None
) -> EdgeList:
    """The edges of a file's content.

    `wanted`: how many nodes the model has on that axis, if that is known.

    Raises BM610 for a line that is no edge, BM608 for a node outside the count, BM607 for an edge
    to itself without a weight.
    """
    with decoding("BM610", f"`{name}` is no list of edges", span):
        return _numbered(name, _rows_of(name, content, span), span, wanted)


def _rows_of(name: str, content: bytes, span: Span | None) -> _Found:
    """The lines of a file in any of the forms."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise fail("BM610", f"`{name}` is no text in UTF-8", span) from None
    if text.lstrip().startswith("<"):
        return _graphml(name, content, span)
    if text.startswith("%%MatrixMarket"):
        return _matrix_market(name, text, span)
    if re.search(r"^p\s+\w+", text, re.M):
        return _problem_line(name, text, span)
    return _plain(name, text, span)


def _bad(name: str, number: int, span: Span | None) -> BmError:
    """Nothing of the line is shown: a text of others can name any file."""
    help = "two whole numbers a line, and a weight if there is one, as `0,1` or `0 1 -0.5`"
    return fail("BM610", f"line {number} of `{name}` is no edge", span, help=help)


def _row(cells: Sequence[str]) -> tuple[int, int, float] | None:
    """Two whole numbers and a finite weight; None for anything else."""
    if len(cells) not in (2, 3) or not (
        cells[0].isascii() and cells[0].isdigit() and cells[1].isascii() and cells[1].isdigit()
    ):
        return None
    if len(cells[0]) > 15 or len(cells[1]) > 15:
        return None
    try:
        weight = float(cells[2]) if len(cells) == 3 else float("nan")
    except ValueError:
        return None
    return (
        (int(cells[0]), int(cells[1]), weight)
        if len(cells) == 2 or abs(weight) < float("inf")
        else None
    )


def _cells(line: str) -> list[str]:
    return line.split("#")[0].replace(",", " ").replace(";", " ").split()


def _plain(name: str, text: str, span: Span | None) -> _Found:
    """Lines `i j` or `i j weight`; a heading of names, or of the numbers of nodes and edges."""
    out = _Found()
    first: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = _cells(line)
        if not cells or line.lstrip().startswith(("%", "//", "c ")):
            continue
        row = _row(cells)
        if row is None:
            heading = (
                not out.rows and not first and not any(c.replace(".", "").isdigit() for c in cells)
            )
            if not heading:
                raise _bad(name, number, span)
            first = cells
            continue
        out.rows.append(row)
    _take_counts(out)
    return out


def _take_counts(out: _Found) -> None:
    """A first line `n m` that is followed by m edges among n nodes is a heading (rudy, Gset)."""
    if len(out.rows) < 2:
        return
    n, m, weight = out.rows[0]
    rest = out.rows[1:]
    highest = max(max(a, b) for a, b, _ in rest)
    if weight != weight and m == len(rest) and n >= highest:
        out.rows, out.nodes, out.form = (
            rest,
            n,
            "a heading with the numbers of nodes and edges, then edges",
        )
        out.base = 0 if min(min(a, b) for a, b, _ in rest) == 0 else 1


def _problem_line(name: str, text: str, span: Span | None) -> _Found:
    """DIMACS (`p edge n m`, `e i j`, `a i j w`) and QUBO (`p qubo target n diagonals couplers`, `i
    j w`).
    """
    out = _Found()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0] == "c" or words[0].startswith(("#", "%")):
            continue
        if words[0] == "p":
            qubo = len(words) > 1 and words[1].lower() == "qubo"
            counts = [w for w in words[2:] if w.isdigit()]
            if not counts or (qubo and len(words) < 4):
                raise _bad(name, number, span)
            out.nodes = int(words[3] if qubo and words[3].isdigit() else counts[0])
            out.base, out.form = (0, "a QUBO file") if qubo else (1, "DIMACS, nodes counted from 1")
            continue
        row = _row(words[1:] if words[0] in ("e", "a") else words)
        if row is None:
            raise _bad(name, number, span)
        out.rows.append(row)
    return out


def _matrix_market(name: str, text: str, span: Span | None) -> _Found:
    """Coordinates of a matrix, rows and columns from 1; of a general one, both sides of an entry
    must agree.
    """
    lines = text.splitlines()
    words = lines[0].lower().split()
    if len(words) < 5 or words[2] != "coordinate" or words[3] not in ("real", "integer", "pattern"):
        raise fail(
            "BM610",
            f"`{name}` is no Matrix Market file of real coordinates",
            span,
            help="`%%MatrixMarket matrix coordinate real symmetric`",
        )
    out, general = (
        _Found(base=1, form="Matrix Market, rows and columns counted from 1"),
        words[4] == "general",
    )
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or line.startswith("%"):
            continue
        if out.nodes is None:
            counts = line.split()
            if len(counts) != 3 or not all(c.isdigit() for c in counts):
                raise _bad(name, number, span)
            out.nodes = max(int(counts[0]), int(counts[1]))
            continue
        row = _row(line.split())
        if row is None:
            raise _bad(name, number, span)
        out.rows.append(row)
    if general:
        out.rows = _one_side(name, out.rows, span)
    return out


def _one_side(
    name: str, rows: list[tuple[int, int, float]], span: Span | None
) -> list[tuple[int, int, float]]:
    """Of a matrix that holds both (i, j) and (j, i), each edge once."""
    values = {(a, b): w for a, b, w in rows}
    for (a, b), w in values.items():
        if (
            a != b
            and (b, a) in values
            and not (values[b, a] == w or (w != w and values[b, a] != values[b, a]))
        ):
            raise fail(
                "BM613",
                f"`{name}` has {w:g} at ({a}, {b}) and {values[b, a]:g} at ({b}, {a})",
                span,
                help="an edge has one weight",
            )
    return [(a, b, w) for (a, b), w in values.items() if a <= b or (b, a) not in values]


def _graphml(name: str, content: bytes, span: Span | None) -> _Found:
    """GraphML with whole-numbered nodes (`n0` or `0`); the attribute `weight` of edges is read."""
    import networkx as nx

    with decoding("BM610", f"`{name}` is no GraphML file with whole-numbered nodes", span):
        _verify_plain(name, content, span)
        graph = nx.read_graphml(io.BytesIO(content), force_multigraph=True)
        nodes = [int(str(x).removeprefix("n")) for x in graph.nodes()]
        rows = [
            (
                int(str(a).removeprefix("n")),
                int(str(b).removeprefix("n")),
                float(w) if w is not None else float("nan"),
            )
            for a, b, w in graph.edges(data="weight")
        ]
    base = 1 if nodes and min(nodes) == 1 else 0
    return _Found(rows, max(nodes, default=-1) + 1 - base, base, "GraphML")


def _verify_plain(name: str, content: bytes, span: Span | None) -> None:
    """BmError BM610 for a document type, which alone can declare entities, in any encoding."""
    from xml.parsers import expat

    def refuse(*_: object) -> None:
        raise fail("BM610", f"`{name}` declares entities, which a graph does not need", span)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(content, True)


def _numbered(name: str, found: _Found, span: Span | None, wanted: int | None) -> EdgeList:
    """Nodes from 0, edges and weights apart; an entry (i, i) with a weight is a field of node i."""
    import numpy as np

    if not found.rows:
        raise fail(
            "BM610", f"`{name}` has no edge", span, help="two whole numbers a line, as `0,1`"
        )
    ends = np.array([(a, b) for a, b, _ in found.rows], np.int64)
    values = np.array([w for _, _, w in found.rows], np.float64)
    base, note = _base(name, found, ends, wanted)
    ends -= base
    nodes = found.nodes if found.nodes is not None else max(int(ends.max()) + 1, wanted or 0)
    if found.nodes is None and wanted is None and nodes > max(FEW_NODES, 2 * len(ends)):
        raise fail(
            "BM608",
            f"`{name}` numbers its nodes from {int(ends.min())} to {nodes - 1}, but has {len(ends)}"
            " edges",
            span,
            help=(
                "number the nodes 0, 1, 2, ..., or put the numbers of nodes and edges into the"
                " first line"
            ),
        )
    outside = (ends < 0) | (ends >= nodes)
    if outside.any():
        first = int(ends[outside][0]) + base
        raise fail(
            "BM608",
            f"node {first} of `{name}` is not among its {nodes} nodes, {base} to"
            f" {nodes - 1 + base}",
            span,
            help="correct the heading, or the node",
        )
    has = ~np.isnan(values)
    if has.any() and not has.all():
        raise fail(
            "BM610",
            f"some edges of `{name}` have a weight and some have none",
            span,
            help="give all edges a weight, or none",
        )
    loops = ends[:, 0] == ends[:, 1]
    fields = None
    if loops.any():
        if not has.any():
            raise fail(
                "BM607",
                f"node {int(ends[loops][0, 0]) + base} of `{name}` has an edge to itself",
                span,
                help="write such a term as one of a single unit: `a[i] s[i]`",
            )
        if nodes > MAX_FIELDS:
            raise fail(
                "BM608",
                f"`{name}` has {nodes:,} nodes with fields of their own: at most {MAX_FIELDS:,} are"
                " read",
                span,
            )
        fields = np.bincount(ends[loops, 0], values[loops], nodes)
    pairs = np.sort(ends[~loops], axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return EdgeList(nodes, pairs[order], values[~loops][order] if has.any() else None, fields, note)


def _base(name: str, found: _Found, ends: np.ndarray, wanted: int | None) -> tuple[int, str]:
    """What nodes are counted from, and a sentence if that was a decision."""
    least, most = int(ends.min()), int(ends.max())
    if found.base is not None:
        return (
            found.base,
            f"`{name}`: {found.form}, {found.nodes} nodes from {found.base}" if found.base else "",
        )
    if least == 0 or (wanted is not None and most != wanted):
        return 0, ""
    if wanted is not None or least == 1:
        reason = f"no node is 0 and {most} is one" if wanted is not None else "no node is 0"
        return 1, f"`{name}`: nodes are counted from 1, as {reason}"
    return 0, ""
