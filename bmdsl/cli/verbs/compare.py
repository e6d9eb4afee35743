"""`bm compare RUN RUN ...`: runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Chains, Json, Temperatures, Threads, Units
from ..outcome import show

PLACE = USE, 11


def run(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="folders of runs")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="write a page too: curves on common axes, samples"),
    ] = None,
    likelihood: Annotated[
        bool, typer.Option("--likelihood", help="run AIS where log Z is not exact")
    ] = False,
    chains: Chains = 1000,
    steps: Temperatures = 1000,
    units: Units = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Compare runs: likelihood with its error beside simple models, size, time, health, and the
    settings in which they differ.
    """
    from ...tasks import compare

    found = compare.compare(folders, likelihood, chains, steps)
    page = None if out is None else compare.write_comparison(found, out)
    if as_json:
        print(json.dumps(compare.as_dict(found)))
        return
    show(compare.rows(found))
    for note in compare.notes(found):
        print(note)
    if page is not None:
        print(page)
