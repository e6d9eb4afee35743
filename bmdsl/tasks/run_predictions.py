"""A column predicted by the machine of a run: `bm eval --predict` judges it, `bm infer --predict`
writes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..data.table import ENDINGS
from ..data.tabulating import beside_ids
from ..files import with_ending
from .predicting import Predicted, Scores, find_target, predict
from .run_cases import last_part, one_machine, ready_parts, run_table


class JudgedPart(NamedTuple):
    """A part of the data with its predictions, and how good they are."""

    part: str
    predicted: Predicted
    scores: Scores

    def notes(self) -> list[str]:
        """How the predictions were found."""
        return self.predicted.notes()


def judged_parts(
    folder: Path, data: str | None, parts: Sequence[str] | None, column: str, weights: Path | None
) -> list[JudgedPart]:
    """A run's predictions of a column of every part of the data: what `bm eval --predict` does."""
    run, ready = ready_parts(folder, data, parts, weights)
    machine = one_machine(run, folder)
    target = find_target(machine, machine.preparation.code, column)
    made = [(r, predict(machine, r.data, target)) for r in ready]
    return [JudgedPart(r.name, p, p.scored(r.weights)) for r, p in made]


class WrittenPredictions(NamedTuple):
    """Where predictions were written, how many rows, and how good they are."""

    path: Path
    shape: tuple[int, int]
    predicted: Predicted
    scores: Scores


def write_predictions(
    folder: Path, data: str | None, part: str | None, column: str, out: Path | None, steps: int
) -> WrittenPredictions:
    """Predictions of a column beside the ids, as a table: what `bm infer --predict` does."""
    path = out or folder / re.sub(r"[^\w-]+", "_", f"predicted_{column}")
    path = with_ending(path, ENDINGS, ENDINGS[0])  # said before the work is done
    tabled = run_table(folder, data, part, column)
    if tabled is not None:
        rows = tabled[1]
        found = rows.predicted(column, steps)
        made = beside_ids(rows.table, rows.code, found.columns())
    else:
        run, _, cases = last_part(folder, data, part)
        machine = one_machine(run, folder)
        found = predict(machine, cases, find_target(machine, None, column), steps)
        made = beside_ids(None, None, found.columns())
    shape = len(made), len(made.names)
    return WrittenPredictions(made.write(path), shape, found, found.scored())
