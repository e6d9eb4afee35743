"""Grey values to {0, 1}: by a threshold, or by drawing 1 with the value as its probability."""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Option, Word
from ..floats import as_float

WORD = Word(
    "binarize",
    (Option("how", "name", "threshold", choices=("threshold", "stochastic")), Option("at", "number", 0.5)),
    summary="0 or 1: value > at (threshold), or 1 with probability value (stochastic)",
)


def apply(
    values: np.ndarray, generator: np.random.Generator, reference: np.ndarray | None = None, how: str = "threshold", at: float = 0.5
) -> np.ndarray:
    """Floats 0 and 1, of the shape of `values`. `how = stochastic` needs values in [0, 1]."""
    x = as_float(values)
    missing = np.isnan(x)
    if how == "threshold":
        drawn = x > at
    else:
        if np.any((x < 0) | (x > 1)):
            raise fail(
                "BM721",
                f"`binarize(stochastic)` needs probabilities, but values run from {np.nanmin(x):g} to {np.nanmax(x):g}",
                help="put `scale` before it: `transform scale, binarize(stochastic)`",
            )
        # u < x with 0 <= u < 1: x = 0 never gives 1 and x = 1 always does.
        drawn = generator.random(x.shape, dtype=x.dtype.type) < x
    result = drawn.astype(x.dtype)
    result[missing] = np.nan
    return result
