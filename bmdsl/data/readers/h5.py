"""HDF5: one array chosen by `file.h5:dataset`. Needs the package h5py, which is optional."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ..keys import choose_key

WORD = Word("h5", summary="HDF5 arrays: file.h5:group/array (needs h5py)")
KEYED = True
ALSO = ("hdf5",)


def read(path: Path, key: str | None = None) -> np.ndarray:
    """The array `key`, or the only one there is, read into memory."""
    try:
        import h5py
    except ImportError as problem:
        raise fail(
            "BM706", f"reading `{path}` needs the package h5py", help="pip install h5py"
        ) from problem
    if not h5py.is_hdf5(path):
        raise fail("BM703", f"`{path}` is not an HDF5 file")
    found: list[str] = []
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
        )
        return np.asarray(file[choose_key(path, key, found)][()])
