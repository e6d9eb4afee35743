"""NumPy's Philox generator inside compiled code: the same numbers, bit for bit, from the same key.

Draws of units that experts see need normal, gamma and inverse Gaussian numbers, whose number of
uniforms is not known beforehand. `of_key` (`plan/streams.py`) makes a generator of a key; these are
its twins: Philox-4×64-10 (Salmon et al. 2011) seeded by NumPy's SeedSequence, ziggurats for normal
and exponential numbers (Marsaglia & Tsang 2000), and for gamma numbers Marsaglia & Tsang's method.

A generator is an array g of 13 words: counter (4), key (2), a block of four numbers, how many of
these are used up, whether half a number is left, and that half.
"""

from __future__ import annotations

import numpy as np
from numba.np.random._constants import (
    fe_double,
    fi_double,
    ke_double,
    ki_double,
    we_double,
    wi_double,
    ziggurat_exp_r,
    ziggurat_nor_inv_r,
    ziggurat_nor_r,
)

from ..native import deferred as numba

WORDS = 13
USED, HALF, LEFT = 10, 11, 12
U32, U64 = np.uint32, np.uint64
LOW = np.uint64(0xFFFFFFFF)
HALF_BITS = np.uint64(32)
SIXTEEN = np.uint32(16)


@numba.njit(cache=True)
def _hashed(value, constant):  # type: ignore[no-untyped-def]  # typed by numba
    """A word mixed with a constant, and the next constant."""
    value = U32(value ^ constant)
    constant = U32(constant * U32(0x931E8875))
    value = U32(value * constant)
    return U32(value ^ (value >> SIXTEEN)), constant


@numba.njit(cache=True)
def _mixed(x, y):  # type: ignore[no-untyped-def]  # typed by numba
    result = U32(U32(U32(0xCA01F9DD) * x) - U32(U32(0x4973F715) * y))
    return U32(result ^ (result >> SIXTEEN))


