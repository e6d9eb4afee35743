"""Kind of op for sums over units of chains that are bits.

A product of spins is −1 or 1 as the sum modulo 2 of their bits is: its *parity*. Products that
count alike in all sums are a class c, of the runs `ends[c]`, …, `ends[c + 1]` − 1. A run is (where
its literals begin in `near`, how many tiles it has, units of a product): tiles are of as many
products as a register has words, or of one if a unit has whole registers of words (`many`), and a
literal is that of `bit_ops`.
"""

from __future__ import annotations

import numpy as np

from .bit_ops import LANES, _bits
from .ops import op, reads, whole, writes

Array = np.ndarray
TILES = 255
"""Tiles of a run at most, which eight binary digits count."""


@op(
    "{counts} = how many products of each class are odd in {B}",
    B=reads(2, "i8"),
    near=reads(1, "i4"),
    runs=reads(2, "i8"),
    ends=reads(1, "i8"),
    many=whole(),
    counts=writes(2, "i8"),
)
def count_odd(B: Array, near: Array, runs: Array, ends: Array, many: int, counts: Array) -> None:
    """How many products of each class have an odd parity in each chain, [classes, 64 · words]."""
    bits, lanes = B.view(np.uint64), 1 if many else LANES
    counts[:] = 0
    for c in range(len(ends) - 1):
        for begin, tiles, units in runs[ends[c] : ends[c + 1]]:
            literals = near[begin : begin + tiles * units * lanes].reshape(tiles, units, lanes)
            flipped = np.where(literals & 1, ~np.uint64(0), np.uint64(0))
            odd = np.bitwise_xor.reduce(bits[literals >> 1] ^ flipped[..., None], axis=1)
            for words in odd.reshape(-1, B.shape[1]):
                counts[c] += _bits(words).reshape(-1)
