"""The end of a training, as a user reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..tasks.training_outcome import Outcome


def finish(outcome: Outcome, as_json: bool) -> None:
    """Prints the figures, on rank 0; exit 130 or 143 if training was interrupted."""
    from ..ranks.interface import Alone
    from ..ranks.world import standing_as, world

    if world().leads:
        with standing_as(Alone()):
            if as_json:
                print(json.dumps(outcome.as_dict()))
            else:
                show(outcome.rows())
    if outcome.run.interrupted:
        raise typer.Exit(outcome.run.exit_code)


def finish_layer(name: str, outcome: Outcome) -> None:
    """Prints the figures of a stack's layer."""
    print(f"{name}:")
    show([(f"  {title}", *rest) for title, *rest in outcome.rows() if title != "go on with"])


@contextmanager
def of_stack(folder: Path) -> Iterator[None]:
    """A training of a stack inside; says how to go on where it is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        if (folder / "stack.json").exists():
            show([("go on with", f"bm resume {folder}")])
        raise


def show(rows: list[tuple[str, ...]]) -> None:
    """Names and values side by side; names stand out on a terminal."""
    from rich.console import Console
    from rich.text import Text

    from ..language.printable import printable

    console = Console(highlight=False, soft_wrap=True)
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for name, *values in rows:
        line = Text(printable(f"{name:{widths[0]}}"), style="bold")
        cells = (
            f"  {v:>{w}}" if len(values) > 1 else f"  {v}"
            for v, w in zip(values, widths[1:], strict=True)
        )
        line.append(printable("".join(cells)), style="not bold")
        console.print(line)
