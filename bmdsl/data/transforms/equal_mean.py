"""Each case scaled so that all have the same mean: light and exposure taken out of grey images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from ...language.vocabulary import Word
from ..floats import as_float

WORD = Word(
    "equal_mean",
    summary="each case multiplied so that all have one mean: differences of light taken out",
)


def fit(values: np.ndarray, weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """`mean`: that of all entries of the training cases."""
    return fit_parts(lambda: iter([(values, weights)]))


def fit_parts(
    parts: Callable[[], Iterator[tuple[np.ndarray, np.ndarray | None]]],
) -> dict[str, np.ndarray]:
    """What `fit` learns, from cases and their weights part after part, in one pass."""
    total = count = 0.0
    for values, weights in parts():
        x = as_float(values).reshape(len(values), -1)
        w = np.ones(len(x)) if weights is None else weights
        count += float(w @ (~np.isnan(x)).sum(axis=1))
        total += float(w @ np.nansum(x, axis=1, dtype=np.float64))
    return {"mean": np.array(total / count if count else 0.0)}


def apply(
    values: np.ndarray, generator: np.random.Generator, learned: Mapping[str, np.ndarray]
) -> np.ndarray:
    """x · m / mean(x), m the mean of all training cases; a case of mean 0 stays (Nair & Hinton
    2008, section 4.2).
    """
    x = as_float(values)
    axes = tuple(range(1, x.ndim))
    own = np.nanmean(x, axis=axes, keepdims=True, dtype=np.float64)
    return (x * np.where(own == 0, 1.0, learned["mean"] / np.where(own == 0, 1.0, own))).astype(
        x.dtype
    )
