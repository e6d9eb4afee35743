"""Files that parameters start from: arrays, matrices in text, sparse matrices, and lists of edges
with weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..data.archives import read_array, read_sparse
from ..data.memory import read_bounded
from ..data.readers.npy import read as read_npy
from ..language.decoding import decoding
from ..language.diagnostics import BmError, fail, near
from ..language.edge_lists import EdgeList, read_edge_list
from ..language.model import Graph, Model, Parameter

CURE = "save plain numbers by `numpy.save` or `numpy.savez`, as safetensors, or as text"
FIELDS = "fields"
"""Key of what a list of edges has for single nodes: weighted entries (i, i)."""
MAX_ENTRIES = 1 << 28
"""Most entries of a matrix that is made from a sparse one or from a list of edges."""


def read_start(model: Model, p: Parameter, path: Path, key: str) -> np.ndarray:
    """The array in a parameter's file.

    Raises BM936 for a file that has none of the parameter's kind, BM970 for one too large.
    """
    with decoding("BM936", f"`{path}` of `init` for `{p.name}` cannot be read", p.span, help=CURE):
        suffix = path.suffix.lower()
        if suffix == ".safetensors":
            return _of_tensors(p, path, key)
        if suffix == ".npz":
            return _of_archive(p, path, key)
        if suffix == ".npy":
            if key:
                raise fail(
                    "BM936",
                    f"`{path}` holds one array, so `:{key}` names nothing",
                    p.span,
                    help=f'`init "{path.name}"`',
                )
            return read_npy(path)
        return _of_text(model, p, path, key)


def _of_tensors(p: Parameter, path: Path, key: str) -> np.ndarray:
    """The tensor named `key`, else as the parameter."""
    from safetensors import safe_open

    name = key or p.name
    with safe_open(path, "numpy") as file:
        known = list(file.keys())
        if name in known:
            return np.asarray(file.get_tensor(name))
    close = near(name, known)
    raise fail(
        "BM936",
        f"`{path}` has no tensor `{name}`",
        p.span,
        help=f"did you mean `{close}`?" if close else f"it holds {', '.join(known[:20])}",
    )


def _of_archive(p: Parameter, path: Path, key: str) -> np.ndarray:
    """The array named `key`, else as the parameter, else the only one; a sparse matrix of SciPy's
    is made dense.
    """
    matrix = None if key else read_sparse(path, MAX_ENTRIES)
    if matrix is not None and hasattr(matrix, "toarray"):
        return np.asarray(matrix.toarray())

    def choose(known: Sequence[str]) -> str:
        name = key or (p.name if p.name in known else known[0] if len(known) == 1 else p.name)
        if name in known:
            return name
        shown = (
            f'it holds {", ".join(known[:20])}: `init "{path.name}:{known[0]}"`' if known else ""
        )
        raise fail("BM936", f"`{path}` has no array `{name}`", p.span, help=shown)

    return read_array(path, choose)


# ---------------------------------------------------------------- text


def _of_text(model: Model, p: Parameter, path: Path, key: str) -> np.ndarray:
    """A matrix of the parameter's shape, or the weights of a list of edges."""
    content = read_bounded(path)
    shape = tuple(int(n) for n in p.shape)
    matrix = _matrix(content)
    if matrix is not None and not key and _fits(matrix, shape):
        return matrix.reshape(shape)
    try:
        found = read_edge_list(path.name, content, p.span, _nodes(model, p, key))
    except BmError as error:
        raise fail(
            "BM936",
            f"`{path}` of `init` for `{p.name}` is neither a matrix of shape {shape} nor a list of"
            " edges with weights",
            p.span,
            note=error.diagnostics[0].message,
            help="numbers between commas or spaces, a row a line; or lines `i,j,weight`",
        ) from None
    if key == FIELDS:
        if found.fields is None:
            raise fail(
                "BM936",
                f"`{path}` has no weighted entry `i i` for a single node",
                p.span,
                help="leave `:fields` out for the weights of its edges",
            )
        return found.fields
    if key:
        raise fail(
            "BM936",
            f"`{path}` has no part `{key}`",
            p.span,
            help=f'`init "{path.name}"` for weights of edges, `:{FIELDS}` for those of nodes',
        )
    return _weights(model, p, path, found)


def _matrix(content: bytes) -> np.ndarray | None:
    """Rows of numbers, all of one length; None if the text is not that."""
    try:
        lines = [
            line.split("#")[0].replace(",", " ").replace(";", " ").split()
            for line in content.decode("utf-8-sig").splitlines()
        ]
        rows = [[float(cell) for cell in line] for line in lines if line]
    except ValueError:  # a UnicodeDecodeError is one
        return None
    return np.array(rows) if rows and len({len(row) for row in rows}) == 1 else None


def _fits(matrix: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether the text is the parameter as it stands: a vector may stand in a line or in
    a column.
    """
    return (
        matrix.shape == shape
        or (len(shape) == 1 and matrix.size == shape[0] and 1 in matrix.shape)
        or (shape == () and matrix.size == 1)
    )


def _graph_of(model: Model, p: Parameter) -> Graph | None:
    """The graph of whose edges the parameter has one number each."""
    for term in model.terms:
        for c in term.conditions:
            if c.kind == "edge" and any(
                f.parameter == p.name and {s.letter for s in f.subscripts} == {c.first, c.second}
                for f in term.parameters
            ):
                return next(g for g in model.graphs if g.name == c.graph)
    return None


def _nodes(model: Model, p: Parameter, key: str) -> int | None:
    graph = _graph_of(model, p)
    if graph is not None:
        return graph.nodes
    return int(p.shape[0]) if p.shape and (len(p.shape) == 2 or key == FIELDS) else None


def _weights(model: Model, p: Parameter, path: Path, found: EdgeList) -> np.ndarray:
    """Weights in the order of the graph's edges, or both sides of a square matrix."""
    if found.weights is None:
        raise fail(
            "BM936",
            f"the edges of `{path}` have no weights for `{p.name}` to start from",
            p.span,
            help="lines `i,j,weight`",
        )
    graph, shape = _graph_of(model, p), tuple(int(n) for n in p.shape)
    if graph is not None:
        if graph.edges is None or not np.array_equal(graph.edges, found.edges):
            raise fail(
                "BM936",
                f"`{path}` has other edges than graph `{graph.name}`",
                p.span,
                help=f'read both from one file: `graph {graph.name} = "{path.name}"`',
            )
        return found.weights
    if len(shape) == 2 and shape[0] == shape[1] == found.nodes:
        out = np.zeros(shape)
        out[tuple(found.edges.T)] = found.weights
        out += out.T
        if found.fields is not None and not p.symmetric:
            np.fill_diagonal(out, found.fields)
        return out
    raise fail(
        "BM936",
        f"`{path}` lists edges of {found.nodes} nodes, `{p.name}` has shape {shape}",
        p.span,
        help="a parameter of edges (`for <i,j> in G`), or a square one",
    )
