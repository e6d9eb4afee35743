"""`bm resume DIR`: go on where a run stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Json, Log, RunFolder, Settings, Threads, Units, overrides
from ..outcome import finish

PLACE = USE, 2


def run(
    folder: RunFolder,
    data: Annotated[
        str | None, typer.Argument(help="where the run's data are now; default: where they were")
    ] = None,
    settings: Settings = None,
    weights: Annotated[Path | None, typer.Option(help="where its case weights are now")] = None,
    units: Units = None,
    threads: Threads = None,
    log: Log = None,
    as_json: Json = False,
) -> None:
    """Go on with a run from its checkpoint; `--set train.epochs=40` makes it longer."""
    from ...tasks.resume import resume

    finish(resume(folder, overrides(settings), data, weights, log or ()), as_json)
