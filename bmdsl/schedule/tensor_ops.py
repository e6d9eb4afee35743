"""Kinds of op for terms of three groups: one parameter [n0, n1, n2], given as [n0, n1 · n2].

Where one group is a one-of-K unit in a definite state, that state picks a slice, which is all that
is read or written. Otherwise a product with the unfolded parameter does the work.
"""

from __future__ import annotations

import numpy as np

from .ops import op, reads, real, updates, whole, writes

Array = np.ndarray


@op("{out} = {x} ⊗ {y}, row by row", x=reads(), y=reads(), out=writes())
def pair_rows(x: Array, y: Array, out: Array) -> None:
    """All products of an entry of x and one of y, row by row: [row, x · y]."""
    out[...] = (x[:, :, None] * y[:, None, :]).reshape(out.shape)


@op("{eta} += {scale} {y} {U}, row by row", y=reads(), U=reads(), scale=real(), eta=updates())
def add_rowwise_forward(y: Array, U: Array, scale: float, eta: Array) -> None:
    """Adds scale · y U with a matrix [y, eta] of every row's own."""
    matrices = U.reshape(len(y), y.shape[1], eta.shape[1])
    eta += (y[:, None, :] @ matrices)[:, 0] * eta.dtype.type(scale)


@op("{eta} += {scale} {U} {y}, row by row", y=reads(), U=reads(), scale=real(), eta=updates())
def add_rowwise_backward(y: Array, U: Array, scale: float, eta: Array) -> None:
    """Adds scale · U y with a matrix [eta, y] of every row's own."""
    matrices = U.reshape(len(y), eta.shape[1], y.shape[1])
    eta += (matrices @ y[:, :, None])[:, :, 0] * eta.dtype.type(scale)


@op(
    "{eta} += {scale} {x} · the slices of {W} that {z} picks",
    x=reads(),
    z=reads(),
    W=reads(),
    target=whole(),
    state=whole(),
    scale=real(),
    eta=updates(),
)
def add_slices(
    x: Array, z: Array, W: Array, target: int, state: int, scale: float, eta: Array
) -> None:
    """Adds scale · Σ W x over the axis of x, at the states z of the axis `state`, on the axis
    `target`.
    """
    other = 3 - target - state
    shape = [0, 0, 0]
    shape[target], shape[state], shape[other] = eta.shape[1], z.shape[1], x.shape[1]
    picked = np.transpose(W.reshape(shape), (state, other, target))[z.argmax(axis=1)]
    eta += np.einsum("rq,rqt->rt", x, picked) * eta.dtype.type(scale)


@op(
    "the slices of {out} that {z} picks += {scale} {x} ⊗ {y}",
    x=reads(),
    y=reads(),
    z=reads(),
    state=whole(),
    scale=real(),
    out=updates(),
    adds_to="out",
)
def add_moment_of_slices(
    x: Array, y: Array, z: Array, state: int, scale: float, out: Array
) -> None:
    """Adds scale · Σ over rows of x ⊗ y ⊗ z, the states z on the axis `state`, x before y on the
    others.
    """
    order = {0: "rk,ri,rj->kij", 1: "rk,ri,rj->ikj", 2: "rk,ri,rj->ijk"}[state]
    made = np.einsum(order, z, x, y)
    out += made.reshape(out.shape) * out.dtype.type(scale)
