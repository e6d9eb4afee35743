"""Replicas at a ladder of inverse temperatures whose chains are bits: compiled twins of the kinds
of op of these names.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .bits import NONE, WORK, added_to_many
from .table import kernel
from .tallies import add_counts
from .words import LANES, load, same, store

MOST = 255
"""Items that eight digits count."""
ONE = np.uint64(1)


@numba.njit(cache=True)
def _item(flat, start, near, both, e, words, w):  # type: ignore[no-untyped-def]  # typed by numba
    """An item in eight words of chains."""
    v = same(NONE)
    for j in range(start[e], start[e + 1]):
        n = np.int64(near[j])
        v = v ^ load(flat, (n >> 1) * words + w) ^ same(NONE - np.uint64(n & 1))
    if both[e] >= 0:
        n = np.int64(both[e])
        v = v & (load(flat, (n >> 1) * words + w) ^ same(NONE - np.uint64(n & 1)))
    return v


@kernel(WORK, ["B"])
def sum_bit_terms(B, first, weight, start, near, both, constant, x):  # type: ignore[no-untyped-def]  # typed by numba
    words = B.shape[1]
    for g in numba.prange((words + LANES - 1) // LANES):
        w0 = max(0, min(LANES * g, words - LANES))
        flat = B.reshape(-1)
        room, count = np.empty(8 * LANES, np.uint64), np.empty(64 * LANES, np.int64)
        total, wide = np.zeros(64 * LANES, np.float64), min(LANES, words)
        for r in range(len(weight)):
            e, last = first[r], first[r + 1]
            if last - e > 1:
                for c in range(64 * LANES):
                    count[c] = 0
                while e < last:
                    p0 = same(NONE)
                    p1, p2, p3, p4, p5, p6, p7 = p0, p0, p0, p0, p0, p0, p0
                    for k in range(e, min(last, e + MOST)):
                        v = _item(flat, start, near, both, k, words, w0)
                        p0, p1, p2, p3, p4, p5, p6, p7 = added_to_many(
                            v, 1, p0, p1, p2, p3, p4, p5, p6, p7
                        )
                    add_counts(p0, p1, p2, p3, p4, p5, p6, p7, room, count)
                    e += MOST
                for c in range(64 * LANES):
                    total[c] += weight[r] * count[c]
            else:
                while e < last:
                    store(_item(flat, start, near, both, e, words, w0), room, 0)
                    for w in range(wide):
                        word, sums = room[w], total[64 * w : 64 * w + 64]
                        for c in range(64):
                            sums[c] += weight[r] * np.float64((word >> np.uint64(c)) & ONE)
                    e += 1
        for c in range(64 * wide):
            x[64 * w0 + c] = total[c] + constant


@kernel()
def choose_exchanges(x, first, uniforms, betas, place, masks, accepted, tried):  # type: ignore[no-untyped-def]  # typed by numba
    ladders, replicas, words = place.shape[0], place.shape[1], masks.shape[1]
    for k in range(masks.shape[0]):
        for w in range(words):
            masks[k, w] = 0
    for k in range(first, replicas - 1, 2):
        low, high = 64 * words * k, 64 * words * (k + 1)
        for c in range(ladders):
            gain = (betas[k] - betas[k + 1]) * (x[high + c] - x[low + c])
            if np.log(uniforms[(k - first) // 2, c]) < gain:
                a, b = 0, 0
                for r in range(replicas):
                    if place[c, r] == k:
                        a = r
                    elif place[c, r] == k + 1:
                        b = r
                place[c, a], place[c, b] = k + 1, k
                masks[k, c >> 6] = masks[k, c >> 6] | (np.int64(1) << (c & 63))
                accepted[k] += 1
        tried[k] += ladders


@kernel(WORK, ["B"])
def swap_words(first, masks, B):  # type: ignore[no-untyped-def]  # typed by numba
    words = masks.shape[1]
    for p in numba.prange(B.shape[0]):
        own = B[p]
        for k in range(first, masks.shape[0], 2):
            for w in range(words):
                a, b = own[k * words + w], own[(k + 1) * words + w]
                differs = (a ^ b) & masks[k, w]
                own[k * words + w] = a ^ differs
                own[(k + 1) * words + w] = b ^ differs


@kernel(WORK, ["B"])
def take_words(B, k, C):  # type: ignore[no-untyped-def]  # typed by numba
    words = C.shape[1]
    for p in numba.prange(B.shape[0]):
        own, into = B[p], C[p]
        for w in range(words):
            into[w] = own[k * words + w]


@kernel()
def keep_best(x, B, now, best_x, best, found):  # type: ignore[no-untyped-def]  # typed by numba
    words = best.shape[1]
    for k in range(B.shape[1] // words):
        for w in range(words):
            mask, own = np.int64(0), 64 * words * k + 64 * w
            for c in range(64):
                if x[own + c] > best_x[64 * w + c]:
                    best_x[64 * w + c] = x[own + c]
                    found[64 * w + c] = now
                    mask = mask | (np.int64(1) << c)
            if mask != 0:
                for p in range(best.shape[0]):
                    best[p, w] ^= (best[p, w] ^ B[p, k * words + w]) & mask
