"""Fixed-point iterations and gaps in data: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import math

import numpy as np

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 16
LANES = 16
"""Numbers that are compared side by side."""


@kernel()
def blend(x, old, keep):  # type: ignore[no-untyped-def]  # typed by numba
    rest = x.dtype.type(1) - keep
    for r in range(x.shape[0]):
        own, before = x[r], old[r]
        for p in range(len(own)):
            own[p] = rest * own[p] + keep * before[p]


@kernel(MANY, ["m"])
def move(new, first, m, moved):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(m.shape[0]):
        own, now = m[r], new[r]
        lanes = np.zeros(LANES, m.dtype)  # one number after another would wait for the one before
        whole = len(own) - len(own) % LANES
        for p in range(0, whole, LANES):
            into, given = own[p : p + LANES], now[p : p + LANES]
            for k in range(LANES):
                lanes[k] = max(lanes[k], abs(given[k] - into[k]))
                into[k] = given[k]
        most = lanes[0]
        for k in range(1, LANES):
            most = max(most, lanes[k])
        for p in range(whole, len(own)):
            most = max(most, abs(now[p] - own[p]))
            own[p] = now[p]
        moved[r] = most if first else max(moved[r], np.float64(most))


@kernel()
def judge(moved, tol, share, place, state, chosen, going, used):  # type: ignore[no-untyped-def]  # typed by numba
    used[0] += 1
    rows = going[0]
    left = 0
    for r in range(rows):
        if state[r] == 1:
            state[r] = 2
        elif state[r] == 0 and moved[r] < tol:
            state[r] = 1
        if state[r] == 0:
            left += 1
    going[1] = left
    few = left <= share * going[3]
    count = 0
    for r in range(rows):
        if state[r] == 0 or not few:
            chosen[count] = r
            count += 1
    going[2] = count if left else 0


@kernel()
def put_rows(m, state, place, wanted, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(m.shape[0]):
        if state[r] == wanted:
            own, into = m[r], out[place[r]]
            for p in range(len(into)):
                into[p] = own[p]


@kernel()
def keep_rows(x, chosen, going):  # type: ignore[no-untyped-def]  # typed by numba
    if going[2] < going[0]:
        for k in range(going[2]):
            if chosen[k] != k:
                own, into = x[chosen[k]], x[k]
                for p in range(len(into)):
                    into[p] = own[p]


@kernel()
def keep_places(chosen, place, state, going):  # type: ignore[no-untyped-def]  # typed by numba
    if going[2] < going[0]:
        for k in range(going[2]):
            place[k] = place[chosen[k]]
            state[k] = state[chosen[k]]
        going[3] = going[2]
    going[0] = going[2]


@kernel()
def begin_iterations(like, place, state, moved, going, used):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(like.shape[0]):
        place[r] = r
        moved[r] = 0
        state[r] = 0
    going[:] = like.shape[0]
    used[0] = 0


@kernel()
def tell(used, figure):  # type: ignore[no-untyped-def]  # typed by numba
    figure[0] = used[0]


@kernel()
def fill_gaps(x, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(x.shape[0]):
        for p in range(x.shape[1]):
            out[r, p] = 0 if math.isnan(x[r, p]) else x[r, p]


@kernel()
def put_seen(seen, x):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(x.shape[0]):
        for p in range(x.shape[1]):
            if not math.isnan(seen[r, p]):
                x[r, p] = seen[r, p]


@kernel()
def put_seen_squares(seen, x):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(x.shape[0]):
        for p in range(x.shape[1]):
            if not math.isnan(seen[r, p]):
                x[r, p] = seen[r, p] * seen[r, p]


@kernel()
def keep_width(b2, precision, share, out):  # type: ignore[no-untyped-def]  # typed by numba
    for p in range(b2.shape[1]):
        held = precision - 2 * np.float64(b2[0, p]) > share * precision
        out[0, p] = b2[0, p] if held else 0
