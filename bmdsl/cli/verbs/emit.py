"""`bm emit STAGE FILE`: one stage as text."""

from __future__ import annotations

from typing import Annotated

import typer

from ..options import LOOK, Define, File, Units, Which, load

PLACE = LOOK, 7


def run(
    stage: Annotated[str, typer.Argument(help="tree, model, graph, plan, schedule or python")],
    file: File,
    define: Define = None,
    which: Which = None,
    units: Units = None,
) -> None:
    """Print one stage of the compiler: tree, model, graph, plan, schedule or python."""
    from ...tasks.emit import emitted

    print(emitted(load(file, define, name=which), stage))
