"""Σ over all joint states of some units, units of two states each summed out: products of 1 + p q
in place of a logarithm for each.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba

LOG2 = 0.6931471805599453


@numba.njit(cache=True, parallel=True, nogil=True)
def log_sums(p, q, upper, lower, every):  # type: ignore[no-untyped-def]  # typed by numba
    """out[i] = log Σ_j exp(upper[i] + lower[j]) Π_u (1 + p[i, u] q[u, j]), float64.

    After every `every` units the products' exponents are taken out and counted, so that they
    neither overflow nor take logarithms.
    """
    out = np.empty(p.shape[0])
    count, units = q.shape[1], q.shape[0]
    for i in numba.prange(p.shape[0]):
        product = np.ones(count)
        bits = product.view(np.int64)
        powers = np.zeros(count, np.int64)
        u = 0
        while u < units:
            stop = min(units, u + every)
            while u + 1 < stop:
                first, second = p[i, u], p[i, u + 1]
                for j in range(count):
                    product[j] *= (1.0 + first * q[u, j]) * (1.0 + second * q[u + 1, j])
                u += 2
            if u < stop:
                first = p[i, u]
                for j in range(count):
                    product[j] *= 1.0 + first * q[u, j]
                u += 1
            for j in range(count):
                powers[j] += (bits[j] >> 52) - 1023
                bits[j] = (bits[j] & 0x000FFFFFFFFFFFFF) | (1023 << 52)
        most = -np.inf
        for j in range(count):
            product[j] = np.log(product[j]) + LOG2 * powers[j] + lower[j]
            most = max(most, product[j])
        total = 0.0
        for j in range(count):
            total += np.exp(product[j] - most)
        out[i] = upper[i] + most + np.log(total)
    return out
