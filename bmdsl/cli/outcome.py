"""The end of a training, as a user reads it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..data.table import Table
    from ..tasks.training_outcome import Outcome

SHOWN_ROWS, SHOWN_COLUMNS, MAX_CELL = 6, 30, 12
"""Rows and columns of a table that are printed, and characters of a cell."""
STYLED = {"FORCE_COLOR", "TTY_COMPATIBLE"}
"""Variables by which users ask rich for styles where it sees no terminal."""


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
    from ..language.printable import printable

    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for name, *values in rows:
        cells = (
            f"  {v:>{w}}" if len(values) > 1 else f"  {v}"
            for v, w in zip(values, widths[1:], strict=True)
        )
        lines.append((printable(f"{name:{widths[0]}}"), printable("".join(cells))))
    if not sys.stdout.isatty() and not STYLED & set(os.environ):
        for name, cell in lines:
            print(f"{name}{cell}")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for name, cell in lines:
        console.print(Text(name, style="bold").append(cell, style="not bold"))


def _cut(text: str) -> str:
    """A cell that fits; `…` stands for what is left out."""
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def show_head(table: Table) -> None:
    """Prints the first rows of a table, a line a column: wide tables fit a terminal so."""
    lines = [(c.name, *map(_cut, c.shown[:SHOWN_ROWS])) for c in table.columns[:SHOWN_COLUMNS]]
    left = len(table.columns) - SHOWN_COLUMNS
    if left > 0:
        lines.append((f"{left} more", *[""] * (len(lines[0]) - 1)))
    show(lines)
