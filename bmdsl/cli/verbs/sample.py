"""`bm sample RUN`: draws from a trained machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Json, RunFolder, Threads, Units

PLACE = USE, 3


def run(
    folder: RunFolder,
    n: Annotated[int, typer.Option("-n", min=1, help="chains")] = 16,
    steps: Annotated[int, typer.Option(min=0, help="sweeps of every chain")] = 1000,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="a .npz file; default: RUN/samples.npz")] = None,
    clamp: Annotated[list[str] | None, typer.Option(metavar="GROUP=FILE", help="hold a group at the cases of a file")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="another seed than the run's")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="start from the biases, not from the run's persistent chains")] = False,
    units: Units = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Draw samples from a trained machine, into a file and a picture."""
    from ...sampling import draw

    drawn = draw(folder, n, steps, out, clamp or (), seed, fresh)
    if as_json:
        print(json.dumps({"out": str(drawn.path), "picture": str(drawn.picture) if drawn.picture else None, "groups": drawn.shapes()}))
        return
    for name, shape in drawn.shapes().items():
        print(f"{name}: {' × '.join(map(str, shape))}, mean {drawn.groups[name].mean():.4g}")
    print(drawn.path)
    if drawn.picture:
        print(drawn.picture)
