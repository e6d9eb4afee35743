"""`bm doctor`: is this installation as it should be?"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ..options import KNOWN, Json, Threads
from ..outcome import show

PLACE = KNOWN, 3


def run(
    quick: Annotated[
        bool, typer.Option("--quick", help="leave the second of training out")
    ] = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Show versions, threads, BLAS, caches and optional packages, and time a second of training.

    Exit 1 where something is wrong, with what helps.
    """
    from ...tasks.doctor import as_dict, facts, timing

    found = facts()
    speed = None if quick else timing()
    if speed is not None:
        found.append(speed.fact())
    if as_json:
        print(json.dumps(as_dict(found, speed)))
    else:
        rows: list[tuple[str, ...]] = [(f.name, f.value) for f in found]
        rows += [("problem", f"{f.name}: {f.minds}") for f in found if f.minds]
        show(rows)
        if not any(f.minds for f in found):
            print("all is well")
    if any(f.minds for f in found):
        raise typer.Exit(1)
