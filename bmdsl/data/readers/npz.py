"""NumPy's `.npz`: several named arrays, one of them chosen by `file.npz:key`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..archives import names_in, read_array, read_sparse, shape_and_type
from ..keys import choose_key
from ..notice import say
from ..streams.rows import ArrayRows

WORD = Word("npz", summary="named NumPy arrays: file.npz:key")
KEYED = True
WHOLE = True
"""A file is unpacked as a whole: it can be a shard, but is not streamed by itself."""
CURE = "save it with `numpy.savez` from numeric arrays"
MAX_ENTRIES = 1 << 30
"""Most entries of a sparse matrix that is made dense."""


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array `key`, or the only one there is; a sparse matrix of SciPy's is made dense.

    BmError BM703 for one of more than MAX_ENTRIES entries.
    """
    matrix = read_sparse(path, MAX_ENTRIES) if key is None else None
    if matrix is None:
        return read_array(path, lambda names: choose_key(path, key, names))
    if isinstance(matrix, tuple):
        raise fail(
            "BM703",
            f"`{path}` is a sparse matrix of shape {matrix}: at most {MAX_ENTRIES:,} entries are"
            " made dense here",
            help="fewer columns, such as the most frequent words, or fewer cases",
        )
    say(
        f"`{path.name}`: a sparse matrix of shape {matrix.shape} with {matrix.nnz:,} entries, made"
        " dense"
    )
    return np.asarray(matrix.toarray())


def rows(path: Path, key: str | None = None) -> ArrayRows:
    """The cases of an array, which is unpacked as a whole when they are read."""
    shape, dtype = shape_and_type(path, lambda names: choose_key(path, key, names))
    if not shape:
        raise ValueError("it holds a single number, no cases")
    return ArrayRows(partial(read, path, key), shape[0], shape[1:], dtype)


def names(path: Path) -> list[str]:
    """The arrays of a file."""
    return names_in(path)
