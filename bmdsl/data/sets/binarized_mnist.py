"""MNIST in one fixed drawing of zeros and ones, each pixel on with its grey value as probability.

Source: H. Larochelle, binarized MNIST.

Salakhutdinov & Murray, On the quantitative analysis of deep belief networks, 2008, drew theirs the
same way.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..dataset import Dataset

WORD = Word(
    "binarized-mnist",
    summary=(
        "50,000 + 10,000 + 10,000 digits, 28x28, of 0 and 1, a fixed drawing; your own files in"
        " $BMDSL_DATA/binarized-mnist"
    ),
)
PARTS = ("train", "valid", "test")
PACKED = "larochelle_binarized_mnist_packed.npz"
WIDTH = 784


def load(part: str = "train") -> Dataset:
    """float32 [50000 or 10000, 784], from the original text files or from an archive with eight
    pixels a byte; no labels.
    """
    folder = Path(os.environ.get("BMDSL_DATA", ".")).expanduser() / WORD.name
    text, packed = folder / f"binarized_mnist_{part}.amat", folder / PACKED
    if text.is_file():
        values = np.loadtxt(text, dtype=np.float32, ndmin=2)
    elif packed.is_file():
        with np.load(packed, allow_pickle=False) as archive:
            values = np.unpackbits(archive[part], axis=1, count=WIDTH).astype(np.float32)
    else:
        raise fail(
            "BM709",
            f"`{WORD.name}` is not downloaded by itself, and `{folder}` has no `{text.name}`",
            help=(
                "get Larochelle's three .amat files, put them there, and set BMDSL_DATA to the"
                " folder above"
            ),
        )
    return Dataset(WORD.name, values, None, f"{WORD.name} ({part})")
