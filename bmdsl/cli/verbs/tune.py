"""`bm tune FILE [DATA] --grid NAME=VALUES`: a run for every point of a grid, side by side."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..options import (
    USE,
    Define,
    File,
    Json,
    Seed,
    Settings,
    Threads,
    Units,
    Which,
    assignments,
    data_names,
    overrides,
)
from ..outcome import show

PLACE = USE, 12


def run(
    file: File,
    grid: Annotated[
        list[str],
        typer.Option(
            "--grid",
            "-G",
            metavar="NAME=VALUE,...",
            help=(
                "values of an argument, a setting, or an option of a word: -G H=50,100 -G"
                " rate=0.01,0.1"
            ),
        ),
    ],
    data: Annotated[
        str | None,
        typer.Argument(
            help="a named set or a file; default: the train block's", autocompletion=data_names
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="the folder of all runs")] = Path(
        "runs/tune"
    ),
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="runs at a time, which divide the cores")
    ] = 1,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help=(
                "the scheduler of a Dask cluster, whose workers see the same folders and train a"
                " run at a time each"
            ),
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace runs that the folder holds")
    ] = False,
    define: Define = None,
    settings: Settings = None,
    which: Which = None,
    weights: Annotated[Path | None, typer.Option(help="a file with one weight a case")] = None,
    units: Units = None,
    seed: Seed = None,
    threads: Threads = None,
    dtype: Annotated[str, typer.Option(help="float32 or float64")] = "float32",
    as_json: Json = False,
) -> None:
    """Train a run for every point of a grid of arguments and settings, and compare them."""
    from ...model import text_of
    from ...tasks import compare
    from ...tasks.tune import Job, points_of, tune

    own: dict[str, str | int | float | bool] = {
        **overrides(settings),
        **({} if seed is None else {"seed": seed}),
    }
    model = text_of(file).model(which, assignments(define), own)
    given = str(file), which, assignments(define), own, data, weights, dtype
    elsewhere = jobs > 1 or dask is not None
    job = Job(*given, units=tuple(units or ()) if elsewhere else (), overwrite=overwrite)
    found = tune(job, points_of(model, grid), out, jobs, dask)
    whole = [folder for folder, wrong in found.items() if wrong is None]
    for folder, wrong in found.items():
        if wrong is not None:
            print(f"{folder}: {wrong}\n", file=sys.stderr)
    compared = compare.compare(whole) if len(whole) > 1 else []
    if as_json:
        runs = compare.as_dict(compared)
        failed = {str(f): wrong for f, wrong in found.items() if wrong is not None}
        print(json.dumps({"out": str(out), "runs": runs, "failed": failed}))
    elif compared:
        show(compare.rows(compared))
    if len(whole) < len(found):
        raise typer.Exit(1)
