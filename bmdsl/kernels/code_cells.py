"""One-of-K units of lattices as codes: the compiled twin of the kind of op of this name."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from ..schedule.code_ops import AT_ONCE, CHAINS
from .cells import places_of_values
from .chain_lanes import load, plus, same, store, times, where_code
from .code_units import draw_unit, read_codes, write_codes
from .codes import MANY, fill
from .table import kernel


@kernel(MANY, ["X"])
def sweep_codes_of_cells(  # type: ignore[no-untyped-def]  # typed by numba
    X,
    offset,
    base,
    states,
    beta,
    order,
    lengths,
    cell_of,
    cells,
    entries,
    others,
    ramps,
    couplings,
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
        at = np.zeros(len(ramps), np.int64)
        for r in range(some):
            b[r] = beta[lo + r]
        read_codes(X, offset, states, lo, some, codes)
        for now in range(step, step + steps):
            for q in range(units):
                if q % AT_ONCE == 0:
                    fill(seed, stream, update, now, block, q // AT_ONCE, u)
                p = order[q]
                own = np.int64(cell_of[p]) * states
                if len(ramps):
                    places_of_values(p, lengths, ramps, at)
                for s in range(states):
                    total = same(field, base[p * states + s])
                    for e in range(cells[own + s, 0], cells[own + s, 2]):
                        by = entries[e, 2]
                        moved = by * p if by >= 0 else at[-1 - by]
                        w = same(field, couplings[entries[e, 1] + moved])
                        for i in range(entries[e, 0], entries[e + 1, 0]):
                            d = others[i, 0] * p + others[i, 1]
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
