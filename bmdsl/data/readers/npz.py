"""NumPy's `.npz`: several named arrays, one of them chosen by `file.npz:key`."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..keys import choose_key
from ..notice import say

WORD = Word("npz", summary="named NumPy arrays: file.npz:key")
KEYED = True
MAX_ENTRIES = 1 << 30
"""Most entries of a sparse matrix that is made dense."""


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array `key`, or the only one there is."""
    try:
        archive = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise fail(
            "BM703", f"`{path}` is not a `.npz` file", help="save it with `numpy.savez`"
        ) from problem
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise fail(
            "BM703",
            f"`{path}` is named `.npz` but holds a single array",
            help="rename it to `.npy`",
        )
    with archive:
        if key is None and {"format", "shape", "data"} <= set(archive.files):
            return _dense(path, archive)
        key = choose_key(path, key, list(archive.files))
        try:
            return archive[key]
        except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as problem:
            raise fail(
                "BM703",
                f"the array `{key}` in `{path}` is damaged or does not hold plain numbers",
                help="save it with `numpy.savez` from a numeric array",
            ) from problem


def _dense(path: Path, archive: np.lib.npyio.NpzFile) -> np.ndarray:
    """A matrix that SciPy saved as sparse, made dense.

    Raises BM703 if it is damaged or has more than MAX_ENTRIES entries.
    """
    import scipy.sparse

    try:
        shape = tuple(int(n) for n in archive["shape"])
        if len(shape) != 2 or min(shape) < 0 or shape[0] * shape[1] > MAX_ENTRIES:
            raise fail(
                "BM703",
                f"`{path}` is a sparse matrix of shape {shape}: at most {MAX_ENTRIES:,} entries are"
                " made dense here",
                help="fewer columns, such as the most frequent words, or fewer cases",
            )
        matrix = scipy.sparse.load_npz(path)
    except (
        ValueError,
        EOFError,
        KeyError,
        TypeError,
        OSError,
        zipfile.BadZipFile,
        zlib.error,
    ) as problem:
        raise fail(
            "BM703",
            f"`{path}` is no sparse matrix as `scipy.sparse.save_npz` writes it",
            note=str(problem),
        ) from None
    say(
        f"`{path.name}`: a sparse matrix of shape {matrix.shape} with {matrix.nnz:,} entries, made"
        " dense"
    )
    return np.asarray(matrix.toarray())
