"""`bm train FILE [DATA] --out DIR`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..options import Define, File, Json, Settings, load


def run(
    file: File,
    data: Annotated[str | None, typer.Argument(help="a named set or a file; default: the train block's")] = None,
    out: Annotated[Path, typer.Option(help="the run folder")] = Path("runs/last"),
    define: Define = None,
    settings: Settings = None,
    weights: Annotated[Path | None, typer.Option(help="a weight a case")] = None,
    seed: Annotated[int, typer.Option(help="seed of the initial parameters")] = 0,
    dtype: Annotated[str, typer.Option(help="float32 or float64")] = "float32",
    as_json: Json = False,
) -> None:
    """Train a model; its lengths are taken from the data."""
    from ...data.weights import load_weights
    from ...fitting import bound, fit, read

    model = bound(load(file, define, settings), data)
    machine = model.compile(seed, dtype)
    given = None
    if weights is not None:
        arrays, _ = read(data if data is not None else model.checked.training.data, model.checked)
        given = load_weights(str(weights), len(next(iter(arrays.values()))))
    run = fit(model, machine, data, out, given)
    last = run.metrics[-1] if run.metrics else {}
    if as_json:
        print(json.dumps({"out": str(out), "stopped": run.stopped, "updates": run.updates, "metrics": last}))
    else:
        print(f"{run.updates} updates, {run.stopped}; run folder {out}")
    if run.interrupted:
        raise typer.Exit(130)
