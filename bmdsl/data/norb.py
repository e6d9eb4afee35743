"""The binary matrices of small NORB: a magic number, the number of axes, their lengths (three at
least), then the entries, little-endian.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from ..language.decoding import decoding
from .memory import read_bounded

KINDS: dict[int, np.dtype[Any]] = {
    0x1E3D4C51: np.dtype("<f4"),
    0x1E3D4C53: np.dtype("<f8"),
    0x1E3D4C54: np.dtype("<i4"),
    0x1E3D4C55: np.dtype("u1"),
    0x1E3D4C56: np.dtype("<i2"),
}


def read_matrix(path: Path) -> np.ndarray:
    """The array of a `.mat` file of small NORB, gzipped or not.

    BmError BM703 where it is none, or cut short.
    """
    with decoding("BM703", f"`{path}` is no binary matrix of small NORB"):
        content = read_bounded(path)
        magic, count = struct.unpack("<ii", content[:8])
        lengths = struct.unpack(f"<{max(3, count)}i", content[8 : 8 + 4 * max(3, count)])[:count]
        begin = 8 + 4 * max(3, count)
        kind = KINDS[magic]
        return np.frombuffer(content, kind, int(np.prod(lengths)), begin).reshape(lengths)
