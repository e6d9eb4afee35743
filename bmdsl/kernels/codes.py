"""One-of-K units as codes: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from ..schedule.code_ops import AT_ONCE, CHAINS, HALF, LANES
from .chain_lanes import (
    load,
    plus,
    put_codes,
    same,
    store,
    times,
    turn,
    turn_half,
    where_code,
)
from .code_units import draw_unit, pick, read_codes, write_codes
from .row_sums import GROUP, copy, sum_half, sum_one, sum_one_and_half, sum_two
from .sharing import _count as threads
from .table import kernel
from .uniforms import uniforms_as

BLOCK = 256
"""Chains whose codes a thread holds at once."""
FEW = 1 << 13
"""Fields from which on a draw is worth threads."""
NEAR = 1 << 13
"""Numbers of the rows that are added in all chains before others: they stay in the first cache."""
SUMS = 1 << 14
"""States of a unit times chains whose sums a thread holds at once."""
MANY = 1 << 16
TILE = 32
"""Units whose rows are turned at once."""
fill = uniforms_as(np.float32)


@numba.njit(cache=True)
def _sums(rows, begin, size, places, at, apart, chains, count, sums, wide, ahead, near, lines):  # type: ignore[no-untyped-def]  # typed by numba
    """sums[r wide : (r + 1) wide] += the sum of the rows at the places of chain r."""
    k, out = 0, sums
    while wide - k >= 2 * LANES:
        sum_two(
            rows, begin, k, size, places, at, apart, chains, count, out, wide, ahead, near, lines
        )
        k += 2 * LANES
    if wide - k == LANES + HALF:
        sum_one_and_half(
            rows, begin, k, size, places, at, apart, chains, count, out, wide, ahead, near, lines
        )
    elif wide - k == LANES:
        sum_one(
            rows, begin, k, size, places, at, apart, chains, count, out, wide, ahead, near, lines
        )
    elif wide - k == HALF:
        sum_half(
            rows, begin, k, size, places, at, apart, chains, count, out, wide, ahead, near, lines
        )


@numba.njit(cache=True)
def _turned(sums, at, wide, field):  # type: ignore[no-untyped-def]  # typed by numba
    """field[:, r] = sums of chain r, of sixteen."""
    k = 0
    while wide - k >= LANES:
        turn(sums, at + k, wide, field, CHAINS * k)
        k += LANES
    if k < wide:
        turn_half(sums, at + k, wide, field, CHAINS * k)


@kernel(MANY, ["C"])
def rows_by_code(S, states, C):  # type: ignore[no-untyped-def]  # typed by numba
    for i in numba.prange(S.shape[0] // states):
        size, into, at = S.shape[0], C[i], 0
        for k in range(0, states, LANES):
            lanes = LANES if states - k > HALF else HALF
            some = min(states - k, lanes)
            for p in range(size):
                row = S[p, i * states + k : i * states + k + some]
                for a in range(some):
                    into[at + a] = row[a]
                for a in range(some, lanes):
                    into[at + a] = 0
                at += lanes
        into[at:] = 0


@kernel(FEW, ["eta"])
def draw_codes(  # type: ignore[no-untyped-def]  # typed by numba
    eta, states, beta, C, seen, seed, stream, update, step, steps, first, x
):
    rows = x.shape[0]
    block = max(CHAINS, min(BLOCK, SUMS // states))
    blocks = max(min(threads(), rows // CHAINS), (rows + block - 1) // block, 1)
    for b in numba.prange(blocks):
        lo, hi = rows * b // blocks, rows * (b + 1) // blocks
        size, units, wide = x.shape[1], x.shape[1] // states, (states + HALF - 1) // HALF * HALF
        flat, base, near = (
            C.reshape(-1),
            eta.reshape(-1),
            max(1, NEAR // (states * wide * GROUP)) * GROUP,
        )
        tiles = (hi - lo + CHAINS - 1) // CHAINS
        places = np.empty((hi - lo) * units, np.uint32)
        u, fresh = np.zeros((CHAINS, 64), np.float32), np.empty((tiles, 64, CHAINS), np.float32)
        sums, field = np.zeros(CHAINS * tiles * wide, x.dtype), np.zeros(CHAINS * wide, x.dtype)
        k, v, chosen = (
            np.ones(CHAINS, x.dtype),
            np.zeros(CHAINS, x.dtype),
            np.zeros(CHAINS, np.uint16),
        )
        for r in range(hi - lo):
            own, into = x[lo + r], places[r * units : (r + 1) * units]
            for i in range(units):
                one = own[i * states : (i + 1) * states]
                code = 0
                for s in range(states):
                    code = s if one[s] > 0.5 else code
                into[i] = HALF * (i * states + code)
        for now in range(step, step + steps):
            for i in range(units):
                if i % 64 == 0:
                    for t in range(tiles):
                        for r in range(min(CHAINS, hi - lo - CHAINS * t)):
                            chain = first + lo + CHAINS * t + r
                            fill(seed, stream, update, now, chain, i // 64, u[r])
                        for p in range(0, 64, CHAINS):
                            turn(u.reshape(-1), p, 64, fresh[t].reshape(-1), CHAINS * p)
                for r in range(hi - lo):
                    copy(base, (lo + r) * size + i * states, states, sums, r * wide)
                for j in range(0, units, near):
                    some, after = min(near, units - j), j + near
                    ahead = i if after < units else (i + 1) % units
                    after = after if after < units else 0
                    groups = (hi - lo) * (some // GROUP)
                    lines = HALF * states * min(near, units) // LANES // max(1, groups) + 1
                    _sums(
                        flat,
                        i * C.shape[1],
                        size,
                        places,
                        j,
                        units,
                        hi - lo,
                        some,
                        sums,
                        wide,
                        ahead * C.shape[1],
                        after * states,
                        lines if hi - lo >= states else 0,
                    )
                for t in range(tiles):
                    some = min(CHAINS, hi - lo - CHAINS * t)
                    _turned(sums, CHAINS * t * wide, wide, field)
                    for r in range(some):
                        k[r] = beta[lo + CHAINS * t + r]
                    for r in range(CHAINS):
                        v[r] = fresh[t, i % 64, r]
                    put_codes(pick(field, states, load(k, 0), load(v, 0)), chosen, 0)
                    own = places[CHAINS * t * units :]
                    for r in range(some):
                        own[r * units + i] = HALF * (i * states + chosen[r])
                    if seen.shape[0] > 0:
                        for r in range(some):
                            one = seen[lo + CHAINS * t + r, i * states : (i + 1) * states]
                            for s in range(states):
                                if one[s] > 0.5:
                                    own[r * units + i] = HALF * (i * states + s)
        for r in range(hi - lo):
            own, on = x[lo + r], places[r * units : (r + 1) * units]
            own[:] = 0
            for i in range(units):
                own[np.uint64(on[i]) // np.uint64(HALF)] = 1


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
    first,
):
    before = first % CHAINS  # chains of other ranks in the first sixteen
    for t in numba.prange((before + X.shape[1] + CHAINS - 1) // CHAINS):
        units, lo = len(order), max(0, CHAINS * t - before)
        some = min(X.shape[1], CHAINS * (t + 1) - before) - lo
        block, lane = first // CHAINS + t, before if t == 0 else 0
        codes = np.zeros(CHAINS * units, np.uint16)
        field = np.zeros(CHAINS * states, X.dtype)
        b, v, far = np.zeros(CHAINS, X.dtype), np.zeros(CHAINS, X.dtype), np.zeros(CHAINS, X.dtype)
        u = np.empty(64 + CHAINS, np.float32)
        last, inverse = offset + units * states, 1.0 / states
        for r in range(some):
            b[r] = beta[lo + r]
        read_codes(X, offset, states, lo, some, codes)
        for now in range(step, step + steps):
            for q in range(units):
                if q % AT_ONCE == 0:
                    fill(seed, stream, update, now, block, q // AT_ONCE, u)
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
                draw_unit(field, states, b, u[lane:], q, p, seen, lo, some, v, codes)
        write_codes(codes, offset, states, lo, some, X)
