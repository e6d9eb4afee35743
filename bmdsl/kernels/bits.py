"""Draws of units of two states that are bits, 64 chains to a word: compiled twins of the kinds of
op of these names.

A unit's field takes few values, one for each number n of its neighbours that count. n is summed in
binary digits spread over words, and a uniform number is compared with P(1 | n), digit by digit from
the highest, in all chains at once until every one has met a digit that differs: some
log₂(chains) + 2 of them, at most 32.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from ..schedule.bit_ops import BLOCK, CHUNK, DIGITS
from .random import seeds_of_words
from .table import kernel
from .words import (
    LANES,
    gather,
    load,
    pick,
    same,
    shift,
    some,
    store,
    turn,
    without,
)

SURE = 8
"""Digits before which 512 numbers are hardly ever all decided."""
FEW = 32
"""Values of n that five digits tell apart."""
WORK = 1 << 12
"""Words of an array of bits from which on a draw is worth threads."""
MANY = 1 << 16
"""States from which on it is worth threads to write them as bits."""
TOGETHER = 512
"""Units whose states are written at once: eight words of each are 32 kB."""
NONE = np.uint64(0)
SEEDS = numba.njit(cache=True)(seeds_of_words)


@numba.njit(cache=True)
def added(v, weight, p0, p1, p2, p3, p4):  # type: ignore[no-untyped-def]  # typed by numba
    """p + weight · v, the digits of p from the lowest on."""
    if weight & 1:
        c = p0 & v
        p0 = p0 ^ v
        d = p1 & c
        p1 = p1 ^ c
        c = p2 & d
        p2 = p2 ^ d
        d = p3 & c
        p3 = p3 ^ c
        p4 = p4 ^ d
    if weight & 2:
        c = p1 & v
        p1 = p1 ^ v
        d = p2 & c
        p2 = p2 ^ c
        c = p3 & d
        p3 = p3 ^ d
        p4 = p4 ^ c
    if weight & 4:
        c = p2 & v
        p2 = p2 ^ v
        d = p3 & c
        p3 = p3 ^ c
        p4 = p4 ^ d
    if weight & 8:
        c = p3 & v
        p3 = p3 ^ v
        p4 = p4 ^ c
    if weight & 16:
        p4 = p4 ^ v
    return p0, p1, p2, p3, p4


@numba.njit(cache=True)
def _carry_on(c, p5, p6, p7):  # type: ignore[no-untyped-def]  # typed by numba
    """Digits above the fifth with a carry from there."""
    d = p5 & c
    e = p6 & d
    return p5 ^ c, p6 ^ d, p7 ^ e


@numba.njit(cache=True)
def added_to_many(v, weight, p0, p1, p2, p3, p4, p5, p6, p7):  # type: ignore[no-untyped-def]  # typed by numba
    """p + weight · v for eight digits; the carry of the lower five is what their sum lacks."""
    for k in range(5):
        if (weight >> k) & 1:
            c = v
            if k < 1:
                d = p0 & c
                p0 = p0 ^ c
                c = d
            if k < 2:
                d = p1 & c
                p1 = p1 ^ c
                c = d
            if k < 3:
                d = p2 & c
                p2 = p2 ^ c
                c = d
            if k < 4:
                d = p3 & c
                p3 = p3 ^ c
                c = d
            d = p4 & c
            p4 = p4 ^ c
            p5, p6, p7 = _carry_on(d, p5, p6, p7)
    return p0, p1, p2, p3, p4, p5, p6, p7


@numba.njit(cache=True)
def next_word(s0, s1, s2, s3):  # type: ignore[no-untyped-def]  # typed by numba
    """Eight random words by xoshiro256++ (Blackman & Vigna 2021), and its states after them."""
    r = turn(s0 + s3, np.uint64(23)) + s0
    t = shift(s1, np.uint64(17))
    s2 = s2 ^ s0
    s3 = s3 ^ s1
    s1 = s1 ^ s2
    s0 = s0 ^ s3
    s2 = s2 ^ t
    s3 = turn(s3, np.uint64(45))
    return r, s0, s1, s2, s3


@numba.njit(cache=True)
def _compared(digit, left, new, s0, s1, s2, s3):  # type: ignore[no-untyped-def]  # typed by numba
    """The next digit of random numbers beside this one wherever all before it were the same."""
    r, s0, s1, s2, s3 = next_word(s0, s1, s2, s3)
    return without(left, r ^ digit), new | without(left & digit, r), s0, s1, s2, s3


@numba.njit(cache=True)
def drawn(table, at, wide, p, left, s0, s1, s2, s3):  # type: ignore[no-untyped-def]  # typed by numba
    """Bits that are 1 with the probabilities whose digits stand in a table."""
    new = same(NONE)
    for d in range(DIGITS):
        if d >= SURE and not some(left):
            break
        digit = pick(table, at, wide, p)
        left, new, s0, s1, s2, s3 = _compared(digit, left, new, s0, s1, s2, s3)
        at += wide
    return new, s0, s1, s2, s3


@numba.njit(cache=True)
def _literal(flat, near, at, words, w, many):  # type: ignore[no-untyped-def]  # typed by numba
    """A tile's next neighbours in a register of words, opposite where their number is odd."""
    if many:
        n = np.int64(near[at])
        return load(flat, (n >> 1) * words + w * LANES) ^ same(NONE - np.uint64(n & 1))
    return gather(flat, near, at, words, w)


