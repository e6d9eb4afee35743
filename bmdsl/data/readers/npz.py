"""NumPy's `.npz`: several named arrays, one of them chosen by `file.npz:key`."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..keys import choose_key

WORD = Word("npz", summary="named NumPy arrays: file.npz:key")
KEYED = True


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array `key`, or the only one there is."""
    try:
        archive = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise fail("BM703", f"`{path}` is not a `.npz` file", help="save it with `numpy.savez`") from problem
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise fail("BM703", f"`{path}` is named `.npz` but holds a single array", help="rename it to `.npy`")
    with archive:
        key = choose_key(path, key, list(archive.files))
        try:
            return archive[key]
        except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as problem:
            raise fail(
                "BM703",
                f"the array `{key}` in `{path}` is damaged or does not hold plain numbers",
                help="save it with `numpy.savez` from a numeric array",
            ) from problem
