"""reconstructions.png: cases, and what is left of them after the hidden units: E[v | E[h | v]]
below each.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.vocabulary import Word
from ..plots import pairs
from ..subject import Subject

WORD = Word("reconstructions", summary="cases above, their reconstructions below")
SHOWN, COLUMNS = 24, 12


def draw(subject: Subject, folder: Path) -> list[Path]:
    """Pairs of rows: data, reconstruction."""
    machine, shown = subject.machine, subject.shown
    if shown is None or not subject.cases or not machine.hidden or not machine.reconstructs:
        return []
    cases = {n: x[:SHOWN] for n, x in subject.cases.items()}
    data = subject.in_data_units(np.asarray(cases[shown], np.float64)).reshape(
        len(cases[shown]), -1
    )
    back = subject.in_data_units(np.asarray(machine.reconstruct(cases), np.float64)).reshape(
        data.shape
    )
    title = f"{subject.title}: cases, and below them their reconstructions"
    pairs(data, back, subject.images[shown], folder / "reconstructions.png", title, COLUMNS)
    return [folder / "reconstructions.png"]
