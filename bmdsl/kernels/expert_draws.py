"""Draws of units that experts see: compiled twins of the kinds of op of these names.

Random numbers are drawn in the order of `schedule.expert_draw_ops`, by one thread; systems of
equations, one a row, are solved by as many threads as there are.
"""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .expert_energies import backward, doubles, energies, forward, kind_of
from .expert_steps import leap, turn
from .generator import gamma, generator_of, gumbel, inverse_gaussian, normal, uniform
from .table import kernel

NONE, STUDENT, SQUARES, LAPLACE, BINARY, SPIN = range(6)
NEAR = 3.0
MANY = 1 << 22
"""Multiplications of all rows' systems from which on they are worth threads."""


@kernel()
def begin_steps(memory):  # type: ignore[no-untyped-def]  # typed by numba
    memory[0], memory[1] = 0.0, -1.0


@kernel()
def bring_near(u, x):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(x.shape[0]):
        far = NEAR
        for j in range(u.shape[1]):
            far = max(far, np.float64(abs(u[r, j])))
        for p in range(x.shape[1]):
            x[r, p] *= x.dtype.type(NEAR / far)


@numba.njit(cache=True)
def _helper(kind, u, g):  # type: ignore[no-untyped-def]  # typed by numba
    chance = 1 / (1 + np.exp(-(u if kind == BINARY else 2 * u)))
    if uniform(g) < chance:
        return 1.0
    return 0.0 if kind == BINARY else -1.0


@kernel()
def add_helper_fields(u, M, begins, functions, seed, stream, update, step, eta):  # type: ignore[no-untyped-def]  # typed by numba
    g = generator_of(seed, stream, update, step)
    helpers, made = np.empty(u.shape), np.empty(eta.shape)
    for t in range(len(begins) - 1):
        kind = BINARY if functions[t, 0] == 0 else SPIN
        for r in range(u.shape[0]):
            for j in range(begins[t], begins[t + 1]):
                helpers[r, j] = _helper(kind, np.float64(u[r, j]), g)
    backward(helpers, doubles(M), made)
    for r in range(eta.shape[0]):
        for p in range(eta.shape[1]):
            eta[r, p] += made[r, p]


@numba.njit(cache=True)
def _solve(matrix, d, own, y, x):  # type: ignore[no-untyped-def]  # typed by numba
    """x = Q⁻¹ y, Q = diag(own) + M diag(d) Mᵀ, by Cholesky's decomposition."""
    n, count = matrix.shape
    scaled, q = np.empty((n, count)), np.empty((n, n))
    for p in range(n):
        for j in range(count):
            scaled[p, j] = matrix[p, j] * d[j]
    backward(scaled, matrix, q)
    for i in range(n):
        mine = q[i]
        mine[i] += own[i]
        for j in range(i + 1):
            other, total = q[j], mine[j]
            for k in range(j):
                total -= mine[k] * other[k]
            mine[j] = np.sqrt(total) if i == j else total / other[j]
        total = y[i]
        for k in range(i):
            total -= mine[k] * y[k]
        y[i] = total / mine[i]
    for i in range(n - 1, -1, -1):
        mine = q[i]
        y[i] /= mine[i]
        for k in range(i):
            y[k] -= mine[k] * y[i]
        x[i] = y[i]


@kernel(MANY, ["u", "M"])
def draw_real_units(  # type: ignore[no-untyped-def]  # typed by numba
    eta,
    eta2,
    u,
    M,
    s,
    begins,
    functions,
    coefficients,
    bends,
    precision,
    walled,
    beta,
    seen,
    seed,
    stream,
    update,
    step,
    until,
    memory,
    x,
):
    rows, size = x.shape
    g = generator_of(seed, stream, update, step)
    matrix, strength, at = doubles(M), doubles(s)[0], doubles(u)
    field, own, start, free = doubles(eta), doubles(eta2), doubles(x), np.empty(x.shape, np.bool_)
    b, every, even = np.empty(rows), True, True
    for r in range(rows):
        b[r] = beta[r]
        even = even and b[r] == 1.0
        for p in range(size):
            own[r, p] = precision - 2 * own[r, p]
            free[r, p] = seen.size == 0 or np.isnan(seen[r, p])
            every = every and free[r, p]
    kinds, mixed = np.zeros(len(begins) - 1, np.int64), every
    for t in range(len(kinds)):
        kinds[t] = kind_of(functions[t], coefficients[t], strength[begins[t] : begins[t + 1]])
        mixed = mixed and kinds[t] != NONE and (even or kinds[t] < BINARY)
    tables = (matrix, strength, begins, functions, coefficients)
    if mixed:
        d = np.zeros(u.shape)
        _helpers_and_noise(tables, kinds, at, start, b, own, g, d, field)
        for r in numba.prange(rows):
            _solve(matrix, d[r], own[r], field[r], x[r])
        return
    bend, now = np.empty(len(strength)), np.empty(rows)
    for t in range(len(kinds)):
        for j in range(begins[t], begins[t + 1]):
            bend[j] = abs(strength[j]) * bends[t]
    adapts = step < until
    leap(tables, field, own, at, b, free, bend, walled != 0, adapts, g, memory, start, now, x)
    if walled:
        turn(False, tables, field, own, at, b, free, g, start, now, x)
        if size > 1:
            turn(True, tables, field, own, at, b, free, g, start, now, x)


