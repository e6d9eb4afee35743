"""Kinds of op for all states of a one-of-K unit at once: columns are [state, unit] of
every case.
"""

from __future__ import annotations

import numpy as np

from .ops import op, reads, real, updates, whole, writes

Array = np.ndarray


@op("{x} /= {by}", x=updates(), by=real())
def divide(x: Array, by: float) -> None:
    """Every entry over a number."""
    x /= x.dtype.type(by)


@op("{out} = {base} + {extra} of every state", base=reads(), extra=reads(), out=writes())
def set_every_state(base: Array, extra: Array, out: Array) -> None:
    """out[r, (k, p)] = base[r, p] + extra[k, p]."""
    out[...] = (base[:, None, :] + extra[None]).reshape(out.shape)


@op("{eta} += {A}, its largest entry of a row taken off", A=reads(2, "f8"), eta=updates())
def add_log_sums(A: Array, eta: Array) -> None:
    """eta = eta + A − max over a row, which a softmax does not see; summed in double precision."""
    total = eta + A
    eta[...] = total - total.max(axis=1, keepdims=True)


@op("{total} += {A}", A=reads(1, "f8"), total=updates(1, "f8"))
def add_doubles(A: Array, total: Array) -> None:
    """A sum in double precision."""
    total += A


@op("{out} = {x} at the states {z}", x=reads(), z=reads(), out=writes())
def pick_states(x: Array, z: Array, out: Array) -> None:
    """out[r, p] = x[r, (k, p)] at the state k of row r."""
    every = x.reshape(len(z), z.shape[1], -1)
    out[...] = every[np.arange(len(z)), z.argmax(axis=1)]


@op(
    "{m} *= {r} of its state;  {mean} = Σ over states of {m}", r=reads(), m=updates(), mean=writes()
)
def average_states(r: Array, m: Array, mean: Array) -> None:
    """m[r, (k, p)] times the weight of state k, and the sums of these over k."""
    every = m.reshape(len(r), r.shape[1], -1)
    every *= r[:, :, None]
    mean[...] = every.sum(axis=1)


@op("{out} += {scale} {x}ᵀ", x=reads(), scale=real(), out=updates())
def add_transposed(x: Array, scale: float, out: Array) -> None:
    """Adds scale · xᵀ."""
    out += out.dtype.type(scale) * x.T


@op("{out} += {x}, units and states in the other order", x=reads(), states=whole(), out=updates())
def add_turned(x: Array, states: int, out: Array) -> None:
    """out[r, (k, p)] += x[r, (p, k)] for so many states k."""
    turned = x.reshape(len(x), -1, states).transpose(0, 2, 1)
    out += turned.reshape(out.shape)


@op("{out} = all states of a unit, again and again", out=writes())
def set_unit_states(out: Array) -> None:
    """Row r is state r modulo the number of columns of a one-of-K unit."""
    out[...] = np.arange(len(out))[:, None] % out.shape[1] == np.arange(out.shape[1])


@op("{out} += log Σ exp({eta} + {A})", eta=reads(), A=reads(2, "f8"), out=updates(1, "f8"))
def add_log_sum_of_states(eta: Array, A: Array, out: Array) -> None:
    """Adds every row's log of the sum over states of exp(eta + A)."""
    total = eta + A
    most = total.max(axis=1)
    out += most + np.log(np.exp(total - most[:, None]).sum(axis=1))
