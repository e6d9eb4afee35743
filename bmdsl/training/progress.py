"""The progress line on a terminal: bar, time left, a few figures. Nothing where there is no terminal, unless asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol


class Show(Protocol):
    """Moves the bar: updates done, figures, and one line of words."""

    def __call__(self, done: int, figures: Mapping[str, float], words: str = "") -> None: ...




@contextmanager
def progress_line(total: int, wanted: bool | None) -> Iterator[Show]:
    """Yields show(updates done, figures). `wanted` None: only where stderr is a terminal."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield lambda done, figures, words="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[figures]}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("train", total=total, figures="")

        def show(done: int, figures: Mapping[str, float], words: str = "") -> None:
            said = "  ".join([*(f"{n} {x:.4g}" for n, x in figures.items()), *([words] if words else [])])
            bar.update(task, completed=done, figures=said)

        yield show