@numba.njit(cache=True)
def _helpers_and_noise(tables, kinds, at, start, b, own, g, d, field):  # type: ignore[no-untyped-def]  # typed by numba
    """d of every expert given its auxiliary variables; what they and the noise add to
    fields.
    """
    matrix, strength, begins, _, coefficients = tables
    rest, pull = np.empty(at.shape), np.zeros(at.shape)
    forward(start, matrix, rest)
    rows = len(at)
    for t in range(len(kinds)):
        for r in range(rows):
            for j in range(begins[t], begins[t + 1]):
                if kinds[t] >= BINARY:
                    pull[r, j] = _helper(kinds[t], at[r, j], g)
                    continue
                weight = strength[j] * b[r]
                if kinds[t] == SQUARES:
                    d[r, j] = 2 * weight
                elif kinds[t] == STUDENT:
                    kappa = coefficients[t, 1]
                    d[r, j] = 2 * kappa * gamma(g, weight) / (1 + kappa * at[r, j] * at[r, j])
                else:
                    mean = weight / max(abs(at[r, j]), 1e-12)
                    d[r, j] = inverse_gaussian(g, mean, weight * weight)
                pull[r, j] = -d[r, j] * (at[r, j] - rest[r, j])
    for r in range(rows):
        for p in range(own.shape[1]):
            field[r, p] += np.sqrt(own[r, p]) * normal(g)
    for r in range(rows):
        for t in range(len(kinds)):
            for j in range(begins[t], begins[t + 1] if kinds[t] < BINARY else begins[t]):
                pull[r, j] += np.sqrt(d[r, j]) * normal(g)
    back = np.empty(own.shape)
    backward(pull, matrix, back)
    for r in range(rows):
        for p in range(own.shape[1]):
            field[r, p] += back[r, p]


@kernel()
def draw_unit_after_unit(  # type: ignore[no-untyped-def]  # typed by numba
    eta,
    u,
    M,
    s,
    begins,
    functions,
    coefficients,
    values,
    base,
    beta,
    seen,
    seed,
    stream,
    update,
    step,
    x,
):
    g = generator_of(seed, stream, update, step)
    matrix, at = doubles(M), doubles(u)
    tables = (matrix, doubles(s)[0], begins, functions, coefficients)
    k, states, rows = values.shape[1], len(values), x.shape[0]
    scores, there, near = np.empty((rows, states)), np.empty(at.shape), np.empty(rows)
    for p in range(0, x.shape[1], k):
        some = seen.size == 0
        for r in range(0 if some else rows):
            some = some or np.isnan(seen[r, p])
        if not some:
            continue
        for m in range(states):
            for r in range(rows):
                _changed(at[r], matrix[p : p + k], x[r, p : p + k], values[m], there[r])
            energies(there, tables, near)
            for r in range(rows):
                total = base[m] - beta[r] * near[r]
                for q in range(k):
                    total += eta[r, p + q] * values[m, q]
                scores[r, m] = total
        for r in range(rows):
            best, most = 0, -np.inf
            for m in range(states):
                score = scores[r, m] + gumbel(g)
                if score > most:
                    best, most = m, score
            if seen.size == 0 or np.isnan(seen[r, p]):
                _changed(at[r], matrix[p : p + k], x[r, p : p + k], values[best], at[r])
                for q in range(k):
                    x[r, p + q] = values[best, q]


@numba.njit(cache=True)
def _changed(u, matrix, x, value, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = u + (value − x) M: the arguments if a unit has another state."""
    for j in range(len(u)):
        total = u[j]
        for q in range(len(x)):
            total += (value[q] - x[q]) * matrix[q, j]
        out[j] = total
