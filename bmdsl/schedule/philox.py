"""Philox-4×32-10 in NumPy: what the compiled generators of `bmdsl.kernels.random` mean."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
LANES = 16
"""Counters of one call."""
BITS = 23
"""Binary digits of a uniform number."""


def philox(seed: int, stream: int, counter: tuple[int, int, int, int]) -> list[Array]:
    """Four numbers of 32 bits for each of 16 lanes, whose counters are (16 · chunk + lane, c, step,
    update) for `counter` = (update, step, c, chunk) (Salmon et al. 2011).
    """
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    update, step, c, chunk = (np.uint64(k & 0xFFFFFFFF) for k in counter)
    key = [seed & 0xFFFFFFFF, (((seed >> 32) * 0x85EBCA6B) & 0xFFFFFFFF) ^ stream]
    x = [(np.uint64(LANES) * chunk + np.arange(LANES, dtype=np.uint64)) & low]
    x += [np.full(LANES, k) for k in (c, step, update)]
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * x[0], np.uint64(0xCD9E8D57) * x[2]
        first, second = (np.uint64(k) for k in key)
        x = [(b >> half) ^ x[1] ^ first, b & low, (a >> half) ^ x[3] ^ second, a & low]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return x


def uniforms(seed: int, stream: int, update: int, step: int, chain: int, tile: int) -> Array:
    """64 numbers in (0, 1), those of units 64 · tile, …, 64 · tile + 63 of a chain, as
    `fill_uniforms` has them.
    """
    with np.errstate(over="ignore"):
        words = np.concatenate(philox(seed, stream, (update, step, chain, tile)))
    return ((words >> np.uint64(32 - BITS)).astype(np.float64) + 0.5) * 2.0**-BITS
