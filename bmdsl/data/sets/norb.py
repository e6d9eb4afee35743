"""Small NORB, one image of each stereo pair at 32×32.

Source: Y. LeCun, F. J. Huang, L. Bottou, Learning methods for generic object recognition, 2004.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..dataset import Dataset
from ..norb import read_matrix

WORD = Word(
    "norb",
    summary=(
        "24,300 + 24,300 photographs of toys, 32x32, in [0, 1]; your own files in $BMDSL_DATA/norb"
    ),
)
PARTS = ("train", "test")
STEMS = {
    "train": "smallnorb-5x46789x9x18x6x2x96x96-training",
    "test": "smallnorb-5x01235x9x18x6x2x96x96-testing",
}
BLOCK = 3


def load(part: str = "train") -> Dataset:
    """float32 [24300, 1024], the first image of each pair, means of 3×3 blocks over 255; labels:
    one of five kinds.
    """
    images = read_matrix(_find(part, "dat"))[:, 0]
    cases, height, width = images.shape
    blocks = images.reshape(cases, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    values = np.empty((cases, height // BLOCK * (width // BLOCK)), np.float32)
    for lo in range(
        0, cases, 1000
    ):  # a thousand images at a time: all of them in floating point take gigabytes
        values[lo : lo + 1000] = (
            blocks[lo : lo + 1000].mean(axis=(2, 4), dtype=np.float32).reshape(-1, values.shape[1])
            / 255
        )
    return Dataset(
        WORD.name, values, read_matrix(_find(part, "cat")).astype(np.int64), f"norb ({part})"
    )


def _find(part: str, kind: str) -> Path:
    folder = Path(os.environ.get("BMDSL_DATA", ".")).expanduser() / "norb"
    for end in (".mat", ".mat.gz"):
        path = folder / f"{STEMS[part]}-{kind}{end}"
        if path.is_file():
            return path
    raise fail(
        "BM709",
        f"`norb` is not downloaded by itself, and `{folder}` has no `{STEMS[part]}-{kind}.mat`",
        help=(
            "get the six files of small NORB, put them there, and set BMDSL_DATA to the folder"
            " above"
        ),
    )
