"""Hamiltonian dynamics of units that experts see, for `draw_real_units`.

`tables` are those of `expert_energies`; `field` and `own` are a row's linear and quadratic part of
the energy, `u` the experts' arguments at the present units `start`.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .expert_energies import energies, forward, slopes
from .generator import below, normal, uniform

FEWEST_LEAPS, LEAPS = 10, 21
WISHED, SHORT, SHORTEST = 0.8, 0.2, 1e-3


@numba.njit(cache=True)
def _arguments(u, start, at, matrix, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = u + (at − start) M: the experts' arguments where units stand now."""
    change = np.empty(at.shape)
    for r in range(at.shape[0]):
        for p in range(at.shape[1]):
            change[r, p] = at[r, p] - start[r, p]
    forward(change, matrix, out)
    for r in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[r, j] += u[r, j]


@numba.njit(cache=True)
def _total(tables, field, own, u, b, at, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = the energy of every row's units."""
    energies(u, tables, out)
    for r in range(len(out)):
        inside = 0.0
        for p in range(at.shape[1]):
            inside += 0.5 * own[r, p] * at[r, p] * at[r, p] - field[r, p] * at[r, p]
        out[r] = inside + b[r] * out[r]


@numba.njit(cache=True)
def _push(tables, field, own, u, b, free, at, length, p):  # type: ignore[no-untyped-def]  # typed by numba
    """p −= length · the energy's slope at `at`, of free units."""
    pull = np.empty(at.shape)
    slopes(u, tables, pull)
    for r in range(at.shape[0]):
        for q in range(at.shape[1]):
            if free[r, q]:
                slope = own[r, q] * at[r, q] - field[r, q] + b[r] * pull[r, q]
                p[r, q] -= length * slope


@numba.njit(cache=True)
def _stiffness(matrix, bend):  # type: ignore[no-untyped-def]  # typed by numba
    """The largest eigenvalue of M diag(bend) Mᵀ, by power iteration."""
    size, count, top = matrix.shape[0], matrix.shape[1], 0.0
    v, w, inner = np.full(size, size**-0.5), np.empty(size), np.empty(count)
    for _ in range(12):
        inner[:] = 0.0
        for p in range(size):
            for j in range(count):
                inner[j] += v[p] * matrix[p, j]
        squares = 0.0
        for p in range(size):
            w[p] = 0.0
            for j in range(count):
                w[p] += matrix[p, j] * bend[j] * inner[j]
            squares += w[p] * w[p]
        top = np.sqrt(squares)
        if top == 0:
            break
        for p in range(size):
            v[p] = w[p] / top
    return top


@numba.njit(cache=True)
def _length(own, b, matrix, bend):  # type: ignore[no-untyped-def]  # typed by numba
    """A step that leapfrog takes well."""
    widest, most = -np.inf, -np.inf
    for r in range(own.shape[0]):
        most = max(most, b[r])
        for q in range(own.shape[1]):
            widest = max(widest, own[r, q])
    return 0.9 / np.sqrt(max(1e-12, widest + most * _stiffness(matrix, bend)))


@numba.njit(cache=True)
def _take(r, at, there, start, u, x):  # type: ignore[no-untyped-def]  # typed by numba
    """Row r moves."""
    for q in range(start.shape[1]):
        start[r, q] = at[r, q]
        x[r, q] = at[r, q]
    for j in range(u.shape[1]):
        u[r, j] = there[r, j]


@numba.njit(cache=True)
def leap(tables, field, own, u, b, free, bend, walled, adapts, g, memory, start, now, x):  # type: ignore[no-untyped-def]  # typed by numba
    """A trajectory of Hamiltonian dynamics, taken or refused; `now` is the energy of every row."""
    rows, size = x.shape
    matrix = tables[0]
    leaps = FEWEST_LEAPS + below(g, LEAPS)
    length = np.exp(memory[0]) * _length(own, b, matrix, bend) * (0.8 + (1.2 - 0.8) * uniform(g))
    short = walled and uniform(g) < SHORT
    if short:
        length *= SHORTEST ** uniform(g)
    p, at, there = np.empty((rows, size)), np.empty((rows, size)), np.empty(u.shape)
    before, ended = np.zeros(rows), np.empty(rows)
    for r in range(rows):
        for q in range(size):
            drawn = normal(g)
            p[r, q] = drawn if free[r, q] else 0.0
            before[r] += 0.5 * p[r, q] * p[r, q]
            at[r, q] = start[r, q]
        for j in range(u.shape[1]):
            there[r, j] = u[r, j]
    _total(tables, field, own, u, b, start, now)
    _push(tables, field, own, u, b, free, at, 0.5 * length, p)
    for k in range(leaps):
        for r in range(rows):
            for q in range(size):
                at[r, q] += length * p[r, q]
        _arguments(u, start, at, matrix, there)
        share = length if k + 1 < leaps else 0.5 * length
        _push(tables, field, own, there, b, free, at, share, p)
    _total(tables, field, own, there, b, at, ended)
    whole = 0.0
    for r in range(rows):
        change = now[r] + before[r] - ended[r]
        for q in range(size):
            change -= 0.5 * p[r, q] * p[r, q]
        chance = np.exp(min(0.0, change)) if np.isfinite(change) else 0.0
        whole += chance
        if uniform(g) < chance:
            _take(r, at, there, start, u, x)
            now[r] = ended[r]
    memory[1] = whole / max(1, rows)
    if adapts and not short:
        memory[0] += 0.2 * (memory[1] - WISHED)


@numba.njit(cache=True)
def turn(alone, tables, field, own, u, b, free, g, start, now, x):  # type: ignore[no-untyped-def]  # typed by numba
    """Metropolis moves x → −x, of all units or of one of them."""
    rows, size = x.shape
    turned, there, after = np.empty((rows, size)), np.empty(u.shape), np.empty(rows)
    for r in range(rows):
        one = below(g, size) if alone else -1
        for q in range(size):
            moves = free[r, q] and (one < 0 or one == q)
            turned[r, q] = -start[r, q] if moves else start[r, q]
    _arguments(u, start, turned, tables[0], there)
    _total(tables, field, own, there, b, turned, after)
    for r in range(rows):
        if np.log(uniform(g)) < now[r] - after[r]:
            _take(r, turned, there, start, u, x)
            now[r] = after[r]
