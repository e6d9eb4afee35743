"""A machine and its own past: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from ..native import deferred as numba
from .table import kernel

SLOW = 0.05


@kernel()
def take_slot(stack, k, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(out.shape[0]):
        for p in range(out.shape[1]):
            out[r, p] = stack[k, r, p]


@kernel()
def put_slot(x, k, stack):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(x.shape[0]):
        for p in range(x.shape[1]):
            stack[k, r, p] = x[r, p]


@kernel()
def clear_weights(weights):  # type: ignore[no-untyped-def]  # typed by numba
    weights[:] = 0


@kernel()
def put_weights(w, k, j, weights):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(len(w)):
        weights[k, j, r] = w[r]


@kernel()
def add_number(x, scale, out):  # type: ignore[no-untyped-def]  # typed by numba
    more = scale * np.float64(x[0, 0])
    for r in range(len(out)):
        out[r] += more


@numba.njit(cache=True)
def _log_sum(x, y):  # type: ignore[no-untyped-def]  # typed by numba
    """log Σ exp(x − y)."""
    most = -np.inf
    for r in range(len(x)):
        most = max(most, x[r] - y[r])
    if not np.isfinite(most):
        return most
    total = 0.0
    for r in range(len(x)):
        total += np.exp(x[r] - y[r] - most)
    return most + np.log(total)


@numba.njit(cache=True)
def _log_of_two(x, y):  # type: ignore[no-untyped-def]  # typed by numba
    """log (exp x + exp y)."""
    if x == y:
        return x + np.log(2.0)
    if x > y:
        return x + np.log1p(np.exp(y - x))
    return y + np.log1p(np.exp(x - y))


@kernel()
def exchange_with_past(weights, uniforms, update, kept, log_z, sums, rate, swaps):  # type: ignore[no-untyped-def]  # typed by numba
    count, n = kept[0], weights.shape[2]
    swaps[:] = 0
    for k in range(count):
        up = _log_sum(weights[k + 1, 0], weights[k, 1])
        down = _log_sum(weights[k, 2], weights[k + 1, 1])
        if k < count - 1:
            sums[k, 0] = _log_of_two(sums[k, 0], up)
            sums[k, 1] = _log_of_two(sums[k, 1], down)
            sums[k, 2] += n
            log_z[k + 1] = log_z[k] + 0.5 * (sums[k, 0] - sums[k, 1])
        else:
            log_z[k + 1] = log_z[k] + 0.5 * (up - down)
        total = 0.0
        for r in range(n):
            gain = weights[k + 1, 0, r] - weights[k, 1, r]
            gain += weights[k, 2, r] - weights[k + 1, 1, r]
            total += np.exp(min(0.0, gain))
            if k % 2 == update % 2 and np.log(uniforms[k, r]) < gain:
                swaps[k, r] = 1
        if k == count - 1:
            rate[0] += SLOW * (total / n - rate[0])


@kernel()
def swap_slots(swaps, kept, stack):  # type: ignore[no-untyped-def]  # typed by numba
    for k in range(kept[0]):
        for r in range(stack.shape[1]):
            if swaps[k, r]:
                for p in range(stack.shape[2]):
                    x = stack[k, r, p]
                    stack[k, r, p] = stack[k + 1, r, p]
                    stack[k + 1, r, p] = x


@kernel()
def keep_present(least, kept, log_z, sums, rate, order):  # type: ignore[no-untyped-def]  # typed by numba
    for k in range(len(order)):
        order[k] = k
    if rate[0] < least:
        room, count = len(order) - 1, kept[0]
        if count == room:
            stay, start = 0, 2 - count % 2
            for k in range(count):
                every = k >= start and k < count - 1 and (k - start) % 2 == 0
                if k == 0 or (count > 2 and (every or k == count - 1)):
                    if stay < room - 1:
                        order[stay], log_z[stay] = k, log_z[k]
                        stay += 1
            order[stay], log_z[stay] = count, log_z[count]
            for k in range(len(sums)):
                sums[k, 0], sums[k, 1], sums[k, 2] = -np.inf, -np.inf, 0.0
            count = stay
        if 0 < count < room:
            sums[count - 1, 0], sums[count - 1, 1], sums[count - 1, 2] = -np.inf, -np.inf, 0.0
        kept[0], rate[0] = count + 1, 1.0
        log_z[count + 1] = log_z[count]


@kernel()
def reorder_slots(order, stack):  # type: ignore[no-untyped-def]  # typed by numba
    for k in range(len(order)):
        if order[k] != k:
            for r in range(stack.shape[1]):
                for p in range(stack.shape[2]):
                    stack[k, r, p] = stack[order[k], r, p]
