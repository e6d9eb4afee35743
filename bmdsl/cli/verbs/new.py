"""`bm new NAME`: a model to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..options import LOOK, Json, Missing

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
    days: Annotated[
        list[str] | None,
        typer.Option(
            "--days", metavar="COLUMN", help="a column of dates to learn, as days since the first"
        ),
    ] = None,
    hours: Annotated[
        list[str] | None,
        typer.Option("--hours", metavar="COLUMN", help="a column of durations to learn, as hours"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a model from a shipped one, or from a table of your own."""
    from ...tasks.new import copy_model

    if table is not None:
        from ...tasks.new_from_table import new_from_table

        path = new_from_table(table, Path(name), missing or (), days or (), hours or ())
        said = f"{path}: for `{table}`; read it, then `bm train {path}`"
    else:
        path = copy_model(like, Path(name))
        said = f"{path}: like `{like}`; try `bm check {path}`"
    print(json.dumps({"out": str(path), "from": table or like}) if as_json else said)
