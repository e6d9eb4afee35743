"""reconstructions.png: cases, and what is left of them after the hidden units: E[v | E[h | v]] below each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.vocabulary import Word
from ..plots import tiles
from ..subject import Subject

WORD = Word("reconstructions", summary="cases above, their reconstructions below")
SHOWN, COLUMNS = 24, 12


def draw(subject: Subject, folder: Path) -> list[Path]:
    """Pairs of rows: data, reconstruction."""
    machine, shown = subject.machine, subject.shown
    if shown is None or not subject.cases or not machine.hidden:
        return []
    cases = {n: x[:SHOWN] for n, x in subject.cases.items()}
    data = np.asarray(cases[shown], np.float64).reshape(len(cases[shown]), -1)
    back = np.asarray(machine.reconstruct(cases), np.float64).reshape(data.shape)
    width = min(COLUMNS, len(data))
    rows = [part for lo in range(0, len(data) - len(data) % width, width) for part in (data[lo : lo + width], back[lo : lo + width])]
    title = f"{subject.title}: cases, and below them their reconstructions"
    tiles(np.concatenate(rows), subject.images[shown], folder / "reconstructions.png", title, diverging=False, columns=width)
    return [folder / "reconstructions.png"]
