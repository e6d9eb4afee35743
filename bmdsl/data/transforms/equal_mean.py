"""Each case scaled so that all have the same mean: light and exposure taken out of grey images."""

from __future__ import annotations

import numpy as np

from ...language.vocabulary import Word
from ..floats import as_float

WORD = Word("equal_mean", summary="each case multiplied so that all have one mean: differences of light taken out")


def apply(values: np.ndarray, generator: np.random.Generator, reference: np.ndarray | None = None) -> np.ndarray:
    """x · m / mean(x), m the mean of all training cases; a case of mean 0 stays (Nair & Hinton 2008, section 4.2)."""
    x = as_float(values)
    basis = x if reference is None else as_float(reference)
    axes = tuple(range(1, x.ndim))
    own = np.nanmean(x, axis=axes, keepdims=True, dtype=np.float64)
    return (x * np.where(own == 0, 1.0, np.nanmean(basis, dtype=np.float64) / np.where(own == 0, 1.0, own))).astype(x.dtype)
