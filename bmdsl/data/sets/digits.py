"""Handwritten digits, 8×8, that come with scikit-learn: no download, so a first try works offline.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..dataset import Dataset

WORD = Word("digits", summary="1,797 handwritten digits, 8x8, in [0, 1]; comes with scikit-learn")
PARTS = ("train",)


def load(part: str = "train") -> Dataset:
    """float32 [1797, 64]; the original grey values 0 to 16 divided by 16."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as problem:
        raise fail("BM706", "the data set `digits` needs the package scikit-learn", help="pip install scikit-learn") from problem
    pixels, labels = load_digits(return_X_y=True)
    return Dataset(WORD.name, (pixels / 16.0).astype(np.float32), labels.astype(np.int64), f"digits ({part})")
