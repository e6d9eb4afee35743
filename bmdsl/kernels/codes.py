"""One-of-K units as codes: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from ..schedule.code_ops import AT_ONCE, CHAINS, HIGHEST, LANES
from .chain_lanes import (
    at_most,
    exp,
    larger,
    load,
    minus,
    plus,
    put_codes,
    same,
    smaller,
    store,
    times,
    where_code,
)
from .row_sums import fetch, sum_four, sum_one, sum_three, sum_two
from .sharing import _count as threads
from .table import kernel
from .uniforms import uniforms_as

BLOCK = 256
"""Chains whose codes a thread holds at once."""
FEW = 1 << 13
"""Fields from which on a draw is worth threads."""
NEAR = 8
"""Units whose rows are added in all chains before those of others: they stay in the first cache."""
FETCHED = 48
"""Chains that use most of a unit's rows, so that it pays to fetch all of them beforehand."""
MANY = 1 << 16
TILE = 32
"""Units whose rows are turned at once."""
fill = uniforms_as(np.float32)


@numba.njit(cache=True)
def _sums(rows, begin, codes, at, apart, chains, count, states, wide, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out[r wide : (r + 1) wide] += the sum of the rows that the codes of chain r pick."""
    fours = wide // (4 * LANES)
    for k in range(fours):
        step = 4 * LANES * k
        sum_four(rows, begin + step, codes, at, apart, chains, count, states, wide, out, step)
    step = 4 * LANES * fours
    rest = (wide - step) // LANES
    if rest == 1:
        sum_one(rows, begin + step, codes, at, apart, chains, count, states, wide, out, step)
    elif rest == 2:
        sum_two(rows, begin + step, codes, at, apart, chains, count, states, wide, out, step)
    elif rest == 3:
        sum_three(rows, begin + step, codes, at, apart, chains, count, states, wide, out, step)


@numba.njit(cache=True)
def _pick(field, states, beta, u):  # type: ignore[no-untyped-def]  # typed by numba
    """The codes that uniform numbers u < 1 pick by the softmax of beta · field[:, lane]; `field` is
    used up.
    """
    top = times(beta, load(field, 0))
    for s in range(1, states):
        top = larger(top, times(beta, load(field, CHAINS * s)))
    run = same(field, field.dtype.type(0))
    for s in range(states):
        run = plus(run, exp(minus(times(beta, load(field, CHAINS * s)), top)))
        store(run, field, CHAINS * s)
    limit = times(run, smaller(u, same(field, field.dtype.type(HIGHEST))))
    chosen = same(field, field.dtype.type(0))
    for s in range(states):
        chosen = plus(chosen, at_most(load(field, CHAINS * s), limit))
    return chosen


@kernel(MANY, ["C"])
def rows_by_code(S, states, C):  # type: ignore[no-untyped-def]  # typed by numba
    units = S.shape[0] // states
    for i in numba.prange(units):
        wide = C.shape[1] // S.shape[0]
        into = C[i]
        for q in range(S.shape[0]):
            row = S[q]
            for a in range(states):
                into[q * wide + a] = row[i * states + a]
            for a in range(states, wide):
                into[q * wide + a] = 0


@kernel(FEW, ["eta"])
def draw_codes(eta, states, beta, C, seen, seed, stream, update, step, first, x):  # type: ignore[no-untyped-def]  # typed by numba
    rows = x.shape[0]
    blocks = max(min(threads(), rows // CHAINS), (rows + BLOCK - 1) // BLOCK, 1)
    for b in numba.prange(blocks):
        lo, hi = rows * b // blocks, rows * (b + 1) // blocks
        units, wide = x.shape[1] // states, C.shape[1] // x.shape[1]
        flat, base = C.reshape(-1), eta.reshape(-1)
        codes = np.empty((hi - lo, units), np.uint8)
        u = np.empty((hi - lo, 64), np.float32)
        sums, field = np.empty((hi - lo) * wide, x.dtype), np.zeros(CHAINS * states, x.dtype)
        k, v, chosen = (
            np.ones(CHAINS, x.dtype),
            np.zeros(CHAINS, x.dtype),
            np.zeros(CHAINS, np.uint8),
        )
        for r in range(hi - lo):
            own, into = x[lo + r], codes[r]
            for i in range(units):
                one = own[i * states : (i + 1) * states]
                code = 0
                for s in range(states):
                    code = s if one[s] > 0.5 else code
                into[i] = code
        every = codes.reshape(-1)
        for i in range(units):
            if i % 64 == 0:
                for r in range(hi - lo):
                    fill(seed, stream, update, step, first + lo + r, i // 64, u[r])
            sums[:] = 0
            for j in range(0, units, NEAR):
                some, begin = min(NEAR, units - j), i * C.shape[1] + j * states * wide
                _sums(flat, begin, every, j, units, hi - lo, some, states, wide, sums)
            for t in range(0, hi - lo, CHAINS):
                some = min(CHAINS, hi - lo - t)
                if i + 1 < units and hi - lo >= FETCHED:  # the next unit's rows, a share a tile
                    begin, end = (i + 1) * C.shape[1], C.shape[1]
                    ahead = min(end, end * (t + CHAINS) // (hi - lo))
                    fetch(flat, begin + end * t // (hi - lo), begin + ahead)
                for r in range(some):
                    place = np.uint64((t + r) * wide)
                    at = np.uint64((lo + t + r) * x.shape[1] + i * states)
                    for s in range(np.uint64(states)):
                        field[np.uint64(CHAINS) * s + np.uint64(r)] = base[at + s] + sums[place + s]
                    k[r], v[r] = beta[lo + t + r], u[t + r, i % 64]
                put_codes(_pick(field, states, load(k, 0), load(v, 0)), chosen, 0)
                for r in range(some):
                    codes[t + r, i] = chosen[r]
                if seen.shape[0] > 0:
                    for r in range(some):
                        own = seen[lo + t + r, i * states : (i + 1) * states]
                        for s in range(states):
                            if own[s] > 0.5:
                                codes[t + r, i] = s
        for r in range(hi - lo):
            own = x[lo + r]
            own[:] = 0
            for i in range(units):
                own[i * states + codes[r, i]] = 1


@kernel(MANY, ["X"])
def sweep_codes(  # type: ignore[no-untyped-def]  # typed by numba
    X,
    offset,
    base,
    states,
    beta,
    order,
    start,
    other,
    value,
    more,
    more_value,
    more_start,
    more_other,
    seen,
    seed,
    stream,
    update,
    step,
    steps,
):
    for t in numba.prange((X.shape[1] + CHAINS - 1) // CHAINS):
        units, lo = len(order), CHAINS * t
        some = min(CHAINS, X.shape[1] - lo)
        codes = np.zeros(CHAINS * units, np.uint8)
        field = np.zeros(CHAINS * states, X.dtype)
        b, v, far = np.zeros(CHAINS, X.dtype), np.zeros(CHAINS, X.dtype), np.zeros(CHAINS, X.dtype)
        u = np.empty(64, np.float32)
        last, inverse = offset + units * states, 1.0 / states
        for r in range(some):
            b[r] = beta[lo + r]
        for p in range(units):
            own = codes[CHAINS * p : CHAINS * (p + 1)]
            for s in range(1, states):
                row = X[offset + p * states + s, lo : lo + some]
                for r in range(some):
                    if row[r] > 0.5:
                        own[r] = s
        for now in range(step, step + steps):
            for q in range(units):
                if q % AT_ONCE == 0:
                    fill(seed, stream, update, now, t, q // AT_ONCE, u)
                p = order[q]
                for s in range(states):
                    column = p * states + s
                    total = same(field, base[column])
                    for e in range(start[column], start[column + 1]):
                        d = np.int64(other[e])
                        if offset <= d < last:
                            near = np.int64((d - offset + 0.5) * inverse)
                            state = d - offset - near * states
                            w = same(field, value[e])
                            total = plus(total, where_code(codes, CHAINS * near, state, w))
                        else:
                            for r in range(some):
                                far[r] = value[e] * X[d, lo + r]
                            total = plus(total, load(far, 0))
                    for e in range(more[column], more[column + 1]):
                        w = same(field, more_value[e])
                        for o in range(more_start[e], more_start[e + 1]):
                            d = np.int64(more_other[o])
                            if offset <= d < last:
                                near = np.int64((d - offset + 0.5) * inverse)
                                w = where_code(codes, CHAINS * near, d - offset - near * states, w)
                            else:
                                for r in range(some):
                                    far[r] = X[d, lo + r]
                                w = times(w, load(far, 0))
                        total = plus(total, w)
                    store(total, field, CHAINS * s)
                row32 = u[CHAINS * (q % AT_ONCE) :]
                for r in range(CHAINS):
                    v[r] = row32[r]
                put_codes(_pick(field, states, load(b, 0), load(v, 0)), codes, CHAINS * p)
                if seen.shape[0] > 0:
                    for s in range(states):
                        row = seen[p * states + s, lo : lo + some]
                        for r in range(some):
                            if row[r] > 0.5:
                                codes[CHAINS * p + r] = s
        for p in range(units):
            own = codes[CHAINS * p : CHAINS * (p + 1)]
            for s in range(states):
                row = X[offset + p * states + s, lo : lo + some]
                for r in range(some):
                    row[r] = own[r] == s
