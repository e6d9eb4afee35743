"""Sums over units of chains that are bits: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .bits import NONE, WORK, _literal
from .table import kernel
from .words import LANES, same, store


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
                p0, v = p0 ^ v, p0 & v
                p1, v = p1 ^ v, p1 & v
                p2, v = p2 ^ v, p2 & v
                p3, v = p3 ^ v, p3 & v
                p4, v = p4 ^ v, p4 & v
                p5, v = p5 ^ v, p5 & v
                p6, v = p6 ^ v, p6 & v
                p7 = p7 ^ v
            store(p0, room, 0)
            store(p1, room, LANES)
            store(p2, room, 2 * LANES)
            store(p3, room, 3 * LANES)
            store(p4, room, 4 * LANES)
            store(p5, room, 5 * LANES)
            store(p6, room, 6 * LANES)
            store(p7, room, 7 * LANES)
            for lane in range(LANES):
                for d in range(8):
                    word = room[d * LANES + lane]
                    for bit in range(64):
                        one = np.int64((word >> np.uint64(bit)) & np.uint64(1))
                        total[64 * lane + bit] += one << d
        own = counts[c]
        if many:
            for q in range(64 * LANES):
                own[64 * LANES * w + q] = total[q]
        else:
            for bit in range(64):
                own[64 * w + bit] = 0
            for lane in range(LANES):
                for bit in range(64):
                    own[64 * w + bit] += total[64 * lane + bit]