@numba.njit(cache=True)
def generator_of(seed, stream, update, step):  # type: ignore[no-untyped-def]  # typed by numba
    """The generator of a key: `Generator(Philox(SeedSequence([seed, stream, update, step])))`."""
    words, count = np.zeros(8, np.uint32), 0
    for number in (seed, stream, update, step):
        high = U64(number) >> HALF_BITS
        words[count] = U32(U64(number) & LOW)
        count += 1
        if high != U64(0):
            words[count] = U32(high)
            count += 1
    pool, constant = np.zeros(4, np.uint32), U32(0x43B0D7E5)
    for k in range(4):
        pool[k], constant = _hashed(words[k], constant)
    for source in range(4):
        for target in range(4):
            if source != target:
                made, constant = _hashed(pool[source], constant)
                pool[target] = _mixed(pool[target], made)
    for source in range(4, count):
        for target in range(4):
            made, constant = _hashed(words[source], constant)
            pool[target] = _mixed(pool[target], made)
    g, constant = np.zeros(WORDS, np.uint64), U32(0x8B51F9DD)
    for k in range(4):
        value = U32(pool[k] ^ constant)
        constant = U32(constant * U32(0x58F38DED))
        value = U32(value * constant)
        value = U32(value ^ (value >> SIXTEEN))
        g[4 + k // 2] |= U64(value) << (HALF_BITS if k % 2 else U64(0))
    g[USED] = U64(4)
    return g


@numba.njit(cache=True)
def _times(x, y):  # type: ignore[no-untyped-def]  # typed by numba
    """The high and the low word of a product."""
    x0, x1, y0, y1 = x & LOW, x >> HALF_BITS, y & LOW, y >> HALF_BITS
    middle = x1 * y0 + ((x0 * y0) >> HALF_BITS)
    carried = (middle & LOW) + x0 * y1
    return x1 * y1 + (middle >> HALF_BITS) + (carried >> HALF_BITS), x * y


@numba.njit(cache=True)
def next_word(g):  # type: ignore[no-untyped-def]  # typed by numba
    """The next 64 bits."""
    used = np.int64(g[USED])
    if used < 4:
        g[USED] = U64(used + 1)
        return g[6 + used]
    for k in range(4):
        g[k] += U64(1)
        if g[k] != U64(0):
            break
    a, b, c, d, k0, k1 = g[0], g[1], g[2], g[3], g[4], g[5]
    for _ in range(10):
        high0, low0 = _times(U64(0xD2E7470EE14C6C93), a)
        high1, low1 = _times(U64(0xCA5A826395121157), c)
        a, b, c, d = high1 ^ b ^ k0, low1, high0 ^ d ^ k1, low0
        k0 += U64(0x9E3779B97F4A7C15)
        k1 += U64(0xBB67AE8584CAA73B)
    g[6], g[7], g[8], g[9], g[USED] = a, b, c, d, U64(1)
    return a


@numba.njit(cache=True)
def uniform(g):  # type: ignore[no-untyped-def]  # typed by numba
    """A number in [0, 1), of 53 bits."""
    return np.float64(next_word(g) >> U64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True)
def _half_word(g):  # type: ignore[no-untyped-def]  # typed by numba
    if g[HALF] != U64(0):
        g[HALF] = U64(0)
        return g[LEFT]
    word = next_word(g)
    g[HALF], g[LEFT] = U64(1), word >> HALF_BITS
    return word & LOW


@numba.njit(cache=True)
def below(g, count):  # type: ignore[no-untyped-def]  # typed by numba
    """A whole number from 0 to count − 1, count below 2³² (Lemire 2019)."""
    if count <= 1:
        return np.int64(0)
    n = U64(count)
    product = _half_word(g) * n
    if (product & LOW) < n:
        least = (U64(0x100000000) - n) % n
        while (product & LOW) < least:
            product = _half_word(g) * n
    return np.int64(product >> HALF_BITS)


@numba.njit(cache=True)
def normal(g):  # type: ignore[no-untyped-def]  # typed by numba
    """A number of the standard normal distribution."""
    while True:
        r = next_word(g)
        index = np.int64(r & U64(0xFF))
        r >>= U64(8)
        negative = (r & U64(1)) != U64(0)
        size = (r >> U64(1)) & U64(0x000FFFFFFFFFFFFF)
        x = np.float64(size) * wi_double[index]
        if negative:
            x = -x
        if size < ki_double[index]:
            return x
        if index == 0:
            while True:
                far = -ziggurat_nor_inv_r * np.log1p(-uniform(g))
                high = -np.log1p(-uniform(g))
                if high + high > far * far:
                    out = ziggurat_nor_r + far
                    return -out if ((size >> U64(8)) & U64(1)) != U64(0) else out
        elif (fi_double[index - 1] - fi_double[index]) * uniform(g) + fi_double[index] < np.exp(
            -0.5 * x * x
        ):
            return x


@numba.njit(cache=True)
def exponential(g):  # type: ignore[no-untyped-def]  # typed by numba
    """A number of the exponential distribution of mean 1."""
    while True:
        r = next_word(g) >> U64(3)
        index = np.int64(r & U64(0xFF))
        r >>= U64(8)
        x = np.float64(r) * we_double[index]
        if r < ke_double[index]:
            return x
        if index == 0:
            return ziggurat_exp_r - np.log1p(-uniform(g))
        if (fe_double[index - 1] - fe_double[index]) * uniform(g) + fe_double[index] < np.exp(-x):
            return x


@numba.njit(cache=True)
def gamma(g, shape):  # type: ignore[no-untyped-def]  # typed by numba
    """A number of the gamma distribution of this shape and scale 1."""
    if shape == 1.0:
        return exponential(g)
    if shape == 0.0:
        return 0.0
    if shape < 1.0:
        while True:
            u = uniform(g)
            v = exponential(g)
            if u <= 1.0 - shape:
                x = u ** (1.0 / shape)
                if x <= v:
                    return x
            else:
                y = -np.log((1 - u) / shape)
                x = (1.0 - shape + shape * y) ** (1.0 / shape)
                if x <= v + y:
                    return x
    b = shape - 1.0 / 3.0
    c = 1.0 / np.sqrt(9 * b)
    while True:
        x = normal(g)
        v = 1.0 + c * x
        while v <= 0.0:
            x = normal(g)
            v = 1.0 + c * x
        v = v * v * v
        u = uniform(g)
        if u < 1.0 - 0.0331 * (x * x) * (x * x):
            return b * v
        if np.log(u) < 0.5 * x * x + b * (1.0 - v + np.log(v)):
            return b * v


@numba.njit(cache=True)
def inverse_gaussian(g, mean, scale):  # type: ignore[no-untyped-def]  # typed by numba
    """A number of the inverse Gaussian distribution (Michael, Schucany & Haas 1976)."""
    y = normal(g)
    y = mean * y * y
    d = 1 + np.sqrt(1 + 4 * scale / y)
    x = mean * (1 - 2 / d)
    return x if uniform(g) <= mean / (mean + x) else mean * mean / x


@numba.njit(cache=True)
def gumbel(g):  # type: ignore[no-untyped-def]  # typed by numba
    """A number of the standard Gumbel distribution."""
    u = 1.0 - uniform(g)
    while u >= 1.0:
        u = 1.0 - uniform(g)
    return -np.log(-np.log(u))
