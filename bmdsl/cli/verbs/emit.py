"""`bm emit STAGE FILE`: one stage as text."""

from __future__ import annotations

from typing import Annotated

import typer

from ...language.diagnostics import fail
from ..options import LOOK, Define, File, Units, Which, assignments

PLACE = LOOK, 7


def run(
    stage: Annotated[str, typer.Argument(help="tree, model, graph, plan, schedule or python")],
    file: File,
    define: Define = None,
    which: Which = None,
    units: Units = None,
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
        print(emitted_stack(StackModel(text.source, which, text.folder, whole=text.whole), stage))
        return
    print(emitted(text.model(which, assignments(define)), stage))
