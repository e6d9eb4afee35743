"""A factor graph in a file: a picture (.svg, .png), or GraphML and DOT for other tools."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import networkx as nx

from ..graph.factor_graph import FactorGraph
from ..language.diagnostics import fail


def write_graph(graph: FactorGraph, path: Path) -> None:
    """Writes the graph in the format that the suffix names; BmError for another suffix or where it cannot be written."""
    writers: dict[str, Callable[[FactorGraph, Path], None]] = {".svg": _picture, ".png": _picture, ".graphml": _graphml, ".dot": _dot}
    if path.suffix not in writers:
        raise fail("BM917", f"a graph cannot be written as `{path.name}`", help=f"formats are {', '.join(writers)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writers[path.suffix](graph, path)
    except OSError as error:
        raise fail("BM914", f"`{path}` cannot be written: {error.strerror}") from None


def _picture(graph: FactorGraph, path: Path) -> None:
    from .graph_picture import draw_graph

    draw_graph(graph.model, path)


def _graphml(graph: FactorGraph, path: Path) -> None:
    """Node attributes as in FactorGraph.nodes: kind, role, unit and shape of groups, index and label of terms."""
    _put(path, "\n".join(['<?xml version="1.0" encoding="utf-8"?>', *nx.generate_graphml(graph.nodes)]) + "\n")


def _dot(graph: FactorGraph, path: Path) -> None:
    """Graphviz: groups are circles, terms small boxes."""
    lines = [f"graph {_quoted(graph.model.name)} {{", "  node [fontsize=12];"]
    for name, facts in graph.nodes.nodes(data=True):
        if facts["kind"] == "group":
            label = f"{name}\\n{facts['shape']}\\n{facts['unit']}"
            style = "" if facts["role"] == "hidden" else ", style=filled, fillcolor=gray90"
            lines.append(f"  {_quoted(name)} [shape=circle, label={_quoted(label)}{style}];")
        else:
            lines.append(f"  {_quoted(name)} [shape=box, width=0.15, height=0.15, label={_quoted('')}, xlabel={_quoted(facts['label'])}];")
    lines += [f"  {_quoted(a)} -- {_quoted(b)};" for a, b in graph.nodes.edges]
    _put(path, "\n".join([*lines, "}"]) + "\n")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _put(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
