"""associations.png: how pairs of a table's columns go together, in the data and in samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.vocabulary import Word
from ..subject import Subject
from ..table_plots import associations_beside

WORD = Word("associations", summary="correlations of pairs of columns: data beside samples")
MIN_NAMES, MAX_NAMES = 3, 60


def draw(subject: Subject, folder: Path) -> list[Path]:
    """Correlations of the rows' numbers beside those of fresh samples."""
    found = subject.associations
    if found is None or not MIN_NAMES <= len(found.names) <= MAX_NAMES:
        return []
    if not np.isfinite(found.data).any() or not np.isfinite(found.samples).any():
        return []
    path = folder / "associations.png"
    associations_beside(found.names, found.data, found.samples, path, subject.title)
    return [path]
