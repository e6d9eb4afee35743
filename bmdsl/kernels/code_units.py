"""Units that are codes, sixteen chains at a time: reading them, drawing one, writing them."""

from __future__ import annotations

from ..native import deferred as numba
from ..schedule.code_ops import AT_ONCE, CHAINS, HIGHEST
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
)


@numba.njit(cache=True)
def pick(field, states, beta, u):  # type: ignore[no-untyped-def]  # typed by numba
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


@numba.njit(cache=True)
def read_codes(X, offset, states, lo, some, codes):  # type: ignore[no-untyped-def]  # typed by numba
    """The codes of a group's units in `some` chains from `lo` on, CHAINS of a unit side by side;
    they are 0 before. X is [column, chain].
    """
    for p in range(len(codes) // CHAINS):
        own = codes[CHAINS * p : CHAINS * (p + 1)]
        for s in range(1, states):
            row = X[offset + p * states + s, lo : lo + some]
            for r in range(some):
                if row[r] > 0.5:
                    own[r] = s


@numba.njit(cache=True)
def write_codes(codes, offset, states, lo, some, X):  # type: ignore[no-untyped-def]  # typed by numba
    """Puts the one-hot columns of these codes into X."""
    for p in range(len(codes) // CHAINS):
        own = codes[CHAINS * p : CHAINS * (p + 1)]
        for s in range(states):
            row = X[offset + p * states + s, lo : lo + some]
            for r in range(some):
                row[r] = own[r] == s


@numba.njit(cache=True)
def draw_unit(field, states, b, u, q, p, seen, lo, some, v, codes):  # type: ignore[no-untyped-def]  # typed by numba
    """Unit p's codes in sixteen chains, drawn from its fields or as `seen` has them; it is the q-th
    of a sweep. `v` is room for the chains' random numbers.
    """
    row32 = u[CHAINS * (q % AT_ONCE) :]
    for r in range(CHAINS):
        v[r] = row32[r]
    put_codes(pick(field, states, load(b, 0), load(v, 0)), codes, CHAINS * p)
    if seen.shape[0] > 0:
        for s in range(states):
            row = seen[p * states + s, lo : lo + some]
            for r in range(some):
                if row[r] > 0.5:
                    codes[CHAINS * p + r] = s
