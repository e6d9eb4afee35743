"""`bm graph FILE`: the factor graph as text, picture or file for graph tools."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..options import LOOK, Define, File, Json, Units, Which, load

PLACE = LOOK, 6


class Level(StrEnum):
    """What a node of the graph is."""

    groups = "groups"
    units = "units"


def run(
    file: File,
    out: Annotated[
        list[Path] | None, typer.Option("--out", "-o", help="a .svg, .png, .graphml or .dot file")
    ] = None,
    define: Define = None,
    level: Annotated[
        Level, typer.Option(help="groups and terms, or the single units that sparse terms couple")
    ] = Level.groups,
    which: Which = None,
    units: Units = None,
    as_json: Json = False,
) -> None:
    """Print the factor graph, or draw it into a file."""
    model = load(file, define, name=which)
    from ...report.graph_files import units_as_text, write_graph, write_units

    if not out:
        text = str(model.graph) if level is Level.groups else units_as_text(model.graph)
        if as_json:
            print(json.dumps({"model": model.name, "level": level.value, "text": text}))
            return
        print(text)
        print(f"to draw it: bm graph {file} --out {model.name}.svg", file=sys.stderr)
        return
    for path in out:
        (write_graph if level is Level.groups else write_units)(model.graph, path)
        if not as_json:
            print(path)
    if as_json:
        files = [str(path) for path in out]
        print(json.dumps({"model": model.name, "level": level.value, "out": files}))
