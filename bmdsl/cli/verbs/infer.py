"""`bm infer RUN [DATA]`: what a trained machine makes of cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Json, RunFolder, Threads, Units, data_names
from ..outcome import show

PLACE = USE, 6


def run(
    folder: RunFolder,
    data: Annotated[
        str | None,
        typer.Argument(
            help="a named set or a file; default: what the run was trained on",
            autocompletion=data_names,
        ),
    ] = None,
    impute: Annotated[
        str | None,
        typer.Option(
            metavar="MASK",
            help="fill in entries: a file that is 1 where they are missing, or `nan`",
        ),
    ] = None,
    denoise: Annotated[bool, typer.Option("--denoise", help="take noise away")] = False,
    noise: Annotated[
        float | None,
        typer.Option(
            help=(
                "of --denoise: probability of a wrong state, or standard deviation; default: up to"
                " h and back"
            )
        ),
    ] = None,
    predict: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="a column from the others: the likeliest level and P of every level, as a table",
        ),
    ] = None,
    features: Annotated[
        str,
        typer.Option(help="otherwise, of every case: means, responsibilities, unnormalised, data"),
    ] = "means",
    steps: Annotated[int, typer.Option(min=2, help="sweeps of every chain")] = 200,
    part: Annotated[
        str | None,
        typer.Option(
            "--part", help="train, validation or test; default: the last that the set has"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="a .npy, .npz, .csv, ... file; default: in the run's folder, as the data are",
        ),
    ] = None,
    units: Units = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Fill in missing entries, take noise away, or write hidden means as features for another
    program.
    """
    from ...language.diagnostics import fail
    from ...tasks.infer import infer

    if noise is not None and not denoise:
        raise fail(
            "BM931",
            "`--noise` says how noisy the cases are that `--denoise` takes",
            help="add --denoise",
        )
    if impute and denoise:
        raise fail(
            "BM931", "`--impute` and `--denoise` are two things to do", help="one after the other"
        )
    if predict is not None:
        if impute or denoise:
            raise fail(
                "BM931",
                "`--predict` is one thing to do, `--impute` and `--denoise` are others",
                help="one after the other",
            )
        _predict(folder, data, part, predict, out, steps, as_json)
        return
    found = infer(
        folder,
        data,
        part,
        out,
        impute=impute,
        denoise=denoise,
        noise=noise,
        features=features,
        steps=steps,
    )
    if as_json:
        print(
            json.dumps(
                {
                    "out": str(found.path),
                    "picture": str(found.picture) if found.picture else None,
                    "shape": list(found.shape),
                    "groups": found.shapes,
                    "notes": list(found.notes),
                }
            )
        )
        return
    for note in found.notes:
        print(note)
    print(found.path)
    if found.picture is not None:
        print(found.picture)


def _predict(
    folder: Path,
    data: str | None,
    part: str | None,
    column: str,
    out: Path | None,
    steps: int,
    as_json: bool,
) -> None:
    from ...tasks.run_predictions import write_predictions

    found = write_predictions(folder, data, part, column, out, steps)
    notes = found.predicted.notes()
    if as_json:
        made = {"out": str(found.path), "shape": list(found.shape), "notes": notes}
        print(json.dumps({**made, "cases": found.scores.cases, "figures": found.scores.figures}))
        return
    if found.scores.cases:
        show(list(found.scores.shown().items()))
    for note in notes:
        print(note)
    print(found.path)
