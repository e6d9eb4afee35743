"""`bm graph FILE`: the factor graph as text, picture or file for graph tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..options import LOOK, Define, File, Units, Which, load

PLACE = LOOK, 6


def run(
    file: File,
    out: Annotated[list[Path] | None, typer.Option("--out", "-o", help="a .svg, .png, .graphml or .dot file")] = None,
    define: Define = None,
    which: Which = None,
    units: Units = None,
) -> None:
    """Print the factor graph, or draw it into a file."""
    model = load(file, define, name=which)
    if not out:
        print(model.graph)
        print(f"to draw it: bm graph {file} --out {model.name}.svg", file=sys.stderr)
        return
    from ...report.graph_files import write_graph

    for path in out:
        write_graph(model.graph, path)
        print(path)
