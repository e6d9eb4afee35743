"""A factor graph in a file: a picture (.svg, .png), or GraphML and DOT for other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import networkx as nx

from ..files import put_text
from ..graph.factor_graph import FactorGraph, parameters_of, units_of
from ..graph.unit_graph import colour_classes, unit_graph
from ..language.diagnostics import fail


def write_graph(graph: FactorGraph, path: Path) -> None:
    """Writes the graph of groups and terms in the format that the suffix names; BmError for another
    suffix or where it cannot be written.
    """
    _write(path, {".svg": _picture, ".png": _picture, ".graphml": _graphml, ".dot": _dot}, graph)


def write_units(graph: FactorGraph, path: Path) -> None:
    """Writes the graph of single units that sparse terms couple, in the same formats."""
    _write(
        path,
        {
            ".svg": _unit_picture,
            ".png": _unit_picture,
            ".graphml": _unit_graphml,
            ".dot": _unit_dot,
        },
        graph,
    )


def _write(
    path: Path, writers: dict[str, Callable[[FactorGraph, Path], None]], graph: FactorGraph
) -> None:
    if path.suffix not in writers:
        raise fail(
            "BM917",
            f"a graph cannot be written as `{path.name}`",
            help=f"formats are {', '.join(writers)}",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writers[path.suffix](graph, path)
    except OSError as error:
        raise fail("BM914", f"`{path}` cannot be written: {error.strerror}") from None


def units_as_text(graph: FactorGraph) -> str:
    """How many units and couplings the sparse terms have, a group a line, and how many colours tell
    neighbours apart.
    """
    units = unit_graph(graph)
    colours = colour_classes(units)
    lines = [f"single units of {graph.model.name} that sparse terms couple"]
    for name in dict.fromkeys(u[0] for u in units):
        own = [u for u in units if u[0] == name]
        degrees = [units.degree(u) for u in own]
        lines.append(
            f"  {name}: {len(own):,} units of {min(degrees)} to {max(degrees)} neighbours,"
            f" {len({colours[u] for u in own})} colours"
        )
    return "\n".join(lines) if len(units) else f"model {graph.model.name} has no sparse terms"


def _unit_picture(graph: FactorGraph, path: Path) -> None:
    from .unit_picture import draw_units

    draw_units(graph.model, unit_graph(graph), path)


def bipartite(graph: FactorGraph) -> nx.Graph:
    """Group nodes (kind="group", role, unit, shape) and term nodes (kind="term", index, label), an
    edge for a group in a term.
    """
    nodes = nx.Graph()
    for g in graph.model.groups:
        shape = "×".join(str(n) for n in g.axes) or "1"
        nodes.add_node(g.name, kind="group", role=g.role, unit=g.unit, shape=shape)
    for n, term in enumerate(graph.model.terms):
        label = " ".join(parameters_of(term))
        nodes.add_node(f"term {n}", kind="term", index=n, label=label)
        nodes.add_edges_from((u.group, f"term {n}") for u in units_of(term))
    return nodes


def _unit_name(unit: tuple[str, tuple[int, ...]]) -> str:
    return unit[0] + (f"[{','.join(map(str, unit[1]))}]" if unit[1] else "")


def _plain_units(graph: FactorGraph) -> nx.Graph:
    """Units by their names, colours and terms as plain attributes."""
    units = unit_graph(graph)
    colours = colour_classes(units)
    out = nx.Graph()
    out.add_nodes_from((_unit_name(u), {"group": u[0], "colour": colours[u]}) for u in units)
    out.add_edges_from(
        (_unit_name(a), _unit_name(b), {"terms": " ".join(map(str, terms))})
        for a, b, terms in units.edges(data="terms")
    )
    return out


def _unit_graphml(graph: FactorGraph, path: Path) -> None:
    put_text(
        path,
        "\n".join(
            ['<?xml version="1.0" encoding="utf-8"?>', *nx.generate_graphml(_plain_units(graph))]
        )
        + "\n",
    )


def _unit_dot(graph: FactorGraph, path: Path) -> None:
    units = _plain_units(graph)
    lines = [
        f"graph {_quoted(graph.model.name)} {{",
        "  node [shape=circle, fontsize=9];",
        *(f"  {_quoted(n)};" for n in units),
    ]
    put_text(
        path,
        "\n".join([*lines, *(f"  {_quoted(a)} -- {_quoted(b)};" for a, b in units.edges), "}"])
        + "\n",
    )


def _picture(graph: FactorGraph, path: Path) -> None:
    from .graph_picture import draw_graph

    draw_graph(graph.model, path)


def _graphml(graph: FactorGraph, path: Path) -> None:
    """Node attributes as `bipartite` has them: kind, role, unit and shape of groups, index and
    label of terms.
    """
    put_text(
        path,
        "\n".join(
            ['<?xml version="1.0" encoding="utf-8"?>', *nx.generate_graphml(bipartite(graph))]
        )
        + "\n",
    )


def _dot(graph: FactorGraph, path: Path) -> None:
    """Graphviz: groups are circles, terms small boxes."""
    lines = [f"graph {_quoted(graph.model.name)} {{", "  node [fontsize=12];"]
    nodes = bipartite(graph)
    for name, facts in nodes.nodes(data=True):
        if facts["kind"] == "group":
            label = f"{name}\\n{facts['shape']}\\n{facts['unit']}"
            style = "" if facts["role"] == "hidden" else ", style=filled, fillcolor=gray90"
            lines.append(f"  {_quoted(name)} [shape=circle, label={_quoted(label)}{style}];")
        else:
            lines.append(
                f"  {_quoted(name)} [shape=box, width=0.15, height=0.15, label={_quoted('')},"
                f" xlabel={_quoted(facts['label'])}];"
            )
    lines += [f"  {_quoted(a)} -- {_quoted(b)};" for a, b in nodes.edges]
    put_text(path, "\n".join([*lines, "}"]) + "\n")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'
