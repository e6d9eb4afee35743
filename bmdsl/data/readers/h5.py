"""HDF5: one array chosen by `file.h5:dataset`. Needs the package h5py, which is optional."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..keys import choose_key
from ..memory import verify_affordable
from ..packages import needed
from ..streams.chunked import ChunkedRows
from ..streams.rows import ShardRows

WORD = Word("h5", summary="HDF5 arrays: file.h5:group/array (needs h5py)")
KEYED = True
ALSO = ("hdf5",)


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array `key`, or the only one there is, read into memory.

    Links are not followed: a name is one of this file's own arrays.
    """
    h5py = needed("h5py", "h5py", f"reading `{path}`", "h5py")
    with h5py.File(path, "r") as file:
        name, array = _chosen(h5py, file, path, key)
        verify_affordable(f"the array `{name}` of `{path}`", array.size * array.dtype.itemsize)
        return np.asarray(array[()])


def rows(path: Path, key: str | None = None) -> ShardRows:
    """The cases of an array, some at a time; a chunk of them is decoded at once."""
    h5py = needed("h5py", "h5py", f"reading `{path}`", "h5py")
    file = h5py.File(path, "r")
    try:
        return ChunkedRows(_chosen(h5py, file, path, key)[1], file)
    except BaseException:
        file.close()
        raise


def names(path: Path) -> list[str]:
    """The arrays of a file."""
    h5py = needed("h5py", "h5py", f"reading `{path}`", "h5py")
    with h5py.File(path, "r") as file:
        return _names(h5py, file)


def _names(h5py: Any, file: Any) -> list[str]:
    found: list[str] = []
    file.visititems(
        lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
    )
    return found


def _chosen(h5py: Any, file: Any, path: Path, key: str | None) -> tuple[str, Any]:
    """The name of an array, and the array."""
    name = choose_key(path, key, _names(h5py, file))
    verify_held_here(path, name, file[name])
    return name, file[name]


def verify_held_here(path: Path, name: str, array: Any) -> None:
    """BmError BM971 for an array of other files' bytes, BM710 for one of no numbers."""
    if array.external or array.is_virtual:
        raise fail(
            "BM971",
            f"the array `{name}` of `{path}` has its numbers in other files, which are not read",
            help="copy them into one file: `h5repack`, or `h5py` with `file['x'] = values`",
        )
    if array.dtype.kind not in "biuf":
        raise fail(
            "BM710",
            f"the array `{name}` of `{path}` holds `{array.dtype}`, not real numbers",
            help="store integers, floats or booleans",
        )
