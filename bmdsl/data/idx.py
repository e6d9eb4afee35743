"""The IDX format of MNIST and its kin, and sets that are published as four such files."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..language.decoding import decoding
from .dataset import Dataset
from .fetch import find_file
from .memory import read_bounded

_UNSIGNED_BYTE = 0x08


@dataclass(frozen=True)
class IdxSet:
    """Images and labels of two parts, each file with its sha256, and the folders on the web that
    hold them.
    """

    name: str
    mirrors: tuple[str, ...]
    train: tuple[tuple[str, str], tuple[str, str]]
    test: tuple[tuple[str, str], tuple[str, str]]

    def load(self, part: str) -> Dataset:
        """Values float32 [cases, pixels] in [0, 1], labels int64 [cases]."""
        images, labels = (
            read_idx(find_file(self.name, file, sha, self.mirrors))
            for file, sha in getattr(self, part)
        )
        # Dividing in place keeps one float copy of the images in memory instead of two.
        values = images.reshape(len(images), -1).astype(np.float32)
        values /= np.float32(255)
        return Dataset(self.name, values, labels.astype(np.int64), f"{self.name} ({part})")


def read_idx(path: Path) -> np.ndarray:
    """The uint8 array of a gzipped IDX file."""
    with decoding("BM703", f"`{path}` is not a gzipped IDX file of bytes"):
        content = read_bounded(path)
        zero, kind, n_axes = struct.unpack(">HBB", content[:4])
        shape = struct.unpack(f">{n_axes}I", content[4 : 4 + 4 * n_axes])
        if zero != 0 or kind != _UNSIGNED_BYTE:
            raise ValueError("not an IDX file of bytes")
        return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)
