"""Colour patches of the two photographs that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from ...language.vocabulary import Word
from ...plan.streams import fixed_generator
from ..dataset import Dataset
from .patches import photographs, pieces

WORD = Word(
    "colour-patches",
    summary=(
        "8,000 + 2,000 patches, 32x32x3, of two photographs, in [0, 1]; comes with scikit-learn"
    ),
)
PARTS = ("train", "test")
SIDE, COUNTS = 32, {"train": 8_000, "test": 2_000}


def load(part: str = "train") -> Dataset:
    """float32 [8000 or 2000, 32, 32, 3]."""
    generator = fixed_generator("TRAINING_PATCHES" if part == "train" else "TEST_PATCHES")
    cut = pieces(photographs(), COUNTS[part], SIDE, generator)
    return Dataset(WORD.name, (cut / 255).astype(np.float32), None, f"{WORD.name} ({part})")
