"""`bm eval RUN [DATA]`: how well a trained machine describes data."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..options import USE, Chains, Json, RunFolder, Temperatures, Threads, Units, data_names
from ..outcome import show
from ..terminal import to_terminal

PLACE = USE, 5
SHARED = True
ALONE_WITH = "probe", "rank"


def run(
    folder: RunFolder,
    data: Annotated[
        str | None,
        typer.Argument(
            help="a named set or a file; default: what the run was trained on",
            autocompletion=data_names,
        ),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            "--part",
            help="train, validation (cases that `validate` held out) or test; default: all",
        ),
    ] = None,
    probe: Annotated[
        str | None, typer.Option(help="fit a classifier to features instead: logistic, svm, knn")
    ] = None,
    features: Annotated[
        str,
        typer.Option(help="of a probe: means, responsibilities, unnormalised (−F(v, z_k)), data"),
    ] = "means",
    labels: Annotated[
        str | None,
        typer.Option(help="of a probe: a file with one label a case; default: the set's own"),
    ] = None,
    likelihood: Annotated[
        bool,
        typer.Option(
            "--likelihood",
            help="log-likelihood instead: exact where it can be, else by AIS and reverse AIS",
        ),
    ] = False,
    rank: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="the N most and least likely cases instead, by free energy, and their picture",
        ),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="log P of every row instead, beside its ids, into a table (.csv, ...)",
        ),
    ] = None,
    associations: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="how pairs of columns go together instead, data beside samples, into a table",
        ),
    ] = None,
    predict: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="how well a column follows from the others instead: accuracy and log loss",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="a file with one weight a case; default: what the run's own data had"),
    ] = None,
    chains: Chains = 1000,
    steps: Temperatures = 1000,
    units: Units = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Print reconstruction error, free energy and, where it is exact, log-likelihood; or what a
    classifier makes of the machine's features.
    """
    from ...tasks.eval import evaluate

    if rows is not None:
        _rows(folder, data, part, rows, as_json)
        return
    if associations is not None:
        _associations(folder, data, part, associations, as_json)
        return
    if predict is not None:
        _predict(folder, data, part, predict, weights, as_json)
        return
    if rank is not None:
        _rank(folder, data, part, rank, as_json)
        return
    if likelihood:
        _likelihood(folder, data, part, chains, steps, weights, as_json)
        return
    if probe is not None:
        _probe(folder, data, probe, features, labels, as_json)
        return
    found = evaluate(folder, data, part, weights)
    if as_json:
        print(json.dumps([one.as_dict() for one in found]))
        return
    tables = [one.rows() for one in found]
    show(
        [
            ("", *(one.part for one in found)),
            *((row[0], *(t[k][1] for t in tables)) for k, row in enumerate(tables[0])),
        ]
    )
    for note in sorted({one.note for one in found if one.note}):
        print(note)


def _rows(
    folder: Path, data: str | None, parts: list[str] | None, out: Path, as_json: bool
) -> None:
    from ...tasks.eval import write_rows

    found = write_rows(folder, data, parts[-1] if parts else None, out)
    if as_json:
        print(json.dumps({"out": str(found.path), "rows": found.rows, "how": found.how}))
        return
    print(found.how)
    print(found.path)


def _associations(
    folder: Path, data: str | None, parts: list[str] | None, out: Path, as_json: bool
) -> None:
    from ...tasks.eval import write_associations

    found = write_associations(folder, data, parts[-1] if parts else None, out)
    if as_json:
        print(json.dumps({"out": str(found.path), "rows": found.rows, "how": found.how}))
        return
    print(found.how)
    print(found.path)


def _predict(
    folder: Path,
    data: str | None,
    parts: list[str] | None,
    column: str,
    weights: Path | None,
    as_json: bool,
) -> None:
    from ...tasks.run_predictions import judged_parts

    found = judged_parts(folder, data, parts, column, weights)
    if as_json:
        made = [
            {"part": x.part, "cases": x.scores.cases, **x.scores.figures, "notes": x.notes()}
            for x in found
        ]
        print(json.dumps(made))
        return
    shown = [x.scores.shown() for x in found]
    names = list(dict.fromkeys(n for one in shown for n in one))
    show(
        [
            (column, *(x.part for x in found)),
            *((name, *(one.get(name, "") for one in shown)) for name in names),
        ]
    )
    for note in dict.fromkeys(n for x in found for n in x.notes()):
        print(note)


def _rank(
    folder: Path, data: str | None, parts: list[str] | None, count: int, as_json: bool
) -> None:
    from ...tasks.rank import rank

    found = rank(folder, data, parts[-1] if parts else None, count)
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    show(found.rows())
    for note in found.notes:
        print(note)
    if found.picture is not None:
        print(found.picture)


def _likelihood(
    folder: Path,
    data: str | None,
    parts: list[str] | None,
    chains: int,
    steps: int,
    weights: Path | None,
    as_json: bool,
) -> None:
    from ...tasks.eval import of_run

    found = of_run(folder, data, parts, chains, steps, weights=weights)
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    show(found.rows())
    for note in found.notes():
        print(note)


def _probe(
    folder: Path, data: str | None, name: str, features: str, labels: str | None, as_json: bool
) -> None:
    from ...tasks.probe import probe

    def say(what: str) -> None:
        if sys.stderr.isatty():
            to_terminal(f"\r\x1b[K{what} ...")

    found = probe(folder, data, name, features, labels, progress=say)
    if sys.stderr.isatty():
        to_terminal("\r\x1b[K")
    if as_json:
        print(json.dumps(found.as_dict()))
        return
    print(
        f"{name}({found.setting:g}) on {found.width:,} features ({features}), chosen by the"
        " validation error"
    )
    show(found.rows())
    for note in found.notes:
        print(note)
