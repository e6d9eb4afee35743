"""`bm watch RUN`: a run while it trains."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ..options import USE, Json, RunFolder

PLACE = USE, 9


def run(
    folder: RunFolder,
    every: Annotated[float, typer.Option(min=0.2, help="seconds between two looks")] = 2.0,
    as_json: Json = False,
) -> None:
    """Show a running training in the terminal: health, figures and their course; ends with it, or
    with Ctrl-C.

    With --json one look: the figures as they were last told.
    """
    if as_json:
        from ...runs.run_folder import read_metrics
        from ...tasks.runs import listed

        read_metrics(folder)  # says where there is no run
        print(json.dumps(listed(folder).as_dict()))
        return
    from ...tasks.watch import watch

    watch(folder, every)
