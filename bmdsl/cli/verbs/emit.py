"""`bm emit STAGE FILE`: one stage as text."""

from __future__ import annotations

from typing import Annotated

import typer

from ..options import Define, File, load


def run(stage: Annotated[str, typer.Argument(help="tree, model, graph, plan or python")], file: File, define: Define = None) -> None:
    """Print one stage of the compiler."""
    print(load(file, define).emit(stage))
