"""Kinds of op of a machine and its own past: a stack of machines and of their chains, neighbours in
time exchanging places.

Slot k of a stack [slots, ...] is machine k; the present machine is the last one, slot kept[0].
"""

from __future__ import annotations

import numpy as np

from ..language.late import special
from .ops import double, op, reads, updates, whole, writes

Array = np.ndarray
SLOW = 0.05
"""How fast the share of exchanges with the last kept machine is followed."""


@op("{out} = {stack}[{k}]", stack=reads(3), k=whole(), out=writes())
def take_slot(stack: Array, k: int, out: Array) -> None:
    """What a slot holds."""
    out[...] = stack[k]


@op("{stack}[{k}] = {x}", x=reads(), k=whole(), stack=updates(3))
def put_slot(x: Array, k: int, stack: Array) -> None:
    """Writes a slot over."""
    stack[k] = x


@op("{weights} = 0", weights=writes(3, "f8"))
def clear_weights(weights: Array) -> None:
    """No log-weights yet."""
    weights[...] = 0


@op("{weights}[{k}, {j}] = {w}", w=reads(1, "f8"), k=whole(), j=whole(), weights=updates(3, "f8"))
def put_weights(w: Array, k: int, j: int, weights: Array) -> None:
    """Log-weights of one machine at the states of another."""
    weights[k, j] = w


@op("{out} = {x} + {out}, of every row", x=reads(), scale=double(), out=updates(1, "f8"))
def add_number(x: Array, scale: float, out: Array) -> None:
    """Adds scale · the only entry of x to every row."""
    out += scale * float(x[0, 0])


@op(
    "neighbours in time exchange with probability min(1, p_k(y) p_l(x) / p_k(x) p_l(y)); log Z",
    weights=reads(3, "f8"),
    uniforms=reads(2, "f8"),
    update=whole(),
    kept=reads(1, "i8"),
    log_z=updates(1, "f8"),
    sums=updates(2, "f8"),
    rate=updates(1, "f8"),
    swaps=writes(2, "i8"),
)
def exchange_with_past(
    weights: Array,
    uniforms: Array,
    update: int,
    kept: Array,
    log_z: Array,
    sums: Array,
    rate: Array,
    swaps: Array,
) -> None:
    """Marks the chains of machines k and k + 1 that change places, even pairs and odd ones in turn.

    weights[k, j, chain] is machine k's log-weight of the states of machine k − 1 + j. All pairs'
    weights go into log Z: sums[k] = log Σ exp forward, log Σ exp backward, how many, between kept
    machines k and k + 1; the present machine's are those of this update alone.
    """
    swaps[...] = 0
    count = int(kept[0])
    for k in range(count):
        up = weights[k + 1, 0] - weights[k, 1]
        down = weights[k, 2] - weights[k + 1, 1]
        n = len(up)
        if k == count - 1:
            ratio = 0.5 * (special.logsumexp(up) - special.logsumexp(down))
            chance = np.exp(np.minimum(0, up + down))
            rate[0] += SLOW * (float(np.minimum(1, chance).mean()) - rate[0])
        else:
            sums[k, 0] = np.logaddexp(sums[k, 0], special.logsumexp(up))
            sums[k, 1] = np.logaddexp(sums[k, 1], special.logsumexp(down))
            sums[k, 2] += n
            ratio = 0.5 * (sums[k, 0] - sums[k, 1])
        log_z[k + 1] = log_z[k] + ratio
        if k % 2 == update % 2:
            swaps[k] = np.log(uniforms[k]) < up + down


@op("chains of {stack} change places", swaps=reads(2, "i8"), kept=reads(1, "i8"), stack=updates(3))
def swap_slots(swaps: Array, kept: Array, stack: Array) -> None:
    """Row r of slots k and k + 1 change places where swaps[k, r]."""
    for k in range(int(kept[0])):
        chosen = swaps[k] != 0
        before = stack[k, chosen].copy()
        stack[k, chosen] = stack[k + 1, chosen]
        stack[k + 1, chosen] = before


@op(
    "the present machine is kept if fewer than {least} of its chains exchange",
    least=double(),
    kept=updates(1, "i8"),
    log_z=updates(1, "f8"),
    sums=updates(2, "f8"),
    rate=updates(1, "f8"),
    order=writes(1, "i8"),
)
def keep_present(
    least: float, kept: Array, log_z: Array, sums: Array, rate: Array, order: Array
) -> None:
    """The present machine becomes part of the past if it has moved on far enough; if there is no
    room, every second of the past is forgotten first. Slot k becomes what slot order[k] was.
    """
    order[:] = np.arange(len(order))
    if rate[0] >= least:
        return
    room, count = len(order) - 1, int(kept[0])
    if count == room:
        stay = [0, *range(2 - count % 2, count - 1, 2), count - 1] if count > 2 else [0]
        stay = sorted(set(stay))[: room - 1]
        for new, old in enumerate(stay):
            log_z[new] = log_z[old]
        order[: len(stay)] = stay
        order[len(stay)], log_z[len(stay)] = count, log_z[count]
        sums[:, :2], sums[:, 2] = -np.inf, 0
        count = len(stay)
    if 0 < count < room:
        sums[count - 1] = -np.inf, -np.inf, 0
    kept[0], rate[0] = count + 1, 1.0
    log_z[count + 1] = log_z[count]  # the present machine is the one just kept


@op("{stack} in a new order", order=reads(1, "i8"), stack=updates(3))
def reorder_slots(order: Array, stack: Array) -> None:
    """Slot k becomes what slot order[k] ≥ k was."""
    for k, old in enumerate(order):
        if old != k:
            stack[k] = stack[old]
