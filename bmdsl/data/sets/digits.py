"""Handwritten digits, 8×8, that come with scikit-learn: no download, so a first try works offline.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository, 1998.
"""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..dataset import Dataset

WORD = Word("digits", summary="1,797 handwritten digits, 8x8, in [0, 1]; comes with scikit-learn")
PARTS = ("train",)


def load(part: str = "train") -> Dataset:
    """float32 [1797, 64]; the original grey values 0 to 16 divided by 16.

    BmError BM706 without scikit-learn.
    """
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise fail(
            "BM706",
            "the data set `digits` needs the package scikit-learn",
            help="pip install scikit-learn",
        )
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    pixels, labels = _read(file) if file.is_file() else _asked_for()
    return Dataset(
        WORD.name, (pixels / 16.0).astype(np.float32), labels.astype(np.int64), f"digits ({part})"
    )


def _read(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Grey values and labels from the package's file: to import the package for it takes
    a second.
    """
    with gzip.open(file, "rt", encoding="ascii") as text:
        table = np.loadtxt(text, delimiter=",")
    return table[:, :-1], table[:, -1]


def _asked_for() -> tuple[np.ndarray, np.ndarray]:
    """What scikit-learn gives, wherever it keeps its file."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return pixels, labels
