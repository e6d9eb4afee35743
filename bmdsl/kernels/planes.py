"""Sums over planes of a lattice: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .bits import NONE, WORK
from .pairs import MOST
from .table import kernel
from .tallies import ALL, add_counts, counted, put_counts
from .words import LANES, load, same


@kernel(WORK, ["x"], fastmath=["reassoc"])
def sum_over_planes(x, planes, states, out):  # type: ignore[no-untyped-def]  # typed by numba
    for chain in numba.prange(x.shape[0]):
        own, total, at = x[chain], np.zeros(out.shape[0]), 0
        for k in range(len(planes)):
            length, units = planes[k, 0], planes[k, 1]
            for first in range(0, x.shape[1], length * units * states):
                for y in range(length):
                    for s in range(states):
                        found, i = 0.0, first + y * units * states + s
                        for u in range(units):
                            found += np.float64(own[i + u * states])
                        total[at + y * states + s] += found
            at += length * states
        for k in range(len(total)):
            out[k, chain] = total[k]


@kernel(WORK, ["C"])
def count_over_planes(C, planes, many, counts):  # type: ignore[no-untyped-def]  # typed by numba
    parts, words = C.shape[0], C.shape[1] - LANES
    for job in numba.prange(len(planes) * parts):
        k, part = job // parts, job % parts
        at, length, own = 0, planes[k, 0], C[part]
        for before in range(k):
            at += planes[before, 0]
        size = planes[k, 1] * (LANES if many else 1)
        room, total = np.empty(8 * LANES, np.uint64), np.empty(64 * LANES, np.int64)
        edge = np.zeros(2 * LANES, np.uint64)
        for w in range(LANES):
            edge[w] = ALL
        step = LANES if size == 1 else 1  # planes of single units go side by side
        for y in range(0, length, step):
            for c in range(64 * LANES):
                total[c] = 0
            p0 = same(NONE)
            p1, p2, p3, p4, p5, p6, p7, some = p0, p0, p0, p0, p0, p0, p0, 0
            for first in range(y * size, words, length * size):
                for w in range(first, first + size, LANES):
                    v = load(own, w)
                    if size > 1:
                        v = v & load(edge, max(0, LANES - (first + size - w)))
                    p0, p1, p2, p3, p4, p5, p6, p7 = counted(v, p0, p1, p2, p3, p4, p5, p6, p7)
                    some += 1
                    if some == MOST:
                        add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, total)
                        p0 = same(NONE)
                        p1, p2, p3, p4, p5, p6, p7, some = p0, p0, p0, p0, p0, p0, p0, 0
            add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, total)
            if size > 1:
                put_counts(total, many, part, counts[at + y])
            else:
                for lane in range(min(LANES, length - y)):
                    for bit in range(64):
                        counts[at + y + lane, 64 * part + bit] = total[64 * lane + bit]
