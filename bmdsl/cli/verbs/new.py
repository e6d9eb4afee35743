"""`bm new NAME`: a model to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import LOOK, Missing

PLACE = LOOK, 0


def run(
    name: Annotated[str, typer.Argument(help="the new model; its file is NAME.bm")],
    like: Annotated[
        str, typer.Option("--like", help="a shipped model or a .bm file to copy")
    ] = "rbm",
    table: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="write a model for this table instead: its columns, grouped by what they hold",
        ),
    ] = None,
    missing: Missing = None,
) -> None:
    """Start a model from a shipped one, or from a table of your own."""
    from ...tasks.new import copy_model

    if table is not None:
        from ...tasks.new_from_table import new_from_table

        path = new_from_table(table, Path(name), missing or ())
        print(f"{path}: for `{table}`; read it, then `bm train {path}`")
        return
    path = copy_model(like, Path(name))
    print(f"{path}: like `{like}`; try `bm check {path}`")
