"""`bm runs [DIR]`: the runs that there are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Json
from ..outcome import show

PLACE = USE, 10


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where runs lie")] = Path("runs"),
    tag: Annotated[str | None, typer.Option("--tag", help="only runs with this tag")] = None,
    as_json: Json = False,
) -> None:
    """List runs in a folder and below, the latest first."""
    from ...tasks.runs import HEAD, run_list

    found = run_list(folder, tag)
    if as_json:
        print(json.dumps([one.as_dict() for one in found]))
        return
    if not found:
        print(f"no runs in {folder}", file=sys.stderr)
        return
    rows = [HEAD, *(one.row(folder) for one in found)]
    used = [k for k in range(len(HEAD)) if k == 0 or any(row[k] for row in rows[1:])]
    show([tuple(row[k] for k in used) for row in rows])
