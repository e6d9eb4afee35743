"""Cases of an array that lies in chunks in a file, as HDF5 and Zarr have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ChunkedRows:
    """An array of h5py's or zarr's, and what is closed after it."""

    array: Any
    file: Any = None
    groups: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.array.shape:
            raise ValueError("it holds a single number, no cases")

    @property
    def count(self) -> int:
        """Number of cases."""
        return int(self.array.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one case."""
        return tuple(int(n) for n in self.array.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        return np.dtype(self.array.dtype)

    @property
    def unit(self) -> int:
        """Cases of a chunk; of a shard of chunks, where an array has those."""
        chunks = getattr(self.array, "shards", None) or self.array.chunks
        return int(chunks[0]) if chunks else 1

    def read(self, low: int, high: int) -> np.ndarray:
        """Cases low, ..., high − 1."""
        return np.asarray(self.array[low:high])

    def close(self) -> None:
        """Closes the file."""
        if self.file is not None:
            self.file.close()
