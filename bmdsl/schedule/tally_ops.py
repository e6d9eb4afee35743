"""Kinds of op for sums over units of chains that are bits.

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
from .stencil_rows import LENGTH, ROWS, WIDTH, Q, _bits_of_row, _row, entry_of_row

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


@op(
    "{counts} = how often units of {B} and their entries differ",
    B=reads(2, "i8"),
    first=reads(2, "i8"),
    phase=reads(1, "i8"),
    shape=reads(1, "i8"),
    rows=reads(2, "i4"),
    literals=reads(2, "i8"),
    entries=reads(2, "i8"),
    kinds=reads(2, "i8"),
    members=reads(1, "i8"),
    row_kind=reads(2, "i4"),
    pieces_of=reads(2, "i8"),
    pieces=reads(2, "i8"),
    signs=reads(2, "i8"),
    parts=reads(2, "i8"),
    counts=writes(2, "i8"),
)
def count_odd_of_sites(
    B: Array,
    first: Array,
    phase: Array,
    shape: Array,
    rows: Array,
    literals: Array,
    entries: Array,
    kinds: Array,
    members: Array,
    row_kind: Array,
    pieces_of: Array,
    pieces: Array,
    signs: Array,
    parts: Array,
    counts: Array,
) -> None:
    """Of a lattice whose sites are bits side by side, as `stencil_ops` has them: how many units
    differ from each of their entries, how many have it, and how many are 1, [chains, entries +
    entries + groups].
    """
    q, length, width = int(shape[Q]), int(shape[LENGTH]), int(shape[WIDTH])
    places, many = (first, phase, shape, rows, literals, entries), len(entries)
    counts[:] = 0
    for chain, into in zip(B.view(np.uint64), counts, strict=True):
        for group, colour, *_ in parts:
            for r in range(int(shape[ROWS])):
                y = int(first[colour, phase[r]]) + q * np.arange(64 * (width - 2))
                own = _bits_of_row(chain, _row(shape, int(group), int(colour), r), width)[64:-64]
                lo, hi = pieces_of[row_kind[group, r]]
                for start, stop, kind in pieces[lo:hi]:
                    inside = (y >= start) & (y < min(stop, length))
                    into[2 * many + group] += (own & inside).sum()
                    for e in members[kinds[kind, 0] : kinds[kind, 1]]:
                        bits = entry_of_row(chain, int(e), r, int(colour), *places, signs)
                        into[e] += ((own ^ bits) & inside).sum()
                        into[many + e] += inside.sum()
