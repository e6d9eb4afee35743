"""`bm resume DIR`: go on where a run stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..options import (
    USE,
    Json,
    Log,
    RanksInAll,
    RunFolder,
    Settings,
    Threads,
    Units,
    data_names,
    overrides,
)
from ..outcome import finish, finish_layer, of_stack

if TYPE_CHECKING:
    from ...tasks.training_outcome import Outcome

PLACE = USE, 2
SHARED = True


def run(
    folder: RunFolder,
    data: Annotated[
        str | None,
        typer.Argument(
            help="where the run's data are now; default: where they were", autocompletion=data_names
        ),
    ] = None,
    settings: Settings = None,
    weights: Annotated[Path | None, typer.Option(help="where its case weights are now")] = None,
    units: Units = None,
    threads: Threads = None,
    ranks: RanksInAll = None,
    log: Log = None,
    as_json: Json = False,
) -> None:
    """Go on with a run, or a stack, from its checkpoint; `--set train.epochs=40` makes a run
    longer.
    """
    from ...stacks.folder import is_stack, layers_of
    from ...tasks.ranks import as_ranks
    from ...tasks.resume import resume

    if is_stack(folder):
        _stack(folder, data, bool(settings or weights), log or (), as_json)
        if as_json:
            print(json.dumps({"out": str(folder), "layers": layers_of(folder)}))
        return
    given = overrides(settings), data, weights, log or ()
    finish(as_ranks(ranks, lambda: resume(folder, *given)), as_json)


def _stack(
    folder: Path, data: str | None, changed: bool, log: Sequence[str], as_json: bool
) -> None:
    from ...language.diagnostics import fail
    from ...tasks.train_stack import resume_stack

    if changed:
        raise fail(
            "BM840",
            f"the stack in `{folder}` goes on with the settings that it was begun with",
            help="leave `--set` and `--weights` out, or train it anew",
        )
    shown = list[str]()

    def done(name: str, outcome: Outcome) -> None:
        shown.append(name)
        if not as_json:
            finish_layer(name, outcome)

    with of_stack(folder):
        resume_stack(folder, data, on_layer=done, callbacks=log)
    if not shown and not as_json:
        print(f"all layers of `{folder}` were trained to their end before")
