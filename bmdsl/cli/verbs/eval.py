"""`bm eval RUN [DATA]`: how well a trained machine describes data."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ..options import USE, Json, RunFolder, Threads, Units
from ..outcome import show

PLACE = USE, 5


def run(
    folder: RunFolder,
    data: Annotated[str | None, typer.Argument(help="a named set or a file; default: what the run was trained on")] = None,
    part: Annotated[list[str] | None, typer.Option("--part", help="train or test; default: all that the set has")] = None,
    units: Units = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Print reconstruction error, free energy and, where it is exact, log-likelihood."""
    from ...evaluation import evaluate

    found = evaluate(folder, data, part)
    if as_json:
        print(json.dumps([one.as_dict() for one in found]))
        return
    tables = [one.rows() for one in found]
    show([("", *(one.part for one in found)), *((row[0], *(t[k][1] for t in tables)) for k, row in enumerate(tables[0]))])
    for note in sorted({one.note for one in found if one.note}):
        print(note)
