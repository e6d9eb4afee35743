"""`bm emit STAGE FILE`: one stage as text."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ...language.diagnostics import fail
from ..options import LOOK, Define, File, Json, Units, Which, assignments

PLACE = LOOK, 7


def run(
    stage: Annotated[str, typer.Argument(help="tree, model, graph, plan, schedule or python")],
    file: File,
    define: Define = None,
    which: Which = None,
    units: Units = None,
    ranks: Annotated[
        int,
        typer.Option("--ranks", min=1, help="the update as the first of so many ranks has it"),
    ] = 1,
    as_json: Json = False,
) -> None:
    """Print one stage of the compiler: tree, model, graph, plan, schedule or python.

    Of a stack `schedule` or `python`: the updates that it is trained by.
    """
    from ...model import text_of
    from ...tasks.emit import emitted, emitted_stack

    text = text_of(file)
    if text.is_stack(which):
        from ...stacks.stack_model import StackModel

        if define:
            raise fail(
                "BM929",
                "`-D` is for a single model",
                help="write the layers' arguments into the stack",
            )
        stack = StackModel(text.source, which, text.folder, whole=text.whole)
        name, made = stack.name, emitted_stack(stack, stage)
    else:
        model = text.model(which, assignments(define))
        name, made = model.name, emitted(model, stage, ranks)
    print(json.dumps({"model": name, "stage": stage, "text": made}) if as_json else made)
