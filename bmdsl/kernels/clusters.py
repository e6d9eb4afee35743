"""Clusters of units that change together: bonds between units in agreement, and what is joined by
them.

Units have codes 0, ..., q − 1. A pair of weight w agrees if its codes are the same, or, where it is
`apart`, differ; it is bonded with probability 1 − exp(−β w) if it agrees. A cluster's codes then
move on by one number of its own, modulo q.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .uniforms import uniforms_as

fill = uniforms_as(np.float32)
TILE = 64


@numba.njit(cache=True)
def _root(parent, i):  # type: ignore[no-untyped-def]  # typed by numba
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@numba.njit(cache=True)
def _chances(b, weight, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = 1 − exp(−b w): how likely pairs in agreement are bonded."""
    for e in range(weight.shape[0]):
        out[e] = -np.expm1(-b * weight[e])


@numba.njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def join_all(codes, first, second, weight, apart, states, beta, keys, begin, steps):  # type: ignore[no-untyped-def]  # typed by numba
    """`steps` times all clusters of every chain of `codes` [chains, units], in place (Swendsen &
    Wang 1987, Phys. Rev. Lett. 58, 86).

    `beta` [1 or steps, chains]; `keys`: seed, stream of bonds, stream of clusters, update.
    """
    pairs, units = first.shape[0], states.shape[0]
    seed, bonds, moves, update = keys
    for c in numba.prange(codes.shape[0]):
        x = codes[c]
        u = np.empty(TILE, np.float32)
        p = np.empty(pairs, np.float64)
        parent = np.empty(units, np.int32)
        shift = np.empty(units, np.int32)
        last = np.nan
        for step in range(steps):
            b = beta[min(step, beta.shape[0] - 1), c]
            if b != last:
                last = b
                _chances(b, weight, p)
            for i in range(units):
                parent[i] = i
            for t in range((pairs + TILE - 1) // TILE):
                fill(seed, bonds, update, begin + step, c, t, u)
                for k in range(min(TILE, pairs - TILE * t)):
                    e = TILE * t + k
                    i, j = first[e], second[e]
                    if (x[i] != x[j]) == apart[e] and u[k] < p[e]:
                        a, o = _root(parent, i), _root(parent, j)
                        if a < o:
                            parent[o] = a
                        else:
                            parent[a] = o
            for t in range((units + TILE - 1) // TILE):
                fill(seed, moves, update, begin + step, c, t, u)
                for k in range(min(TILE, units - TILE * t)):
                    i = TILE * t + k
                    shift[i] = np.int32(u[k] * np.float32(states[i]))
            for i in range(units):
                a = _root(parent, i)
                x[i] = (x[i] + shift[a]) % states[i]


@numba.njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def grow_one(codes, start, other, weight, apart, states, beta, keys, begin, steps):  # type: ignore[no-untyped-def]  # typed by numba
    """`steps` times one cluster of every chain, grown from a unit by chance and moved on for
    certain (Wolff 1989, Phys. Rev. Lett. 62, 361).

    `start`, `other`, `weight` and `apart` are the pairs of each unit in turn.
    """
    units = states.shape[0]
    seed, bonds, moves, update = keys
    for c in numba.prange(codes.shape[0]):
        x = codes[c]
        u, v = np.empty(TILE, np.float32), np.empty(TILE, np.float32)
        p = np.empty(weight.shape[0], np.float64)
        joined = np.zeros(units, np.bool_)
        stack = np.empty(units, np.int32)
        last = np.nan
        for step in range(steps):
            b = beta[min(step, beta.shape[0] - 1), c]
            if b != last:
                last = b
                _chances(b, weight, p)
            fill(seed, moves, update, begin + step, c, 0, v)
            place = (np.float64(v[0]) - 2.0**-24) + (np.float64(v[1]) - 2.0**-24) * 2.0**-23
            seed_unit = min(units - 1, np.int64(place * units))
            shift = 1 + np.int32(v[2] * np.float32(states[seed_unit] - 1))
            stack[0] = seed_unit
            joined[seed_unit] = True
            many, tried, at = 1, 0, 0
            while at < many:
                i = stack[at]
                at += 1
                for e in range(start[i], start[i + 1]):
                    j = other[e]
                    if not joined[j] and (x[i] != x[j]) == apart[e]:
                        if tried % TILE == 0:
                            fill(seed, bonds, update, begin + step, c, tried // TILE, u)
                        if u[tried % TILE] < p[e]:
                            joined[j] = True
                            stack[many] = j
                            many += 1
                        tried += 1
            for k in range(many):
                i = stack[k]
                joined[i] = False
                x[i] = (x[i] + shift) % states[i]


@numba.njit(cache=True)
def _side(parent, odd, i):  # type: ignore[no-untyped-def]  # typed by numba
    """The root of a unit, and whether it is on the root's other side."""
    other = False
    while parent[i] != i:
        other ^= odd[i]
        i = parent[i]
    return i, other


@numba.njit(cache=True)
def unsatisfied(first, second, apart, units):  # type: ignore[no-untyped-def]  # typed by numba
    """The first pair that cannot agree together with all pairs before it; −1 if all can."""
    parent, rank = np.arange(units), np.zeros(units, np.int32)
    odd = np.zeros(units, np.bool_)
    for e in range(first.shape[0]):
        a, x = _side(parent, odd, first[e])
        b, y = _side(parent, odd, second[e])
        different = x ^ y ^ apart[e]
        if a == b:
            if different:
                return e
            continue
        if rank[a] < rank[b]:
            a, b = b, a
        parent[b], odd[b] = a, different
        if rank[a] == rank[b]:
            rank[a] += 1
    return -1
