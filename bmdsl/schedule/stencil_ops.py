"""Kinds of op for chains of lattices that are bits, the sites of a row side by side in words.

A lattice's last axis is its *row*, n places long; there are R rows. Places of colour c in row r are
y = first[c, phase[r]] + q k for k = 0, 1, …; place k is bit k of that row and colour's words. B[i],
the words of chain i, has for each group, colour and row `width` words: one before bit 0, whole
registers, and one more. The bits just outside a row are those of its other end, as many as
neighbours reach (`halo`), so that a neighbour at any distance is a shift of a row's words. A set
bit is the upper of a unit's two values.

`literals[l]` is (group, row map, distance along the row, change of colour): the unit that stands so
from a unit; `rows[map, r]` is its row, −1 if there is none. `entries[e]` is (first literal, last
literal + 1, weight, array of signs or −1, flip): the sum modulo 2 of its literals, of a bit of
`signs` and of flip counts `weight`. A kind is entries `members[kinds[k, 0] : kinds[k, 1]]`, and has
a table as in `bit_ops`. `row_kind[group, r]` names the pieces of a row, `pieces[pieces_of[·, 0]]`,
…: (y from, y to, kind). parts[p] is (group, colour, first of its literals, their end), what is
drawn p-th in a sweep. Short rows are drawn eight at a time, a word of each in a register: spots[c,
l, r] is twice the place of the word from which literal l of row r's units of colour c is shifted by
turns[c, l, r]; register k of part p, word k modulo those of a row, has the draws runs[p, k, 0], …,
runs[p, k, 1] − 1: of kind run_kind[·] at the bits run_mask[·]. `shape` has q, R, n, width, halo,
the width of tables, and how many rows, or eights of rows, are drawn with one start of random
numbers.
"""

from __future__ import annotations

import numpy as np

from .bit_ops import DIGITS, LANES, _bits, _drawn, _seeds, _word
from .ops import op, reads, updates, whole, writes
from .stencil_rows import (
    HALO,
    LENGTH,
    ROWS,
    WIDTH,
    Q,
    _bits_of_row,
    _close,
    _put,
    _row,
    entry_of_row,
)

Array = np.ndarray
REACH = 63
"""The farthest shift of a row's bits."""


@op(
    "{B} has {x}, sites of a row side by side in words",
    x=reads(),
    group=whole(),
    first=reads(2, "i8"),
    phase=reads(1, "i8"),
    shape=reads(1, "i8"),
    B=updates(2, "i8"),
)
def pack_rows_of_sites(
    x: Array, group: int, first: Array, phase: Array, shape: Array, B: Array
) -> None:
    """A group's states among the bits: 1 for the upper of two values."""
    q, length, width = (int(shape[k]) for k in (Q, LENGTH, WIDTH))
    for chain, words in zip(x, B.view(np.uint64), strict=True):
        for r in range(int(shape[ROWS])):
            for c in range(q):
                states = chain[r * length : (r + 1) * length][int(first[c, phase[r]]) :: q]
                bits = np.zeros(64 * width, bool)
                bits[64 : 64 + len(states)] = states > 0
                if len(states):
                    _close(bits, len(states), int(shape[HALO]))
                _put(words, _row(shape, group, c, r), width, bits)


@op(
    "{x} = {B}, a chain each row",
    B=reads(2, "i8"),
    group=whole(),
    first=reads(2, "i8"),
    phase=reads(1, "i8"),
    shape=reads(1, "i8"),
    spin=whole(),
    x=writes(),
)
def unpack_rows_of_sites(
    B: Array, group: int, first: Array, phase: Array, shape: Array, spin: int, x: Array
) -> None:
    """A group's states out of the bits: −1 and 1 for spins, else 0 and 1."""
    q, length, width = (int(shape[k]) for k in (Q, LENGTH, WIDTH))
    for chain, words in zip(x, B.view(np.uint64), strict=True):
        for r in range(int(shape[ROWS])):
            for c in range(q):
                states = chain[r * length : (r + 1) * length][int(first[c, phase[r]]) :: q]
                bits = _bits_of_row(words, _row(shape, group, c, r), width)[64:]
                states[...] = (2.0 * bits - 1.0 if spin else 1.0 * bits)[: len(states)]


