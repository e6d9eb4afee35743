"""`bm train FILE [DATA] --out DIR`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..options import (
    USE,
    Allow,
    Define,
    Deny,
    File,
    Json,
    Log,
    RanksInAll,
    Seed,
    Settings,
    Threads,
    Units,
    Which,
    assignments,
    data_names,
    memory,
    overrides,
    warn,
)
from ..outcome import finish, finish_layer, of_stack

if TYPE_CHECKING:
    from ...model import Text

PLACE = USE, 1
SHARED = True
LAST = Path("runs/last")


def run(
    file: File,
    data: Annotated[
        str | None,
        typer.Argument(
            help="a named set or a file; default: the train block's", autocompletion=data_names
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="the run folder", show_default="runs/last")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="replace the run that the folder holds; `runs/last` always is"
        ),
    ] = False,
    define: Define = None,
    settings: Settings = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns",
            "-C",
            metavar="GROUP=COLUMNS",
            help="columns of a table, as in a data block: -C 'v = smokes..tired' -C 'id = id'",
        ),
    ] = None,
    which: Which = None,
    weights: Annotated[Path | None, typer.Option(help="a file with one weight a case")] = None,
    units: Units = None,
    seed: Seed = None,
    threads: Threads = None,
    ranks: RanksInAll = None,
    dtype: Annotated[str, typer.Option(help="float32 or float64")] = "float32",
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="refuse a model that needs more, as 4GB; default: 80 % of the machine",
        ),
    ] = None,
    log: Log = None,
    name: Annotated[
        str, typer.Option("--name", help="what `bm runs` calls the run; default: its folder")
    ] = "",
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="a tag for `bm runs`; may be repeated")
    ] = None,
    deny: Deny = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Train a model, or a stack layer by layer; lengths are taken from the data."""
    from ...model import text_of
    from ...runs.making import Label
    from ...tasks.ranks import as_ranks
    from ...tasks.train import start

    folder, replaced = out or LAST, overwrite or out is None
    text = text_of(file)
    if text.is_stack(which):
        _stack(
            text,
            which,
            data,
            folder,
            replaced,
            define,
            overrides(settings),
            weights,
            seed,
            dtype,
            log or (),
            as_json,
        )
        return
    model = text.model(
        which,
        assignments(define),
        {
            **overrides(settings),
            **({} if seed is None else {"seed": seed}),
            **({"columns": "\n".join(columns)} if columns else {}),
        },
    )
    warn(model, deny, allow)
    settled = folder, weights, dtype, memory(memory_limit), replaced, log or ()
    label = Label(name, tuple(tags or ()))
    outcome = as_ranks(ranks, lambda: start(model, data, *settled, label))
    finish(outcome, as_json)


def _stack(
    text: Text,
    which: str | None,
    data: str | None,
    out: Path,
    overwrite: bool,
    define: list[str] | None,
    settings: dict[str, str],
    weights: Path | None,
    seed: int | None,
    dtype: str,
    log: Sequence[str],
    as_json: bool,
) -> None:
    from ...language.diagnostics import fail
    from ...stacks.stack_model import StackModel
    from ...tasks.train_stack import train_stack

    if define or weights is not None:
        raise fail(
            "BM929",
            "`-D` and `--weights` are for a single model",
            help="write the layers' arguments into the stack",
        )

    stack = StackModel(text.source, which, text.folder, whole=text.whole)
    with of_stack(out):
        train_stack(
            stack,
            data,
            out,
            seed=seed,
            dtype=dtype,
            on_layer=None if as_json else finish_layer,
            overwrite=overwrite,
            settings=settings,
            callbacks=log,
        )
    if as_json:
        print(json.dumps({"out": str(out), "layers": [layer.name for layer in stack.layers]}))
