"""Counter-based random numbers: Philox-4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
easy as 1, 2, 3").

A uniform is a pure function of (seed, stream, update, step, chain, unit), so results do not depend
on threads or on what ran before. Copied by source into generated modules; runs without numba too.
"""

from __future__ import annotations

import numpy as np

TILE = 64
"""Units a call of `fill_uniforms` serves."""
F = np.float64  # a generated module has its own number type under this name


def fill_uniforms(seed, stream, update, step, chain, tile, out):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """out[p] = uniform of unit 64·tile + p, p = 0..63, in (0, 1) with 23 bits: exact in float32,
    never 0 or 1.

    The key is the seed's low word, and its high word mixed with the stream; the counter is (16·tile
    + lane, chain, step, update). The four words of lane l are units l, 16 + l, 32 + l and 48 + l of
    the tile, so that 16 lanes fill vector registers.
    """
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    nine = np.uint64(9)
    k0 = np.uint64(seed) & low
    k1 = (((np.uint64(seed) >> shift) * np.uint64(0x85EBCA6B)) & low) ^ np.uint64(stream)
    c1 = np.uint64(chain) & low
    c2 = np.uint64(step) & low
    c3 = np.uint64(update) & low
    base = np.uint64(16) * np.uint64(tile)
    for lane in range(16):
        x0, x1, x2, x3 = base + np.uint64(lane), c1, c2, c3
        a, b = k0, k1
        for _ in range(10):
            p0 = np.uint64(0xD2511F53) * (
                x0 & low
            )  # only low words count: high ones may hold anything until the end
            p1 = np.uint64(0xCD9E8D57) * (x2 & low)
            x0, x1, x2, x3 = (p1 >> shift) ^ x1 ^ a, p1, (p0 >> shift) ^ x3 ^ b, p0
            a = (a + np.uint64(0x9E3779B9)) & low
            b = (b + np.uint64(0xBB67AE85)) & low
        out[lane] = (F(np.int32((x0 & low) >> nine)) + F(0.5)) * F(1.1920928955078125e-07)
        out[lane + 16] = (F(np.int32((x1 & low) >> nine)) + F(0.5)) * F(1.1920928955078125e-07)
        out[lane + 32] = (F(np.int32((x2 & low) >> nine)) + F(0.5)) * F(1.1920928955078125e-07)
        out[lane + 48] = (F(np.int32((x3 & low) >> nine)) + F(0.5)) * F(1.1920928955078125e-07)


def seeds_of_words(seed, stream, update, step, part, chunk, out):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """32 words out[:] from Philox, where generators of words begin: the counter is (16·chunk +
    lane, part, step, update), and each lane's four numbers of 32 bits make two words.
    """
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    k0 = np.uint64(seed) & low
    k1 = (((np.uint64(seed) >> shift) * np.uint64(0x85EBCA6B)) & low) ^ np.uint64(stream)
    c1 = np.uint64(part) & low
    c2 = np.uint64(step) & low
    c3 = np.uint64(update) & low
    base = np.uint64(16) * np.uint64(chunk)
    for lane in range(16):
        x0, x1, x2, x3 = base + np.uint64(lane), c1, c2, c3
        a, b = k0, k1
        for _ in range(10):
            p0 = np.uint64(0xD2511F53) * (x0 & low)
            p1 = np.uint64(0xCD9E8D57) * (x2 & low)
            x0, x1, x2, x3 = (p1 >> shift) ^ x1 ^ a, p1, (p0 >> shift) ^ x3 ^ b, p0
            a = (a + np.uint64(0x9E3779B9)) & low
            b = (b + np.uint64(0xBB67AE85)) & low
        out[lane] = ((x0 & low) << shift) | (x1 & low)
        out[lane + 16] = ((x2 & low) << shift) | (x3 & low)
