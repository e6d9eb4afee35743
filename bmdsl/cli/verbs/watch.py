"""`bm watch RUN`: a run while it trains."""

from __future__ import annotations

from typing import Annotated

import typer

from ..options import USE, RunFolder

PLACE = USE, 9


def run(
    folder: RunFolder,
    every: Annotated[float, typer.Option(min=0.2, help="seconds between two looks")] = 2.0,
) -> None:
    """Show a running training in the terminal: health, figures and their course; ends with it, or
    with Ctrl-C.
    """
    from ...tasks.watch import watch

    watch(folder, every)
