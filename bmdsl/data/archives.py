"""NumPy's `.npz`: arrays by name, and sparse matrices as SciPy saves them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from .memory import verify_affordable

BEGINNINGS = (b"\x93NUMPY", b"PK")
"""Of `.npy` and `.npz`."""


def names_in(path: Path) -> list[str]:
    """The names of an archive's arrays."""
    with _opened(path) as archive:
        return list(archive)


def read_array(path: Path, choose: Callable[[Sequence[str]], str]) -> np.ndarray:
    """The array whose name `choose` takes from all names."""
    with _opened(path) as archive:
        name = choose(list(archive))
        _verify_size(path, name)
        return np.asarray(archive[name])


def shape_and_type(
    path: Path, choose: Callable[[Sequence[str]], str]
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Of the array whose name `choose` takes from all names, without its numbers."""
    name = choose(names_in(path))
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        form = np.lib.format
        reader = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
        shape, _, dtype = reader(file)
    return shape, dtype


def read_sparse(path: Path, max_entries: int) -> Any:
    """The sparse matrix that is in an archive; its shape alone where it has more entries, and None
    where the archive holds none.

    ValueError for indices outside its shape: SciPy writes to them without a look.
    """
    with _opened(path) as archive:
        names = set(archive)
        if not {"format", "shape", "data"} <= names:
            return None
        for name in names:
            _verify_size(path, name)
        shape = tuple(int(n) for n in archive["shape"])
    if len(shape) != 2 or min(shape) < 0 or shape[0] * shape[1] > max_entries:
        return shape
    import scipy.sparse

    matrix = scipy.sparse.load_npz(path)
    if hasattr(matrix, "check_format"):
        matrix.check_format(full_check=True)
    matrix = matrix.tocoo()
    if matrix.nnz:
        rows, columns = matrix.row, matrix.col
        inside = rows.max() < shape[0] and columns.max() < shape[1]
        if min(rows.min(), columns.min()) < 0 or not inside:
            raise ValueError("an index is outside the matrix")
    return matrix


def numpy_file(path: Path, mapped: bool = False) -> Any:
    """What NumPy reads from a file of its own; a pickle is refused, since loading one runs code
    from the file. Of any other file NumPy says that it may be a pickle to load nevertheless.
    """
    with path.open("rb") as file:
        begin = file.read(len(BEGINNINGS[0]))
    if not begin.startswith(BEGINNINGS):
        raise ValueError("it does not begin as NumPy's files do")
    return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)


def _opened(path: Path) -> AbstractContextManager[Mapping[str, np.ndarray]]:
    found = numpy_file(path)
    if not isinstance(found, np.lib.npyio.NpzFile):
        raise ValueError("it holds a single array: its ending is `.npy`")
    return found


def _verify_size(path: Path, name: str) -> None:
    """Of what the archive says that a member unpacks to: no more is read from it."""
    with zipfile.ZipFile(path) as archive:
        sizes = {x.filename.removesuffix(".npy"): x.file_size for x in archive.infolist()}
    verify_affordable(f"the array `{name}` of `{path}`", 2 * sizes.get(name, 0))
