"""How far work has come: a bar with the time left on a terminal or in a notebook, else a line at
times.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from .time_words import duration

FIRST_LINE, GROWTH, LAST_PAUSE = 10.0, 1.5, 600.0
"""Seconds to the first line of a log, the factor by which pauses grow, and the longest."""
COMPILING = "compiling, once for this kind of model"
"""What is said until the first update is done: what takes long before it is compiling."""


class Show(Protocol):
    """Moves the bar: updates done, figures, and one line of words."""

    def __call__(self, done: int, figures: Mapping[str, float], words: str = "") -> None: ...


@contextmanager
def progress_line(total: int, wanted: bool | None) -> Iterator[Show]:
    """Yields show(updates done, figures).

    `wanted` None: a bar if there is somebody to see it, else lines; False: nothing.
    """
    if wanted is False:
        yield lambda done, figures, words="": None
    elif _in_notebook():
        yield from _display(total)
    elif wanted or sys.stderr.isatty():
        yield from _bar(total)
    else:
        yield from _lines(total)


def _in_notebook() -> bool:
    """Whether this process is a Jupyter kernel."""
    return "ipykernel" in sys.modules


def _said(figures: Mapping[str, float], words: str) -> str:
    return "  ".join([*(f"{n} {x:.4g}" for n, x in figures.items()), *([words] if words else [])])


def _display(total: int) -> Iterator[Show]:
    """An output of a notebook, which ends as the work ends, well or not."""
    from IPython.display import display

    from .notebook_progress import NotebookProgress

    shown = NotebookProgress(total, display, COMPILING)
    try:
        yield shown
    finally:
        shown.draw()


def _bar(total: int) -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("train", total=total, figures=COMPILING)

        def show(done: int, figures: Mapping[str, float], words: str = "") -> None:
            bar.update(task, completed=done, figures=_said(figures, words))

        yield show


def _lines(total: int) -> Iterator[Show]:
    lines = Lines(total)
    waiting = threading.Timer(FIRST_LINE, lines.wait)
    waiting.daemon = True
    waiting.start()
    try:
        yield lines
    finally:
        waiting.cancel()


class Lines:
    """Lines for a log, on stderr: the first after FIRST_LINE seconds, then rarer and rarer."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun = time.monotonic()
        self.first: int | None = None
        self.pause = FIRST_LINE
        self.due = self.begun + self.pause

    def wait(self) -> None:
        """Says why nothing was done yet."""
        if self.first is None:
            print(f"{COMPILING} ...", file=sys.stderr, flush=True)

    def __call__(self, done: int, figures: Mapping[str, float], words: str = "") -> None:
        now = time.monotonic()
        self.first = done if self.first is None else self.first
        if now < self.due:
            return
        self.pause = min(self.pause * GROWTH, LAST_PAUSE)
        self.due = now + self.pause
        rate = (done - self.first) / (now - self.begun)
        left = f", {duration((self.total - done) / rate)} left" if rate > 0 else ""
        print(
            f"{done:,} of {self.total:,} after {duration(now - self.begun)}{left} "
            f" {_said(figures, words)}",
            file=sys.stderr,
            flush=True,
        )
