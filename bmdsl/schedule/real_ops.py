"""The kind of op for chains of units of two states that are bits while their fields are float32
numbers: couplings of any size.

Bits are those of `bit_ops`, B[p, w], with no places to spare: part c are the units at places
ends[c], …, ends[c + 1] − 1. The field of the unit at place p is constant[p] + Σ weight[e] over
its entries e = start[p], …, start[p + 1] − 1 that are 1; entry e is the sum modulo 2 of the
literals near[first[e]], …, near[first[e + 1] − 1], a literal 2p or 2p + 1 being the unit at place p
or its opposite. P(1) = 1/(1 + 2^(scale · field)), with scale[level] = −beta log₂ e; fields of spins
are doubled.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from .bit_ops import BLOCK, CHUNK, LANES, _bits, _next, _seeds, _word
from .ops import op, reads, updates, whole

Array = np.ndarray
MAGIC = 12582912.0
"""1.5 · 2²³: adding it to a float32 number rounds that to a whole one."""
POWER_OF_TWO = (1.0, 0.6931469440, 0.2402212024, 0.0555071309, 0.0096755410, 0.0013276472)
"""2^r ≈ Σ c_k r^k for |r| ≤ ½: relative error at most 3e-7 in float32."""


@op(
    "units of colour {part} ~ P(unit | rest) in {B}, fields as numbers",
    B=updates(2, "i8"),
    start=reads(1, "i8"),
    first=reads(1, "i8"),
    near=reads(1, "i4"),
    weight=reads(1, "f4"),
    constant=reads(1, "f4"),
    scale=reads(1, "f4"),
    level=reads(1, "i8"),
    ends=reads(1, "i8"),
    part=whole(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    first_chain=whole(),
)
def draw_bits_by_fields(
    B: Array,
    start: Array,
    first: Array,
    near: Array,
    weight: Array,
    constant: Array,
    scale: Array,
    level: Array,
    ends: Array,
    part: int,
    seed: int,
    stream: int,
    update: int,
    step: int,
    first_chain: int,
) -> None:
    """Draws the units of a colour in all chains from their fields."""
    bits, words = B.view(np.uint64), B.shape[1]
    lowest, last = int(ends[part]), int(ends[part + 1])
    at_once = max(1, CHUNK // min(words, LANES))
    chunks = (last - lowest + at_once - 1) // at_once
    for chunk, block in product(range(chunks), range((words + LANES - 1) // LANES)):
        begin = (first_chain // BLOCK + block) * chunks + chunk
        with np.errstate(over="ignore"):
            s = list(_seeds(seed, stream, (update, step, part, begin)).reshape(4, LANES))
            for p in range(lowest + chunk * at_once, min(last, lowest + (chunk + 1) * at_once)):
                for w in range(LANES * block, min(words, LANES * (block + 1))):
                    eta = np.full(64, constant[p])
                    for e in range(int(start[p]), int(start[p + 1])):
                        v = np.uint64(0)
                        for literal in near[int(first[e]) : int(first[e + 1])].astype(np.int64):
                            v ^= bits[literal >> 1, w] ^ (np.uint64(0) - np.uint64(literal & 1))
                        eta += weight[e] * _bits(np.array([v]))[0].astype(np.float32)
                    half = np.concatenate([_next(s).view(np.uint32) for _ in range(4)])
                    u = (half >> np.uint32(9)).astype(np.float32) + np.float32(0.5)
                    power = power_of_two(eta * scale[level[w]])
                    new = u * (np.float32(1.0) + power) < np.float32(2.0**23)
                    bits[p, w] = _word(new[None])[0]


def power_of_two(x: Array) -> Array:
    """2^x of float32 numbers, x held to [−126, 127]."""
    x = np.clip(x, np.float32(-126.0), np.float32(127.0))
    whole = np.rint(x)
    r = x - whole
    c = [np.float32(k) for k in POWER_OF_TWO]
    s = r * r
    y = (c[0] + c[1] * r) + s * ((c[2] + c[3] * r) + s * (c[4] + c[5] * r))
    found: Array = np.ldexp(y, whole.astype(np.int32))
    return found
