"""norms.png: how long the weight vectors of each layer are; a heap at the left are units that have
learnt nothing.
"""

from __future__ import annotations

from pathlib import Path

from ...language.vocabulary import Word
from ..layer_filters import weight_norms
from ..plots import histograms
from ..subject import Subject

WORD = Word("norms", summary="histogram of weight norms per layer")
LEAST = 5
"""Units that a histogram is worth."""


def draw(subject: Subject, folder: Path) -> list[Path]:
    """One panel for every weight between two layers."""
    norms = {n: x for n, x in weight_norms(subject.machine).items() if len(x) >= LEAST}
    if not norms:
        return []
    histograms(norms, folder / "norms.png", "norm of a unit's weights")
    return [folder / "norms.png"]
