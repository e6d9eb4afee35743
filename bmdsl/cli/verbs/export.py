"""`bm export RUN`: a machine's way up as a network for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Json, RunFolder, Units

PLACE = USE, 10


def run(
    folder: RunFolder,
    to: Annotated[
        str, typer.Option(help="torch (a state_dict, as .safetensors) or onnx")
    ] = "torch",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="the file; default: network in the run's folder"),
    ] = None,
    units: Units = None,
    as_json: Json = False,
) -> None:
    """Write E[h | v], layer after layer, as a feed-forward network that others can fine-tune."""
    from ...runs.opening import open_run
    from ...tasks.export import export

    opened = open_run(folder)
    place = folder if folder.is_dir() else folder.parent
    path = export(opened.machine, to, out or place / "network")
    print(json.dumps({"out": str(path), "format": to}) if as_json else path)
