"""NumPy's `.npy`: one array, memory-mapped so that data larger than memory can be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.vocabulary import Word
from ..archives import numpy_file
from ..streams.rows import RawRows

WORD = Word("npy", summary="one NumPy array, memory-mapped")
KEYED = False
CURE = "save it with `numpy.save` from a numeric array"


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array, read-only on disk."""
    found = numpy_file(path, mapped=True)
    if not isinstance(found, np.ndarray):
        raise ValueError("it holds several arrays: its ending is `.npz`")
    return found


def rows(path: Path, key: str | None = None) -> RawRows:
    """The array's cases, some at a time. ValueError for one in Fortran's order."""
    found = read(path)
    if found.ndim == 0:
        raise ValueError("it holds a single number, no cases")
    if not found.flags.c_contiguous:
        raise ValueError("its cases do not lie one after another: save `numpy.ascontiguousarray`")
    offset = int(getattr(found, "offset", path.stat().st_size))
    return RawRows(path, len(found), found.shape[1:], found.dtype, offset)
