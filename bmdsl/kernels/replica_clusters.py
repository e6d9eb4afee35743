"""Clusters of units that differ between two chains: connected by couplings, found from one of them
by chance.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .uniforms import uniforms_as

fill = uniforms_as(np.float32)


@numba.njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def find_clusters(differs, start, other, keys, step, chosen):  # type: ignore[no-untyped-def]  # typed by numba
    """chosen[k] = the units of pair k that a unit by chance, of those in `differs[k]`, is connected
    with through others of them; none where the two chains agree.

    `start`, `other`: the units that each unit is coupled with. `keys`: seed, stream, update.
    """
    seed, stream, update = keys
    for k in numba.prange(differs.shape[0]):
        apart, into = differs[k], chosen[k]
        units = apart.shape[0]
        count = 0
        for i in range(units):
            count += apart[i]
            into[i] = False
        if count > 0:
            u = np.empty(64, np.float32)
            fill(seed, stream, update, step, k, 0, u)
            place = (np.float64(u[0]) - 2.0**-24) + (np.float64(u[1]) - 2.0**-24) * 2.0**-23
            left = min(count - 1, int(place * count))
            first = -1
            while left >= 0:
                first += 1
                left -= apart[first]
            stack = np.empty(count, np.int64)
            stack[0] = first
            into[first] = True
            many, at = 1, 0
            while at < many:
                i = stack[at]
                at += 1
                for e in range(start[i], start[i + 1]):
                    j = other[e]
                    if apart[j] and not into[j]:
                        into[j] = True
                        stack[many] = j
                        many += 1
