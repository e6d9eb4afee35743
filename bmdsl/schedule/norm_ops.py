"""Kinds of op that make the norms of weight vectors alike."""

from __future__ import annotations

import numpy as np

from .ops import double, op, reads, updates, writes

Array = np.ndarray
TINY = 1e-12


@op(
    "{g}_j −= 2 {strength} (‖{W}_j‖ − {mu}) {W}_j / ‖{W}_j‖, columns j",
    indices="ij n ij n",
    W=reads(),
    mu=reads(1, "f8"),
    strength=double(),
    g=updates(),
    slope=writes(1, "f8"),
)
def pull_columns(W: Array, mu: Array, strength: float, g: Array, slope: Array) -> None:
    """Pulls the columns' norms to mu; slope = ∂P/∂mu = −2 strength Σ (norm − mu)."""
    norm = np.sqrt(np.square(W, dtype=np.float64).sum(axis=0, keepdims=True))
    g -= (2 * strength * (norm - mu[0]) / np.maximum(norm, TINY)).astype(W.dtype) * W
    slope[0] = -2 * strength * (norm - mu[0]).sum()


@op(
    "{g}_i −= 2 {strength} (‖{W}_i‖ − {mu}) {W}_i / ‖{W}_i‖, rows i",
    indices="ij n ij n",
    W=reads(),
    mu=reads(1, "f8"),
    strength=double(),
    g=updates(),
    slope=writes(1, "f8"),
)
def pull_rows(W: Array, mu: Array, strength: float, g: Array, slope: Array) -> None:
    """Pulls the rows' norms to mu; slope = ∂P/∂mu = −2 strength Σ (norm − mu)."""
    norm = np.sqrt(np.square(W, dtype=np.float64).sum(axis=1, keepdims=True))
    g -= (2 * strength * (norm - mu[0]) / np.maximum(norm, TINY)).astype(W.dtype) * W
    slope[0] = -2 * strength * (norm - mu[0]).sum()


@op(
    "slopes ±2 {coupling} ({mu} − {other})",
    mu=reads(1, "f8"),
    other=reads(1, "f8"),
    coupling=double(),
    slope=updates(1, "f8"),
    other_slope=updates(1, "f8"),
)
def draw_together(
    mu: Array, other: Array, coupling: float, slope: Array, other_slope: Array
) -> None:
    """Adds ∂/∂mu and ∂/∂other of coupling · (mu − other)² to their slopes."""
    apart = 2 * coupling * (mu[0] - other[0])
    slope[0] += apart
    other_slope[0] -= apart


@op(
    "{mu} −= {rate} {damping} {slope}",
    slope=reads(1, "f8"),
    rate=double(),
    damping=double(),
    mu=updates(1, "f8"),
)
def step_norm(slope: Array, rate: float, damping: float, mu: Array) -> None:
    """A step of a learnt mean norm down its slope."""
    mu[0] -= rate * damping * slope[0]
