"""Draws of lattices that are bits, sites of a row side by side in words: compiled twins of the
kinds of op of these names.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from ..schedule.bit_ops import DIGITS
from .bits import MANY, NONE, SEEDS, added, drawn
from .table import kernel
from .words import LANES, gather, load, same, shift_across, shift_across_each, store

WORK = 1 << 11
"""Words of an array of bits from which on a draw is worth threads."""
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
BITS = 64 * LANES
"""Bits of a register."""


@numba.njit(cache=True)
def _close(words, at, count, halo):  # type: ignore[no-untyped-def]  # typed by numba
    """The bits just outside a row of `count` are those of its other end; bit 0 is in words[at]."""
    for k in range(halo):
        here = (count - 1 - k % count) % count
        bit = (words[at + (here >> 6)] >> np.uint64(here & 63)) & np.uint64(1)
        place = np.uint64(63 - k)
        words[at - 1] = (words[at - 1] & ~(np.uint64(1) << place)) | (bit << place)
    for k in range(halo):
        here, there = k % count, count + k
        bit = (words[at + (here >> 6)] >> np.uint64(here & 63)) & np.uint64(1)
        place, word = np.uint64(there & 63), at + (there >> 6)
        words[word] = (words[word] & ~(np.uint64(1) << place)) | (bit << place)


@numba.njit(cache=True)
def _range(room, lo, hi):  # type: ignore[no-untyped-def]  # typed by numba
    """The bits lo, …, hi − 1 of a register, into `room`."""
    for k in range(LANES):
        word = ALL
        if lo > 64 * k:
            word = NONE if lo >= 64 * k + 64 else word << np.uint64(lo - 64 * k)
        if hi < 64 * k + 64:
            word = NONE if hi <= 64 * k else word & (ALL >> np.uint64(64 * k + 64 - hi))
        room[k] = word


@kernel(MANY, ["x"])
def pack_rows_of_sites(x, group, first, phase, shape, B):  # type: ignore[no-untyped-def]  # typed by numba
    q, rows, length, width, halo = shape[0], shape[1], shape[2], shape[3], shape[4]
    for job in numba.prange(x.shape[0] * rows):
        chain, r = job // rows, job % rows
        words, own = B[chain], x[chain, (job % rows) * length : (job % rows + 1) * length]
        for c in range(q):
            at = ((group * q + c) * rows + r) * width + 1
            y = first[c, phase[r]]
            sites = max(0, (length - y + q - 1) // q)
            for w in range((sites + 63) // 64):
                made, begin = np.uint64(0), y + 64 * w * q
                for k in range(min(64, sites - 64 * w)):
                    made |= np.uint64(own[begin + k * q] > 0) << np.uint64(k)
                words[at + w] = made
            if sites:
                _close(words, at, sites, halo)


@kernel(MANY, ["x"])
def unpack_rows_of_sites(B, group, first, phase, shape, spin, x):  # type: ignore[no-untyped-def]  # typed by numba
    q, rows, length, width = shape[0], shape[1], shape[2], shape[3]
    low, step = x.dtype.type(-1 if spin else 0), x.dtype.type(2 if spin else 1)
    for job in numba.prange(x.shape[0] * rows):
        chain, r = job // rows, job % rows
        words, own = B[chain], x[chain, (job % rows) * length : (job % rows + 1) * length]
        for c in range(q):
            at = ((group * q + c) * rows + r) * width + 1
            y = first[c, phase[r]]
            sites = max(0, (length - y + q - 1) // q)
            for w in range((sites + 63) // 64):
                word, begin = np.uint64(words[at + w]), y + 64 * w * q
                for k in range(min(64, sites - 64 * w)):
                    own[begin + k * q] = low + step * x.dtype.type(
                        (word >> np.uint64(k)) & np.uint64(1)
                    )


@kernel(WORK, ["B"])
def draw_rows_of_sites(  # type: ignore[no-untyped-def]  # typed by numba
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
    table,
    level,
    part,
    seed,
    stream,
    update,
    step,
    first_chain,
):
    q, count, length, width, halo = shape[0], shape[1], shape[2], shape[3], shape[4]
    wide, at_once = shape[5], shape[6]
    group, colour = parts[part, 0], parts[part, 1]
    blocks = (count + at_once - 1) // at_once
    before = first_chain * blocks
    for job in numba.prange(B.shape[0] * blocks):
        chain, block = job // blocks, job % blocks
        words, signed = B[chain], signs.reshape(-1)
        room = np.empty(4 * LANES, np.uint64)
        SEEDS(seed, stream, update, step, part, before + job, room)
        s0, s1, s2, s3 = load(room, 0), load(room, 8), load(room, 16), load(room, 24)
        begin = np.zeros(len(literals), np.int64)
        turn = np.zeros(len(literals), np.uint64)
        from_bit, to_bit = 0, BITS
        full = same(ALL)
        left = full
        for r in range(block * at_once, min(count, (block + 1) * at_once)):
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
            for w in range((width - 2) // LANES):
                new = same(NONE)
                for piece in range(pieces_of[kind_of_row, 0], pieces_of[kind_of_row, 1]):
                    lo = (pieces[piece, 0] - y + q - 1) // q - BITS * w
                    hi = min(sites, (pieces[piece, 1] - y + q - 1) // q) - BITS * w
                    lo, hi = max(lo, 0), min(hi, BITS)
                    if hi <= lo:
                        continue
                    if lo != from_bit or hi != to_bit:
                        _range(room, lo, hi)
                        left = load(room, 0)
                        from_bit, to_bit = lo, hi
                    kind = pieces[piece, 2]
                    p0 = same(NONE)
                    p1, p2, p3, p4 = p0, p0, p0, p0
                    for m in range(kinds[kind, 0], kinds[kind, 1]):
                        e = members[m]
                        v = same(NONE - np.uint64(entries[e, 4]))
                        for k in range(entries[e, 0], entries[e, 1]):
                            at = begin[k] + LANES * w
                            v = v ^ shift_across(load(words, at), load(words, at + 1), turn[k])
                        if entries[e, 3] >= 0:
                            at = entries[e, 3] * signs.shape[1] + (colour * count + r) * width + 1
                            v = v ^ load(signed, at + LANES * w)
                        p0, p1, p2, p3, p4 = added(v, entries[e, 2], p0, p1, p2, p3, p4)
                    place = (level[chain] * len(kinds) + kind) * DIGITS * wide
                    p = (p0, p1, p2, p3, p4)
                    some, s0, s1, s2, s3 = drawn(table, place, wide, p, left, s0, s1, s2, s3)
                    new = new | some
                store(new, words, own + LANES * w)
            if sites:
                _close(words, own, sites, halo)


@numba.njit(cache=True)
def _close_word(words, at, count, halo):  # type: ignore[no-untyped-def]  # typed by numba
    """As `_close`, for a row of one word that is as long as neighbours reach."""
    if count < halo or count > 64:
        _close(words, at, count, halo)
        return
    own, rest = np.uint64(words[at]), np.uint64(64 - count)
    words[at - 1] = own << rest
    if count == 64:
        words[at + 1] = own
    else:
        words[at] = own | (own << np.uint64(count))
        words[at + 1] = own >> rest


@kernel(WORK, ["B"])
def draw_eight_rows_of_sites(  # type: ignore[no-untyped-def]  # typed by numba
    B,
    first,
    phase,
    shape,
    entries,
    kinds,
    members,
    signs,
    parts,
    spots,
    turns,
    runs,
    run_kind,
    run_mask,
    table,
    level,
    part,
    seed,
    stream,
    update,
    step,
    first_chain,
):
    q, count, length, width, halo = shape[0], shape[1], shape[2], shape[3], shape[4]
    wide, at_once = shape[5], shape[6]
    group, colour = parts[part, 0], parts[part, 1]
    used, blocks = width - 2, (count + LANES - 1) // LANES
    jobs = (blocks + at_once - 1) // at_once
    row, all_rows = spots.shape[2], spots.shape[1] * spots.shape[2]
    before = first_chain * jobs
    for job in numba.prange(B.shape[0] * jobs):
        chain, begin = job // jobs, job % jobs * at_once
        words, signed, masks = B[chain], signs.reshape(-1), run_mask.reshape(-1)
        near, shifts = spots.reshape(-1), turns.reshape(-1)
        room = np.empty(4 * LANES, np.uint64)
        own_rows = np.empty(LANES, np.int32)
        SEEDS(seed, stream, update, step, part, before + job, room)
        s0, s1, s2, s3 = load(room, 0), load(room, 8), load(room, 16), load(room, 24)
        for block in range(begin, min(blocks, begin + at_once)):
            r0 = block * LANES
            for k in range(LANES):
                own_rows[k] = 2 * ((colour * count + min(r0 + k, count - 1)) * width + 1)
            for w in range(used):
                new = same(NONE)
                for k in range(runs[part, block * used + w, 0], runs[part, block * used + w, 1]):
                    kind = run_kind[k]
                    p0 = same(NONE)
                    p1, p2, p3, p4 = p0, p0, p0, p0
                    for m in range(kinds[kind, 0], kinds[kind, 1]):
                        e = members[m]
                        v = same(NONE - np.uint64(entries[e, 4]))
                        for x in range(entries[e, 0], entries[e, 1]):
                            at = colour * all_rows + x * row + r0
                            low = gather(words, near, at, 1, w)
                            high = gather(words, near, at, 1, w + 1)
                            v = v ^ shift_across_each(low, high, load(shifts, at))
                        if entries[e, 3] >= 0:
                            v = v ^ gather(
                                signed, own_rows, 0, 1, entries[e, 3] * signs.shape[1] + w
                            )
                        p0, p1, p2, p3, p4 = added(v, entries[e, 2], p0, p1, p2, p3, p4)
                    place = (level[chain] * len(kinds) + kind) * DIGITS * wide
                    p = (p0, p1, p2, p3, p4)
                    left = load(masks, k * LANES)
                    some, s0, s1, s2, s3 = drawn(table, place, wide, p, left, s0, s1, s2, s3)
                    new = new | some
                store(new, room, 0)
                for k in range(min(LANES, count - r0)):
                    at = ((group * q + colour) * count + r0 + k) * width + 1
                    words[at + w] = room[k]
            for k in range(min(LANES, count - r0)):
                sites = max(0, (length - first[colour, phase[r0 + k]] + q - 1) // q)
                at = ((group * q + colour) * count + r0 + k) * width + 1
                if sites:
                    if used == 1:
                        _close_word(words, at, sites, halo)
                    else:
                        _close(words, at, sites, halo)
