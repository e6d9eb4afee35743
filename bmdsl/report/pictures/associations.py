"""associations.png: how pairs of a table's columns go together, in the data and in samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.vocabulary import Word
from ..subject import Subject
from ..table_columns import associations
from ..table_plots import associations_beside
from .samples import affordable

WORD = Word("associations", summary="correlations of pairs of columns: data beside samples")
MIN_NAMES, MAX_NAMES = 3, 60
SAMPLES = 2000


def draw(subject: Subject, folder: Path) -> list[Path]:
    """Correlations of the rows' numbers beside those of fresh samples."""
    machine, preparation = subject.machine, subject.machine.preparation
    if preparation is None or preparation.code is None or machine.given or not subject.rows:
        return []
    code = preparation.code
    count = sum(len(code.unit_names(n)) for n in code.groups)
    if not MIN_NAMES <= count <= MAX_NAMES:
        return []
    samples = machine.sample(SAMPLES, steps=affordable(machine, SAMPLES, 200))
    found = associations(machine, code, subject.rows, samples)
    if not np.isfinite(found.data).any() or not np.isfinite(found.samples).any():
        return []
    path = folder / "associations.png"
    associations_beside(found.names, found.data, found.samples, path, subject.title)
    return [path]