@kernel(MANY, ["x"])
def pack_bits(x, place, B):  # type: ignore[no-untyped-def]  # typed by numba
    chains, units, words = x.shape[0], x.shape[1], B.shape[1]
    groups, blocks = (words + LANES - 1) // LANES, (units + TOGETHER - 1) // TOGETHER
    for g in numba.prange(blocks * groups):
        first, w0 = TOGETHER * (g // groups), LANES * (g % groups)
        size, wide = min(TOGETHER, units - first), min(LANES, words - w0)
        made = np.zeros((LANES, TOGETHER), np.uint64)
        for w in range(wide):
            own = made[w]
            for k in range(max(0, min(64, chains - 64 * (w0 + w)))):
                row, bit = x[64 * (w0 + w) + k], np.uint64(1) << np.uint64(k)
                for p in range(size):
                    own[p] |= bit if row[first + p] > 0 else NONE
        for p in range(size):
            into = B[place[first + p]]
            for w in range(wide):
                into[w0 + w] = made[w, p]


@kernel(MANY, ["x"])
def unpack_bits(B, place, spin, x):  # type: ignore[no-untyped-def]  # typed by numba
    low, high = x.dtype.type(-1 if spin else 0), x.dtype.type(1)
    chains, units, words = x.shape[0], x.shape[1], B.shape[1]
    groups, blocks = (words + LANES - 1) // LANES, (units + TOGETHER - 1) // TOGETHER
    for g in numba.prange(blocks * groups):
        first, w0 = TOGETHER * (g // groups), LANES * (g % groups)
        size, wide = min(TOGETHER, units - first), min(LANES, words - w0)
        made = np.empty((LANES, TOGETHER), np.uint64)
        for p in range(size):
            of = B[place[first + p]]
            for w in range(wide):
                made[w, p] = np.uint64(of[w0 + w])
        for w in range(wide):
            own = made[w]
            for k in range(max(0, min(64, chains - 64 * (w0 + w)))):
                row, bit = x[64 * (w0 + w) + k], np.uint64(1) << np.uint64(k)
                for p in range(size):
                    row[first + p] = high if own[p] & bit else low


@kernel(WORK, ["B"])
def draw_bits(  # type: ignore[no-untyped-def]  # typed by numba
    B,
    near,
    tiles,
    classes,
    entries,
    table,
    level,
    valid,
    size,
    many,
    begin,
    part,
    seed,
    stream,
    update,
    step,
    first_chain,
):
    words = B.shape[1]
    lanes = 1 if many else LANES
    blocks, parts = (words // LANES, 1) if many else (1, words)
    first, last = begin[part], begin[part + 1]
    at_once = max(1, CHUNK // parts)
    chunks = (last - first + at_once - 1) // at_once
    for job in numba.prange(chunks * blocks):
        chunk, block = job // blocks, job % blocks
        start = (first_chain // BLOCK + block) * chunks + chunk
        room = np.empty(4 * LANES, np.uint64)
        flat = B.reshape(-1)
        SEEDS(seed, stream, update, step, part, start, room)
        s0, s1, s2, s3 = load(room, 0), load(room, 8), load(room, 16), load(room, 24)
        for t in range(first + chunk * at_once, min(last, first + (chunk + 1) * at_once)):
            kind = tiles[t, 1]
            for w in range(block * parts, (block + 1) * parts):
                at, wide = tiles[t, 0], classes[kind, 2]
                p0 = same(NONE)
                p1, p2, p3, p4, p5, p6, p7 = p0, p0, p0, p0, p0, p0, p0
                for e in range(classes[kind, 0], classes[kind, 1]):
                    v = _literal(flat, near, at, words, w, many)
                    at += lanes
                    for _ in range(1, entries[e, 0]):
                        v = v ^ _literal(flat, near, at, words, w, many)
                        at += lanes
                    if wide <= FEW:
                        p0, p1, p2, p3, p4 = added(v, entries[e, 1], p0, p1, p2, p3, p4)
                    else:
                        p0, p1, p2, p3, p4, p5, p6, p7 = added_to_many(
                            v, entries[e, 1], p0, p1, p2, p3, p4, p5, p6, p7
                        )
                place = level[w * LANES if many else w] * size + classes[kind, 3]
                left = load(valid, w * LANES) if many else same(np.uint64(valid[w]))
                if wide <= FEW:
                    p = (p0, p1, p2, p3, p4)
                    new, s0, s1, s2, s3 = drawn(table, place, wide, p, left, s0, s1, s2, s3)
                else:
                    q = (p0, p1, p2, p3, p4, p5, p6, p7)
                    new, s0, s1, s2, s3 = drawn(table, place, wide, q, left, s0, s1, s2, s3)
                if many:
                    store(new, flat, t * words + w * LANES)
                elif words == 1:
                    store(new, flat, t * LANES)
                else:
                    store(new, room, 0)
                    for k in range(LANES):
                        flat[(t * LANES + k) * words + w] = room[k]
