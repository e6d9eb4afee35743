"""NumPy's `.npy`: one array, memory-mapped so that data larger than memory can be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word

WORD = Word("npy", summary="one NumPy array, memory-mapped")
KEYED = False


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array, read-only on disk."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as problem:
        # A pickle is refused because loading one runs code from the file.
        raise fail(
            "BM703",
            f"`{path}` is not a `.npy` file of plain numbers",
            help="save it with `numpy.save` from a numeric array",
        ) from problem
