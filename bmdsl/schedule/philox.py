"""Philox-4×32-10 in NumPy: what the compiled generators of `bmdsl.kernels.random` mean."""

from __future__ import annotations

import functools

import numpy as np

Array = np.ndarray
LANES = 16
"""Counters of one call."""
BITS = 23
"""Binary digits of a uniform number."""
CHAINS = 32
"""Chains whose numbers are made at once: loops over rows ask for them one after another."""


def philox(
    seed: int, stream: int, counter: tuple[int, int, int, int], rows: int | None = None
) -> list[Array]:
    """Four numbers of 32 bits for each of 16 lanes, whose counters are (16 · chunk + lane, c, step,
    update) for `counter` = (update, step, c, chunk) (Salmon et al. 2011).

    With `rows`, arrays [rows, 16] of as many counters c, c + 1, ...
    """
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    update, step, c, chunk = (np.uint64(k & 0xFFFFFFFF) for k in counter)
    key = [seed & 0xFFFFFFFF, (((seed >> 32) * 0x85EBCA6B) & 0xFFFFFFFF) ^ stream]
    lanes = (np.uint64(LANES) * chunk + np.arange(LANES, dtype=np.uint64)) & low
    if rows is None:
        x = [lanes, np.full(LANES, c)]
    else:
        each = (c + np.arange(rows, dtype=np.uint64)) & low
        x = [np.tile(lanes, (rows, 1)), np.repeat(each[:, None], LANES, 1)]
    x += [np.full(x[0].shape, k) for k in (step, update)]
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
    block, row = divmod(int(chain) & 0xFFFFFFFF, CHAINS)
    found: Array = _block(*map(int, (seed, stream, update, step)), block, int(tile))[row]
    return found


def fill_uniforms(
    seed: int, stream: int, update: int, step: int, chain: int, tile: int, out: Array
) -> None:
    """`kernels.random.fill_uniforms` for modules that run as Python: out[p] = uniform of unit
    64 · tile + p, p = 0, ..., 63.
    """
    out[:] = uniforms(seed, stream, update, step, chain, tile)


@functools.lru_cache(maxsize=256)
def _block(seed: int, stream: int, update: int, step: int, block: int, tile: int) -> Array:
    """The numbers of chains `CHAINS` · block, ..., a chain a row."""
    with np.errstate(over="ignore"):
        words = philox(seed, stream, (update, step, CHAINS * block, tile), CHAINS)
        joined = np.concatenate(words, axis=1)
    found = ((joined >> np.uint64(32 - BITS)).astype(np.float64) + 0.5) * 2.0**-BITS
    found.setflags(write=False)
    return found
