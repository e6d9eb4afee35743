"""Features without correlation, each direction of variance 1, turned back into the features' own places (ZCA; Bell & Sejnowski 1997)."""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Option, Word
from ..floats import as_float

WORD = Word("whiten", (Option("ridge", "number", 0.01, low=0),), summary="features without correlation, every direction of variance 1")


def apply(values: np.ndarray, generator: np.random.Generator, reference: np.ndarray | None = None, ridge: float = 0.01) -> np.ndarray:
    """(x − mean) U (Λ + ridge · mean Λ)^−½ Uᵀ, for the covariance U Λ Uᵀ over cases; missing values are not possible.

    The ridge keeps directions of hardly any variance, as noise and what rounding leaves, from being blown up."""
    x = as_float(values)
    basis = (x if reference is None else as_float(reference)).astype(np.float64)
    flat = basis.reshape(len(basis), -1)
    if np.isnan(flat).any() or np.isnan(x).any():
        raise fail("BM721", "`whiten` needs whole cases, but values are missing", help="leave out the cases that have gaps")
    mean = flat.mean(axis=0)
    spread, axes = np.linalg.eigh((flat - mean).T @ (flat - mean) / len(flat))
    if not spread[-1] > 0:
        raise fail("BM721", "`whiten` cannot stretch data that never change")
    turn = (axes / np.sqrt(np.maximum(spread, 0) + ridge * spread.mean())) @ axes.T
    return ((x.reshape(len(x), -1) - mean) @ turn).reshape(x.shape).astype(x.dtype)
