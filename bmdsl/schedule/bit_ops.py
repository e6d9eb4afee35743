"""Kinds of op for chains of units of two states that are bits, 64 chains to a word.

B[p, w] has the unit at place p in chains 64w, …, 64w + 63, the lowest bit first; a set bit is the
upper of the unit's two values. Units stand colour after colour, those of one kind together, in
tiles of as many units as a register has words (`LANES`), or of one unit where a unit has that many
words of its own (`many`). Tile t is the units at places `LANES` t, …; tiles[t] says where its
literals begin in `near`, and its kind. A literal 2p or 2p + 1 is the unit at place p, or its
opposite.

A kind k has entries `classes[k, 0]`, …, `classes[k, 1]` − 1; an entry is the sum modulo 2 of
entries[e, 0] literals, and counts entries[e, 1]. n of a unit is what its entries that are 1 count
together, below `classes[k, 2]`. P(1 | n) stands in `table`, for each level `size` words, those of
the kind from `classes[k, 3]` on: 32 binary digits of as many words as n has values, the highest
first; word m of a digit is its exclusive sum over the subsets of m's own binary digits (Zhegalkin
1927).
Bits of valid[w] say which chains of word w there are: how many random numbers a draw takes depends
on these alone.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from .ops import op, reads, updates, whole, writes
from .philox import philox

Array = np.ndarray
LANES = 8
DIGITS = 32
CHUNK = 64
"""Registers that are drawn with one start of the random numbers."""
BLOCK = 64 * LANES
"""Chains that are drawn from one start: others are drawn from another, so that ranks can share
them block by block.
"""
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@op("{B} has {x}, 64 chains to a word", x=reads(), place=reads(1, "i8"), B=updates(2, "i8"))
def pack_bits(x: Array, place: Array, B: Array) -> None:
    """A group's states among the bits: 1 for the upper of two values."""
    chains, words = len(x), B.shape[1]
    padded = np.zeros((64 * words, x.shape[1]), bool)
    padded[:chains] = x > 0
    sides = (
        padded.reshape(words, 64, -1).astype(np.uint64) << np.arange(64, dtype=np.uint64)[:, None]
    )
    B[place] = np.bitwise_or.reduce(sides, axis=1).T.view(np.int64)


@op(
    "{x} = {B}, a chain each row",
    B=reads(2, "i8"),
    place=reads(1, "i8"),
    spin=whole(),
    x=writes(),
)
def unpack_bits(B: Array, place: Array, spin: int, x: Array) -> None:
    """A group's states out of the bits: −1 and 1 for spins, else 0 and 1."""
    words = np.ascontiguousarray(B[place].T).view(np.uint64)
    bits = (words[:, None] >> np.arange(64, dtype=np.uint64)[:, None]) & np.uint64(1)
    states = bits.reshape(-1, len(place))[: len(x)]
    x[...] = 2.0 * states - 1.0 if spin else states


def _seeds(seed: int, stream: int, counter: tuple[int, int, int, int]) -> Array:
    """32 words: each lane's four numbers of 32 bits make two."""
    x, half = philox(seed, stream, counter), np.uint64(32)
    return np.concatenate([(x[0] << half) | x[1], (x[2] << half) | x[3]])


def _turned(x: Array, count: int) -> Array:
    return (x << np.uint64(count)) | (x >> np.uint64(64 - count))


def _next(s: list[Array]) -> Array:
    """Eight words of xoshiro256++ (Blackman & Vigna 2021), whose states s go on."""
    r = _turned(s[0] + s[3], 23) + s[0]
    t = s[1] << np.uint64(17)
    s[2] = s[2] ^ s[0]
    s[3] = s[3] ^ s[1]
    s[1] = s[1] ^ s[2]
    s[0] = s[0] ^ s[3]
    s[2] = s[2] ^ t
    s[3] = _turned(s[3], 45)
    return r


@op(
    "units of colour {part} ~ P(unit | rest) in {B}",
    B=updates(2, "i8"),
    near=reads(1, "i4"),
    tiles=reads(2, "i8"),
    classes=reads(2, "i8"),
    entries=reads(2, "i8"),
    table=reads(1, "i8"),
    level=reads(1, "i8"),
    valid=reads(1, "i8"),
    size=whole(),
    many=whole(),
    begin=reads(1, "i8"),
    part=whole(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    first_chain=whole(),
)
def draw_bits(
    B: Array,
    near: Array,
    tiles: Array,
    classes: Array,
    entries: Array,
    table: Array,
    level: Array,
    valid: Array,
    size: int,
    many: int,
    begin: Array,
    part: int,
    seed: int,
    stream: int,
    update: int,
    step: int,
    first_chain: int,
) -> None:
    """Draws the units of a colour in all chains, comparing random numbers with probabilities digit
    by digit until every one is decided.
    """
    bits, lanes, words = B.view(np.uint64), 1 if many else LANES, B.shape[1]
    chains = valid.view(np.uint64)
    rest = np.arange(LANES) if many else np.zeros(LANES, np.int64)
    blocks, parts = (words // LANES, 1) if many else (1, words)
    first, last = int(begin[part]), int(begin[part + 1])
    at_once = max(1, CHUNK // parts)
    chunks = (last - first + at_once - 1) // at_once
    digits = table.view(np.uint64).reshape(-1, size)
    for chunk, block in product(range(chunks), range(blocks)):
        start = (first_chain // BLOCK + block) * chunks + chunk
        with np.errstate(over="ignore"):
            s = list(_seeds(seed, stream, (update, step, part, start)).reshape(4, LANES))
            for t in range(first + chunk * at_once, min(last, first + (chunk + 1) * at_once)):
                kind = int(tiles[t, 1])
                for w in range(block * parts, (block + 1) * parts):
                    at, column = int(tiles[t, 0]), rest + (w * LANES if many else w)
                    n = np.zeros((LANES, 64), np.int64)
                    begin_entry, end_entry, wide, words_at = (int(k) for k in classes[kind])
                    for units, weight in entries[begin_entry:end_entry]:
                        v = np.zeros(LANES, np.uint64)
                        for _ in range(int(units)):
                            literal = near[at : at + lanes].astype(np.int64)
                            flipped = np.where(literal & 1, _ALL, np.uint64(0))
                            v = v ^ bits[literal >> 1, column] ^ flipped
                            at += lanes
                        n += int(weight) * _bits(v)
                    own = digits[int(level[column[0]]), words_at : words_at + DIGITS * wide]
                    own = own.reshape(DIGITS, wide)
                    place = t * lanes + (np.zeros(LANES, int) if many else np.arange(LANES))
                    bits[place, column] = _drawn(own, n, chains[column], s)


def _bits(words: Array) -> Array:
    return ((words[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).astype(np.int64)


def _word(bits: Array) -> Array:
    shifted = bits.astype(np.uint64) << np.arange(64, dtype=np.uint64)
    return np.asarray(np.bitwise_or.reduce(shifted, axis=1))


def _drawn(digits: Array, n: Array, left: Array, s: list[Array]) -> Array:
    new = np.zeros(LANES, np.uint64)
    subsets = [[m for m in range(digits.shape[1]) if m & k == m] for k in range(digits.shape[1])]
    for d in range(DIGITS):
        if d >= 8 and not left.any():
            break
        values = np.array([np.bitwise_xor.reduce(digits[d, m]) for m in subsets]) & np.uint64(1)
        digit, r = _word(values[n]), _next(s)
        new |= left & digit & ~r
        left = left & ~(r ^ digit)
    return new
