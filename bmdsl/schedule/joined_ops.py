"""Kinds of op that stand for two: a bias and the product that is added to it."""

from __future__ import annotations

import numpy as np

from .ops import op, reads, real, writes

Array = np.ndarray


@op(
    "{eta} = {b} + {scale} {x} {W}",
    indices="oj ri ij rj",
    b=reads(),
    x=reads(),
    W=reads(),
    scale=real(),
    eta=writes(),
)
def set_forward(b: Array, x: Array, W: Array, scale: float, eta: Array) -> None:
    """b + scale · x W."""
    eta[...] = b + (x @ W) * eta.dtype.type(scale)


@op(
    "{eta} = {b} + {scale} {x} {W}ᵀ",
    indices="oi rj ij ri",
    b=reads(),
    x=reads(),
    W=reads(),
    scale=real(),
    eta=writes(),
)
def set_backward(b: Array, x: Array, W: Array, scale: float, eta: Array) -> None:
    """b + scale · x Wᵀ."""
    eta[...] = b + (x @ W.T) * eta.dtype.type(scale)


@op(
    "{eta} = {b} + {scale} {x} {W}",
    indices="oj ri ij rj",
    b=reads(),
    x=reads(),
    low=real(),
    W=reads(),
    scale=real(),
    eta=writes(),
)
def set_forward_of_states(
    b: Array, x: Array, low: float, W: Array, scale: float, eta: Array
) -> None:
    """b + scale · x W for states x that are `low` or 1."""
    eta[...] = b + (x @ W) * eta.dtype.type(scale)


@op(
    "{eta} = {b} + {scale} {x} {W}ᵀ",
    indices="oi rj ij ri",
    b=reads(),
    x=reads(),
    low=real(),
    W=reads(),
    scale=real(),
    eta=writes(),
)
def set_backward_of_states(
    b: Array, x: Array, low: float, W: Array, scale: float, eta: Array
) -> None:
    """b + scale · x Wᵀ for states x that are `low` or 1."""
    eta[...] = b + (x @ W.T) * eta.dtype.type(scale)
