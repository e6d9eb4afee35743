"""Sums over units of chains that are bits: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .bits import NONE, WORK, _literal
from .table import kernel
from .words import LANES, same, store

ALL, ONE = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1)


@numba.njit(cache=True)
def add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, total):  # type: ignore[no-untyped-def]  # typed by numba
    """total[64 · word + bit] += the number whose binary digits are the bits of p0, ..., p7 there;
    `room` is for the eight registers.
    """
    store(p0, room, 0)
    store(p1, room, LANES)
    store(p2, room, 2 * LANES)
    store(p3, room, 3 * LANES)
    store(p4, room, 4 * LANES)
    store(p5, room, 5 * LANES)
    store(p6, room, 6 * LANES)
    store(p7, room, 7 * LANES)
    for word in range(LANES):
        own = total[64 * word : 64 * word + 64]
        for d in range(8):
            digit = room[d * LANES + word]
            for bit in range(64):
                own[bit] += np.int64((digit >> np.uint64(bit)) & ONE) << d


@numba.njit(cache=True)
def counted(v, p0, p1, p2, p3, p4, p5, p6, p7):  # type: ignore[no-untyped-def]  # typed by numba
    """p + v, of eight digits."""
    p0, v = p0 ^ v, p0 & v
    p1, v = p1 ^ v, p1 & v
    p2, v = p2 ^ v, p2 & v
    p3, v = p3 ^ v, p3 & v
    p4, v = p4 ^ v, p4 & v
    p5, v = p5 ^ v, p5 & v
    p6, v = p6 ^ v, p6 & v
    return p0, p1, p2, p3, p4, p5, p6, p7 ^ v


@numba.njit(cache=True)
def put_counts(total, many, part, own):  # type: ignore[no-untyped-def]  # typed by numba
    """Counts of a register's words, or of all together, as those of a part of the chains."""
    if many:
        for q in range(64 * LANES):
            own[64 * LANES * part + q] = total[q]
    else:
        for bit in range(64):
            own[64 * part + bit] = 0
        for lane in range(LANES):
            for bit in range(64):
                own[64 * part + bit] += total[64 * lane + bit]


@kernel(WORK, ["B"])
def count_odd(B, near, runs, ends, many, counts):  # type: ignore[no-untyped-def]  # typed by numba
    words = B.shape[1]
    lanes = 1 if many else LANES
    parts = words // LANES if many else words
    for job in numba.prange((len(ends) - 1) * parts):
        c, w = job // parts, job % parts
        flat, room = B.reshape(-1), np.empty(8 * LANES, np.uint64)
        total = np.zeros(64 * LANES, np.int64)
        for k in range(ends[c], ends[c + 1]):
            at, units = runs[k, 0], runs[k, 2]
            p0 = same(NONE)
            p1, p2, p3, p4, p5, p6, p7 = p0, p0, p0, p0, p0, p0, p0
            for _ in range(runs[k, 1]):
                v = _literal(flat, near, at, words, w, many)
                at += lanes
                for _ in range(1, units):
                    v = v ^ _literal(flat, near, at, words, w, many)
                    at += lanes
                p0, p1, p2, p3, p4, p5, p6, p7 = counted(v, p0, p1, p2, p3, p4, p5, p6, p7)
            add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, total)
        put_counts(total, many, w, counts[c])


@numba.njit(cache=True)
def _ones(word):  # type: ignore[no-untyped-def]  # typed by numba
    """The bits of a word that are 1 (Warren, Hacker's Delight, section 5-1)."""
    word = word - ((word >> ONE) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel(WORK, ["B"])
def count_odd_of_sites(  # type: ignore[no-untyped-def]  # typed by numba
    B,
    first,
    phase,
    shape,
    rows,
    literals,
    entries,
    kinds,
    members,
    row_kind,
    pieces_of,
    pieces,
    signs,
    parts,
    counts,
):
    for chain in numba.prange(B.shape[0]):
        q, count, length, width = shape[0], shape[1], shape[2], shape[3]
        words, signed, into = B[chain], signs.reshape(-1), counts[chain]
        begin = np.zeros(len(literals) + 1, np.int64)
        turn = np.zeros(len(literals) + 1, np.uint64)
        many = len(entries)
        for k in range(len(into)):
            into[k] = 0
        for part in range(len(parts)):
            group, colour = parts[part, 0], parts[part, 1]
            for r in range(count):
                y = first[colour, phase[r]]
                sites = max(0, (length - y + q - 1) // q)
                own = ((group * q + colour) * count + r) * width + 1
                for k in range(parts[part, 2], parts[part, 3]):
                    there = rows[literals[k, 1], r]
                    if there >= 0:
                        c = (colour + literals[k, 3]) % q
                        shift = (y + literals[k, 2] - first[c, phase[there]]) // q
                        row = ((literals[k, 0] * q + c) * count + there) * width + 1
                        begin[k] = row + (shift >> 6)
                        turn[k] = np.uint64(shift & 63)
                kind_of_row = row_kind[group, r]
                for piece in range(pieces_of[kind_of_row, 0], pieces_of[kind_of_row, 1]):
                    lo = max(0, (pieces[piece, 0] - y + q - 1) // q)
                    hi = min(sites, (pieces[piece, 1] - y + q - 1) // q)
                    kind = pieces[piece, 2]
                    for w in range(lo >> 6, (hi + 63) >> 6):
                        a, b = max(lo - 64 * w, 0), min(hi - 64 * w, 64)
                        if b <= a:
                            continue
                        left = (ALL >> np.uint64(64 - b)) & (ALL << np.uint64(a))
                        mine = np.uint64(words[own + w])
                        into[2 * many + group] += _ones(mine & left)
                        for m in range(kinds[kind, 0], kinds[kind, 1]):
                            e = members[m]
                            v = mine ^ (NONE - np.uint64(entries[e, 4]))
                            for k in range(entries[e, 0], entries[e, 1]):
                                at = begin[k] + w
                                high = np.uint64(words[at + 1]) << ONE
                                v = v ^ (np.uint64(words[at]) >> turn[k])
                                v = v ^ (high << (np.uint64(63) - turn[k]))
                            if entries[e, 3] >= 0:
                                at = (colour * count + r) * width + 1 + w
                                v = v ^ np.uint64(signed[entries[e, 3] * signs.shape[1] + at])
                            into[e] += _ones(v & left)
                            into[many + e] += b - a
