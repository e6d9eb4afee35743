"""Each feature to mean 0 and variance 1."""

from __future__ import annotations

import numpy as np

from ...language.vocabulary import Word
from ..floats import as_float

WORD = Word("standardize", summary="each feature to mean 0, variance 1; a constant feature to 0")


def apply(values: np.ndarray, generator: np.random.Generator, reference: np.ndarray | None = None) -> np.ndarray:
    """(x - mean) / standard deviation, feature by feature; a feature that is constant in the reference is centred only.

    Centred only, because dividing by a standard deviation of 0 would give NaN, and by one of rounding size noise.
    """
    x = as_float(values)
    basis = x if reference is None else as_float(reference)
    present = ~np.isnan(basis)
    count = np.maximum(present.sum(axis=0), 1)
    filled = np.where(present, basis, 0.0).astype(np.float64)
    mean = filled.sum(axis=0) / count
    deviation = np.where(present, filled - mean, 0.0)
    std = np.sqrt((deviation**2).sum(axis=0) / count)
    # Rounding leaves a constant feature a deviation of a few units in the last place of its size.
    constant = std <= 16 * np.finfo(np.float64).eps * np.abs(filled).max(axis=0, initial=0.0)
    return ((x - mean) / np.where(constant, 1.0, std)).astype(x.dtype)
