"""`bm new NAME`: a model to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import LOOK

PLACE = LOOK, 0


def run(
    name: Annotated[str, typer.Argument(help="the new model; its file is NAME.bm")],
    like: Annotated[
        str, typer.Option("--like", help="a shipped model or a .bm file to copy")
    ] = "rbm",
) -> None:
    """Start a model from a shipped one."""
    from ...tasks.new import copy_model

    path = copy_model(like, Path(name))
    print(f"{path}: like `{like}`; try `bm check {path}`")
