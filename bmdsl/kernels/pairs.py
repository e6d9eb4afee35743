"""Sums over pairs of units: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .bits import NONE, WORK
from .table import kernel
from .tallies import ALL, add_counts, counted, put_counts
from .words import LANES, load, same, shift_across

MOST = 255
"""Words that eight binary digits count."""
EVEN = np.uint64(0x5555555555555555)
"""Chains that are the first of a pair."""


@kernel(WORK, ["x"], fastmath=["reassoc"])
def sum_along_axes(x, y, axes, states, begin, out):  # type: ignore[no-untyped-def]  # typed by numba
    for job in numba.prange(out.shape[0] * out.shape[1]):
        k, chain = job // out.shape[1], job % out.shape[1]
        near, far, r, block = x[chain], y[chain], begin + job // out.shape[1], x.shape[1]
        total = 0.0
        for a in range(len(axes)):
            stride = block // axes[a]
            size, away = max(0, axes[a] - r) * stride, r * stride
            if size > 0:
                for first in range(0, x.shape[1], block):
                    for i in range(first, first + size):
                        total += np.float64(near[i]) * np.float64(far[i + away])
            block = stride
        out[k, chain] = total


@kernel(WORK, ["x"], fastmath=["reassoc"])
def sum_over_chains(x, out):  # type: ignore[no-untyped-def]  # typed by numba
    for pair in numba.prange(len(out)):
        own, other, total = x[2 * pair], x[2 * pair + 1], 0.0
        for i in range(x.shape[1]):
            total += np.float64(own[i]) * np.float64(other[i])
        out[pair] = total


@kernel(WORK, ["B"])
def lay_in_order(B, place, many, C):  # type: ignore[no-untyped-def]  # typed by numba
    each = LANES if many else 1
    for part in numba.prange(C.shape[0]):
        into = C[part]
        for p in range(len(place)):
            own = B[place[p]]
            for w in range(each):
                into[p * each + w] = own[part * each + w]


@kernel(WORK, ["C"])
def count_along_axes(C, D, axes, begin, both, many, counts):  # type: ignore[no-untyped-def]  # typed by numba
    parts, words = C.shape[0], C.shape[1] - LANES
    for job in numba.prange(counts.shape[0] * parts):
        k, part = job // parts, job % parts
        near, far, r, block = C[part], D[part], begin + job // parts, words
        room, total = np.empty(8 * LANES, np.uint64), np.zeros(64 * LANES, np.int64)
        edge = np.zeros(2 * LANES, np.uint64)
        for w in range(LANES):
            edge[w] = ALL
        p0 = same(NONE)
        p1, p2, p3, p4, p5, p6, p7, some = p0, p0, p0, p0, p0, p0, p0, 0
        for a in range(len(axes)):
            stride = block // axes[a]
            size, away = max(0, axes[a] - r) * stride, r * stride
            if size > 0:
                for first in range(0, words, block):
                    for at in range(first, first + size, LANES):
                        x, y = load(near, at), load(far, at + away)
                        v = (x & y) if both else (x ^ y)
                        v = v & load(edge, max(0, LANES - (first + size - at)))
                        p0, p1, p2, p3, p4, p5, p6, p7 = counted(v, p0, p1, p2, p3, p4, p5, p6, p7)
                        some += 1
                        if some == MOST:
                            add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, total)
                            p0 = same(NONE)
                            p1, p2, p3, p4, p5, p6, p7, some = p0, p0, p0, p0, p0, p0, p0, 0
            block = stride
        add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, total)
        put_counts(total, many, part, counts[k])


@kernel(WORK, ["C"])
def count_over_chains(C, both, many, counts):  # type: ignore[no-untyped-def]  # typed by numba
    words = C.shape[1] - LANES
    for part in numba.prange(C.shape[0]):
        own, room, total = C[part], np.empty(8 * LANES, np.uint64), np.zeros(64 * LANES, np.int64)
        edge = np.zeros(2 * LANES, np.uint64)
        for w in range(LANES):
            edge[w] = EVEN
        p0 = same(NONE)
        p1, p2, p3, p4, p5, p6, p7, some = p0, p0, p0, p0, p0, p0, p0, 0
        for at in range(0, words, LANES):
            x = load(own, at)
            y = shift_across(x, same(NONE), np.uint64(1))
            v = ((x & y) if both else (x ^ y)) & load(edge, max(0, LANES - (words - at)))
            p0, p1, p2, p3, p4, p5, p6, p7 = counted(v, p0, p1, p2, p3, p4, p5, p6, p7)
            some += 1
            if some == MOST:
                add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, total)
                p0 = same(NONE)
                p1, p2, p3, p4, p5, p6, p7, some = p0, p0, p0, p0, p0, p0, p0, 0
        add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, total)
        put_counts(total, many, part, counts)
