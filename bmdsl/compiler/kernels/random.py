"""Counter-based random numbers: Philox-4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").

A uniform is a pure function of (seed, stream, update, chain, unit), so results do not depend on threads or on what ran before.
Copied by source into generated modules; runs without numba too.
"""

from __future__ import annotations

import numpy as np


def philox(k0, k1, c0, c1, c2, c3):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """Four 32-bit words (as uint64) of the counter (c0, c1, c2, c3) under the key (k0, k1)."""
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    x0, x1, x2, x3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    a, b = np.uint64(k0), np.uint64(k1)
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * x0
        p1 = np.uint64(0xCD9E8D57) * x2
        x0, x1, x2, x3 = (p1 >> shift) ^ x1 ^ a, p1 & low, (p0 >> shift) ^ x3 ^ b, p0 & low
        a = (a + np.uint64(0x9E3779B9)) & low
        b = (b + np.uint64(0xBB67AE85)) & low
    return x0, x1, x2, x3


def fill_uniforms(seed, stream, update, chain, out):  # type: ignore[no-untyped-def]  # copied into numba modules, typed there
    """out[unit] = uniform(seed, stream, update, chain, unit) in (0, 1), 23 bits: exact in float32, never 0 or 1.

    The key is the 64-bit seed; the counter is (unit block, chain, low word of update, stream and high word of update).
    """
    low = np.uint64(0xFFFFFFFF)
    k0 = np.uint64(seed) & low
    k1 = np.uint64(seed) >> np.uint64(32)
    c2 = np.uint64(update) & low
    c3 = (np.uint64(stream) ^ ((np.uint64(update) >> np.uint64(32)) << np.uint64(16))) & low
    n = out.shape[0]
    quarter = (n + 3) // 4
    nine = np.uint64(9)
    for t in range(quarter):
        x0, x1, x2, x3 = philox(k0, k1, t, chain, c2, c3)
        out[t] = (np.float64(x0 >> nine) + 0.5) * 1.1920928955078125e-07
        if t + quarter < n:
            out[t + quarter] = (np.float64(x1 >> nine) + 0.5) * 1.1920928955078125e-07
        if t + 2 * quarter < n:
            out[t + 2 * quarter] = (np.float64(x2 >> nine) + 0.5) * 1.1920928955078125e-07
        if t + 3 * quarter < n:
            out[t + 3 * quarter] = (np.float64(x3 >> nine) + 0.5) * 1.1920928955078125e-07
