"""columns.png: the weights of a table's columns, by name, to the hidden units."""

from __future__ import annotations

from pathlib import Path

from ...language.vocabulary import Word
from ..subject import Subject
from ..table_columns import column_weights
from ..table_plots import weights_by_name

WORD = Word("columns", summary="weights between the table's columns and hidden units")
MAX_ROWS = 80
"""Names that can be read in one picture."""


def draw(subject: Subject, folder: Path) -> list[Path]:
    """One picture for every hidden group beside the table."""
    preparation = subject.machine.preparation
    if preparation is None or preparation.code is None:
        return []
    found = [
        w for w in column_weights(subject.machine, preparation.code) if len(w.names) <= MAX_ROWS
    ]
    paths = []
    for k, w in enumerate(found):
        path = folder / ("columns.png" if k == 0 else f"columns_{w.hidden}.png")
        title = f"{subject.title}: weights to {w.hidden}, the strongest units first"
        weights_by_name(w.names, w.values, w.starts, w.hidden, path, title)
        paths.append(path)
    return paths
