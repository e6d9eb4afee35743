"""Draws of units of two states that are bits, from fields that are float32 numbers: the compiled
twin of the kind of op of this name.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from ..schedule.bit_ops import BLOCK, CHUNK
from .bits import NONE, SEEDS, WORK, next_word
from .floats import add_where, all_are, below_sigmoid
from .table import kernel
from .words import LANES, load

_0, _1, _2, _3 = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
_PART = np.uint64(16)


@kernel(WORK, ["B"])
def draw_bits_by_fields(  # type: ignore[no-untyped-def]  # typed by numba
    B,
    start,
    first,
    near,
    weight,
    constant,
    scale,
    level,
    ends,
    part,
    seed,
    stream,
    update,
    step,
    first_chain,
):
    words = B.shape[1]
    pairs = len(near) == len(weight)
    lowest, last = ends[part], ends[part + 1]
    at_once = max(1, CHUNK // min(words, LANES))
    chunks, blocks = (last - lowest + at_once - 1) // at_once, (words + LANES - 1) // LANES
    for job in numba.prange(chunks * blocks):
        chunk, block = job // blocks, job % blocks
        begin = (first_chain // BLOCK + block) * chunks + chunk
        room = np.empty(4 * LANES, np.uint64)
        words_of = B.reshape(-1).view(np.uint64)
        SEEDS(seed, stream, update, step, part, begin, room)
        s0, s1, s2, s3 = load(room, 0), load(room, 8), load(room, 16), load(room, 24)
        for p in range(lowest + chunk * at_once, min(last, lowest + (chunk + 1) * at_once)):
            for w in range(LANES * block, min(words, LANES * (block + 1))):
                a0 = all_are(constant[p])
                a1, a2, a3 = a0, a0, a0
                for e in range(start[p], start[p + 1]):
                    if pairs:
                        n = near[e]
                        v = words_of[np.uint32(n >> 1) * words + w] ^ (NONE - np.uint64(n & 1))
                    else:
                        v = NONE
                        for k in range(first[e], first[e + 1]):
                            n = near[k]
                            v = v ^ words_of[np.uint32(n >> 1) * words + w]
                            v = v ^ (NONE - np.uint64(n & 1))
                    x = weight[e]
                    a0, a1 = add_where(a0, x, v, _0), add_where(a1, x, v, _1)
                    a2, a3 = add_where(a2, x, v, _2), add_where(a3, x, v, _3)
                b = scale[level[w]]
                r, s0, s1, s2, s3 = next_word(s0, s1, s2, s3)
                new = below_sigmoid(a0, b, r)
                r, s0, s1, s2, s3 = next_word(s0, s1, s2, s3)
                new |= below_sigmoid(a1, b, r) << _PART
                r, s0, s1, s2, s3 = next_word(s0, s1, s2, s3)
                new |= below_sigmoid(a2, b, r) << (_PART * _2)
                r, s0, s1, s2, s3 = next_word(s0, s1, s2, s3)
                B[p, w] = new | (below_sigmoid(a3, b, r) << (_PART * _3))
