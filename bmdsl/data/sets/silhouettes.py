"""Outlines of the objects of Caltech 101.

Source: B. Marlin, K. Swersky, B. Chen, N. de Freitas, Inductive principles for RBM learning, 2010.
"""

from __future__ import annotations

import numpy as np

from ...language.vocabulary import Word
from ..dataset import Dataset
from ..fetch import find_file

WORD = Word(
    "caltech101-silhouettes",
    summary=(
        "4,100 + 2,264 + 2,307 outlines, 28x28, of 0 and 1 (1 is the background); downloaded once"
        " (1 MB)"
    ),
)
FILE = "caltech101_silhouettes_28_split1.mat"
SHA256 = "eb6735e8d84b1850fabc5590124aab1755e90c9fd28123585324398405e1e42a"
MIRRORS = ("https://people.cs.umass.edu/~marlin/data/",)
PARTS = ("train", "valid", "test")
KEYS = {"train": "train", "valid": "val", "test": "test"}


def load(part: str = "train") -> Dataset:
    """float32 [cases, 784] of 0 and 1, as published; labels: one of 101 objects, 0 to 100."""
    from scipy.io import loadmat

    whole = loadmat(find_file(WORD.name, FILE, SHA256, MIRRORS))
    values = np.ascontiguousarray(whole[f"{KEYS[part]}_data"], np.float32)
    return Dataset(
        WORD.name,
        values,
        whole[f"{KEYS[part]}_labels"].ravel().astype(np.int64) - 1,
        f"{WORD.name} ({part})",
    )
