"""All values together to an interval, as grey values 0 to 255 to [0, 1]."""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Option, Word
from ..floats import as_float

WORD = Word("scale", (Option("lo", "number", 0.0), Option("hi", "number", 1.0)), summary="smallest value to lo, largest to hi")


def apply(
    values: np.ndarray, generator: np.random.Generator, reference: np.ndarray | None = None, lo: float = 0.0, hi: float = 1.0
) -> np.ndarray:
    """lo + (x - min) (hi - lo) / (max - min), with one min and max for all features, so that images keep their contrast."""
    if not lo < hi:
        raise fail("BM721", f"`scale(lo = {lo:g}, hi = {hi:g})` needs lo below hi")
    x = as_float(values)
    basis = x if reference is None else as_float(reference)
    present = basis[~np.isnan(basis)]
    smallest, largest = (float(present.min()), float(present.max())) if present.size else (0.0, 0.0)
    if not smallest < largest:
        raise fail("BM721", f"`scale` cannot stretch data whose values are all {smallest:g}" if present.size else "`scale` found no values")
    result = lo + (x - smallest) * ((hi - lo) / (largest - smallest))
    if reference is None:
        # Rounding may pass the ends by one unit in the last place, which a domain check would refuse.
        result = np.clip(result, lo, hi)
    return result.astype(x.dtype)
