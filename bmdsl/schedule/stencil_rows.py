"""Rows of a lattice whose sites are bits, as `stencil_ops` says how they stand, in NumPy."""

from __future__ import annotations

import numpy as np

from .bit_ops import _bits, _word

Array = np.ndarray
Q, ROWS, LENGTH, WIDTH, HALO, WIDE, AT_ONCE = range(7)
"""Places in `shape`."""


def _row(shape: Array, group: int, colour: int, r: int) -> int:
    """Where the words of a row begin, the one before bit 0 first."""
    return int(((group * shape[Q] + colour) * shape[ROWS] + r) * shape[WIDTH])


def _bits_of_row(words: Array, at: int, width: int) -> Array:
    """The bits of a row with those before bit 0: [64 · width]."""
    return _bits(words[at : at + width]).ravel().astype(bool)


def _put(words: Array, at: int, width: int, bits: Array) -> None:
    words[at : at + width] = _word(bits.reshape(width, 64))


def _close(bits: Array, count: int, halo: int) -> None:
    """The bits just outside a row of `count` are those of its other end."""
    k = np.arange(halo)
    bits[63 - k] = bits[64 + (-1 - k) % count]
    bits[64 + count + k] = bits[64 + k % count]


def entry_of_row(
    words: Array,
    e: int,
    r: int,
    colour: int,
    first: Array,
    phase: Array,
    shape: Array,
    rows: Array,
    literals: Array,
    entries: Array,
    signs: Array,
) -> Array:
    """An entry's bit at every place of a row and colour, [64 · (width − 2)]."""
    q, width = int(shape[Q]), int(shape[WIDTH])
    lo, hi, _, sign, flip = (int(k) for k in entries[e])
    own = int(first[colour, phase[r]])
    bits = np.full(64 * width, bool(flip))
    for g, near, distance, turn in literals[lo:hi]:
        c, there = (colour + int(turn)) % q, int(rows[near, r])
        shift = (own + int(distance) - int(first[c, phase[there]])) // q
        bits ^= np.roll(_bits_of_row(words, _row(shape, int(g), c, there), width), -shift)
    if sign >= 0:
        begin = _row(shape, 0, colour, r)
        bits ^= _bits_of_row(signs[sign].view(np.uint64), begin, width)
    return bits[64:-64]