@op(
    "units of part {part} ~ P(unit | rest) in {B}",
    B=updates(2, "i8"),
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
    table=reads(1, "i8"),
    level=reads(1, "i8"),
    part=whole(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    first_chain=whole(),
)
def draw_rows_of_sites(
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
    table: Array,
    level: Array,
    part: int,
    seed: int,
    stream: int,
    update: int,
    step: int,
    first_chain: int,
) -> None:
    """Draws a group's units of one colour in every chain, a register of a row's bits after
    another.
    """
    q, count, length, width, halo, wide, at_once = (int(k) for k in shape)
    group, colour = int(parts[part, 0]), int(parts[part, 1])
    blocks = -(-count // at_once)
    digits = table.view(np.uint64).reshape(-1, len(kinds), DIGITS, wide)
    places = first, phase, shape, rows, literals, entries
    before = first_chain * blocks
    for job in range(len(B) * blocks):
        chain, block = divmod(job, blocks)
        words = B[chain].view(np.uint64)
        with np.errstate(over="ignore"):
            s = list(_seeds(seed, stream, (update, step, part, before + job)).reshape(4, LANES))
            for r in range(block * at_once, min(count, (block + 1) * at_once)):
                y = int(first[colour, phase[r]])
                sites = max(0, -(-(length - y) // q))
                place = np.arange(64 * (width - 2))
                bits = np.zeros(64 * width, bool)
                lo, hi = (int(k) for k in pieces_of[row_kind[group, r]])
                for w in range((width - 2) // LANES):
                    here = slice(64 * LANES * w, 64 * LANES * (w + 1))
                    for start, stop, kind in pieces[lo:hi]:
                        inside = (y + q * place >= start) & (y + q * place < stop)
                        left = inside[here] & (place[here] < sites)
                        if not left.any():
                            continue
                        n = np.zeros(64 * (width - 2), np.int64)
                        for e in members[int(kinds[kind, 0]) : int(kinds[kind, 1])]:
                            bits_of = entry_of_row(words, int(e), r, colour, *places, signs)
                            n += int(entries[e, 2]) * bits_of
                        own = digits[int(level[chain]), int(kind)]
                        counts, decided = n[here].reshape(LANES, 64), _word(left.reshape(LANES, 64))
                        new = _bits(_drawn(own, counts, decided, s)).ravel().astype(bool)
                        bits[64:-64][here] |= new
                if sites:
                    _close(bits, sites, halo)
                _put(words, _row(shape, group, colour, r), width, bits)


@op(
    "units of part {part} ~ P(unit | rest) in {B}, eight rows at a time",
    B=updates(2, "i8"),
    first=reads(2, "i8"),
    phase=reads(1, "i8"),
    shape=reads(1, "i8"),
    entries=reads(2, "i8"),
    kinds=reads(2, "i8"),
    members=reads(1, "i8"),
    signs=reads(2, "i8"),
    parts=reads(2, "i8"),
    spots=reads(3, "i4"),
    turns=reads(3, "i8"),
    runs=reads(3, "i8"),
    run_kind=reads(1, "i8"),
    run_mask=reads(2, "i8"),
    table=reads(1, "i8"),
    level=reads(1, "i8"),
    part=whole(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    first_chain=whole(),
)
def draw_eight_rows_of_sites(
    B: Array,
    first: Array,
    phase: Array,
    shape: Array,
    entries: Array,
    kinds: Array,
    members: Array,
    signs: Array,
    parts: Array,
    spots: Array,
    turns: Array,
    runs: Array,
    run_kind: Array,
    run_mask: Array,
    table: Array,
    level: Array,
    part: int,
    seed: int,
    stream: int,
    update: int,
    step: int,
    first_chain: int,
) -> None:
    """Draws a group's units of one colour in every chain, words of eight rows after another."""
    q, count, length, width, halo, wide, at_once = (int(k) for k in shape)
    group, colour = int(parts[part, 0]), int(parts[part, 1])
    used, blocks = width - 2, -(-count // LANES)
    jobs = -(-blocks // at_once)
    digits = table.view(np.uint64).reshape(-1, len(kinds), DIGITS, wide)

    def entry(words: Array, e: int, block: int, w: int) -> Array:
        lo, hi, _, sign, flip = (int(k) for k in entries[e])
        rows = slice(LANES * block, LANES * (block + 1))
        bits = np.full((LANES, 64), bool(flip))
        for k in range(lo, hi):
            at = spots[colour, k, rows].astype(np.int64) // 2 + w
            both = np.concatenate([_bits(words[at]), _bits(words[at + 1])], axis=1).astype(bool)
            turned = turns[colour, k, rows][:, None] + np.arange(64)
            bits ^= np.take_along_axis(both, turned, axis=1)
        if sign >= 0:
            r = np.minimum(np.arange(rows.start, rows.stop), count - 1)
            own = (colour * count + r) * width + 1 + w
            bits ^= _bits(signs[sign].view(np.uint64)[own]).astype(bool)
        return bits

    before = first_chain * jobs
    for job in range(len(B) * jobs):
        chain, begin = job // jobs, job % jobs * at_once
        words = B[chain].view(np.uint64)
        with np.errstate(over="ignore"):
            s = list(_seeds(seed, stream, (update, step, part, before + job)).reshape(4, LANES))
            for block in range(begin, min(blocks, begin + at_once)):
                rows = range(LANES * block, min(count, LANES * (block + 1)))
                new = np.zeros((used, LANES, 64), bool)
                for w in range(used):
                    lo, hi = (int(k) for k in runs[part, block * used + w])
                    for k in range(lo, hi):
                        kind = int(run_kind[k])
                        n = np.zeros((LANES, 64), np.int64)
                        for e in members[int(kinds[kind, 0]) : int(kinds[kind, 1])]:
                            n += int(entries[e, 2]) * entry(words, int(e), block, w)
                        left = run_mask[k].view(np.uint64).copy()
                        own = digits[int(level[chain]), kind]
                        new[w] |= _bits(_drawn(own, n, left, s)).astype(bool)
                for r in rows:
                    bits = np.zeros(64 * width, bool)
                    bits[64:-64] = new[:, r - rows.start].ravel()
                    sites = max(0, -(-(length - int(first[colour, phase[r]])) // q))
                    if sites:  # a row of one word gets all of itself on both sides
                        _close(bits, sites, max(halo, sites) if used == 1 else halo)
                    _put(words, _row(shape, group, colour, r), width, bits)
