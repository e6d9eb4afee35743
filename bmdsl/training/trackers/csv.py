"""`metrics.csv` in the run's folder: a line an epoch, a column a figure, for spreadsheets."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

from ...files import put_text
from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..callbacks import Callback, Moment
from ..outcome import Run

WORD = Word("csv", summary="metrics.csv in the run's folder")
PAUSE = 2.0
"""Seconds between two writings."""


class Tracker(Callback):
    """The file is written anew every few seconds, since monitors bring figures later than the first
    epoch.
    """

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.path: Path | None = None
        self.due = 0.0

    def on_start(self, moment: Moment) -> None:
        """Raises BM983 without a folder. Lines of a training that is resumed stay."""
        if moment.out is None:
            raise fail(
                "BM983", "`csv` writes into the run's folder, and there is none", help="give `out`"
            )
        self.path, self.lines = moment.out / "metrics.csv", []
        if moment.update and self.path.exists():
            with self.path.open(encoding="utf-8", newline="") as file:
                before = csv.DictReader(file)
                self.lines = [x for x in before if int(x["update"]) <= moment.update]

    def on_epoch(self, moment: Moment) -> None:
        """Writes if the last writing is some seconds old."""
        self.lines.append(dict(moment.figures))
        if time.monotonic() >= self.due:
            self._write()
            self.due = time.monotonic() + PAUSE

    def on_end(self, run: Run) -> None:
        """Writes all of it."""
        self._write()

    def _write(self) -> None:
        if self.path is None or not self.lines:
            return
        names = list(dict.fromkeys(n for line in self.lines for n in line))
        out = io.StringIO()
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.lines)
        put_text(self.path, out.getvalue())
