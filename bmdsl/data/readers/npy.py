"""NumPy's `.npy`: one array, memory-mapped so that data larger than memory can be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.vocabulary import Word
from ..archives import numpy_file

WORD = Word("npy", summary="one NumPy array, memory-mapped")
KEYED = False
CURE = "save it with `numpy.save` from a numeric array"


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array, read-only on disk."""
    found = numpy_file(path, mapped=True)
    if not isinstance(found, np.ndarray):
        raise ValueError("it holds several arrays: its ending is `.npz`")
    return found
