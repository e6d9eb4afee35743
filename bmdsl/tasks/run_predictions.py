"""A column predicted by the machine of a run: `bm eval --predict` judges it, `bm infer --predict`
writes it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..data.table import ENDINGS
from ..data.table_files import is_table_file, load_table
from ..data.tabulating import beside_ids
from ..files import with_ending
from ..language.diagnostics import BmError, fail
from .predicting import Predicted, Scores, find_target, predict
from .run_cases import last_part, one_machine, opened, ready_parts, run_table


class JudgedPart(NamedTuple):
    """A part of the data with its predictions, and how good they are."""

    part: str
    predicted: Predicted
    scores: Scores

    def notes(self) -> list[str]:
        """How the predictions were found."""
        if not self.scores.cases:
            name = self.predicted.target.column
            return [
                f"{self.part}: no row has a value of `{name}`: `bm infer --predict` predicts it"
            ]
        return self.predicted.notes()


def judged_parts(
    folder: Path, data: str | None, parts: Sequence[str] | None, column: str, weights: Path | None
) -> list[JudgedPart]:
    """A run's predictions of a column of every part of the data: what `bm eval --predict` does."""
    try:
        run, ready = ready_parts(folder, data, parts, weights)
    except BmError as error:
        raise _without(folder, data, column) or error from None
    machine = one_machine(run, folder)
    target = find_target(machine, machine.preparation.code, column)
    made = [(r, predict(machine, r.data, target)) for r in ready]
    return [JudgedPart(r.name, p, p.scored(r.weights)) for r, p in made]


def _without(folder: Path, data: str | None, column: str) -> BmError | None:
    """BM740 of a table without the column, whose predictions have nothing to be held against."""
    if data is None or not is_table_file(data):
        return None
    machine = one_machine(opened(folder), folder)
    target = find_target(machine, machine.preparation.code, column)
    table = load_table(data)
    if not target.names or any(n in table.names for n in target.names):
        return None
    return fail(
        "BM740",
        f"{table.source} has no column `{column}` that its predictions could be held against",
        help=f"`{infer_command(folder, data, column)}` writes the predictions",
    )


def infer_command(folder: Path, data: str | None, column: str) -> str:
    """The command that predicts a column of data which need not have it."""
    words = ["bm", "infer", str(folder), *([data] if data else []), "--predict", column]
    return shlex.join([*words, "--out", "predicted.csv"])


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
