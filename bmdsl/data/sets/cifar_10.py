"""CIFAR-10 from its binary files.

Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..dataset import Dataset

WORD = Word(
    "cifar-10",
    summary=(
        "50,000 + 10,000 photographs of ten kinds, 32x32x3, in [0, 1]; your own files in"
        " $BMDSL_DATA/cifar-10"
    ),
)
PARTS = ("train", "test")
FILES = {"train": tuple(f"data_batch_{k}.bin" for k in range(1, 6)), "test": ("test_batch.bin",)}
RECORD = 1 + 3072
"""Bytes of a case: its label, then 1,024 of each colour."""


def load(part: str = "train") -> Dataset:
    """float32 [50000 or 10000, 32, 32, 3]; labels 0 to 9.

    BmError BM709 where a file is missing, BM707 where one is not of this format.
    """
    folder = Path(os.environ.get("BMDSL_DATA", ".")).expanduser() / WORD.name
    if not folder.is_dir() or not (folder / FILES[part][0]).is_file():
        folder = folder / "cifar-10-batches-bin"  # as the archive unpacks
    cases = []
    for name in FILES[part]:
        path = folder / name
        if not path.is_file():
            raise fail(
                "BM709",
                f"`{WORD.name}` is not downloaded by itself, and there is no `{path}`",
                help=(
                    "get the binary version of CIFAR-10, put its files there, and set BMDSL_DATA to"
                    " the folder above"
                ),
            )
        content = np.fromfile(path, np.uint8)
        if len(content) % RECORD:
            raise fail(
                "BM707",
                f"`{path}` has {len(content):,} bytes, which is no whole number of cases of"
                f" {RECORD:,}",
            )
        cases.append(content.reshape(-1, RECORD))
    whole = np.concatenate(cases)
    images = np.empty((len(whole), 32, 32, 3), np.float32)
    for lo in range(0, len(whole), 5000):
        images[lo : lo + 5000] = whole[lo : lo + 5000, 1:].reshape(-1, 3, 32, 32).transpose(
            0, 2, 3, 1
        ) / np.float32(255)
    return Dataset(WORD.name, images, whole[:, 0].astype(np.int64), f"{WORD.name} ({part})")
