"""Each feature to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from ...language.vocabulary import Word
from ..floats import as_float

WORD = Word("standardize", summary="each feature to mean 0, variance 1; a constant feature to 0")


def fit(values: np.ndarray, weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """`mean` and `std` of every feature over the training cases; a feature that is constant in them
    has `std` 1.

    Such a feature is centred only, because dividing by a standard deviation of 0 would give NaN,
    and by one of rounding size noise.
    """
    x = as_float(values)
    w = (np.ones(len(x)) if weights is None else weights).reshape(-1, *[1] * (x.ndim - 1))
    present = np.where(np.isnan(x), 0.0, w)
    count = present.sum(axis=0)
    count = np.where(count > 0, count, 1.0)
    filled = np.where(present > 0, x, 0.0).astype(np.float64)
    mean = (present * filled).sum(axis=0) / count
    deviation = np.where(present > 0, filled - mean, 0.0)
    std = np.sqrt((present * deviation**2).sum(axis=0) / count)
    return _learned(mean, std, np.abs(filled).max(axis=0, initial=0.0))


def fit_parts(
    parts: Callable[[], Iterator[tuple[np.ndarray, np.ndarray | None]]],
) -> dict[str, np.ndarray]:
    """What `fit` learns, from cases and their weights part after part, in one pass.

    Means and sums of squared deviations of two parts a, b are joined by their difference δ:
    M = M_a + M_b + δ² n_a n_b / (n_a + n_b) (Chan, Golub & LeVeque 1983).
    """
    count = mean = squares = largest = np.zeros(())
    for values, weights in parts():
        x = as_float(values)
        w = (np.ones(len(x)) if weights is None else weights).reshape(-1, *[1] * (x.ndim - 1))
        present = np.where(np.isnan(x), 0.0, w)
        filled = np.where(present > 0, x, 0.0).astype(np.float64)
        here = present.sum(axis=0)
        safe = np.where(here > 0, here, 1.0)
        own = (present * filled).sum(axis=0) / safe
        spread = (present * np.where(present > 0, filled - own, 0.0) ** 2).sum(axis=0)
        total = count + here
        share = here / np.where(total > 0, total, 1.0)
        squares = squares + spread + (own - mean) ** 2 * count * share
        mean = mean + (own - mean) * share
        largest = np.maximum(largest, np.abs(filled).max(axis=0, initial=0.0))
        count = total
    return _learned(mean, np.sqrt(squares / np.where(count > 0, count, 1.0)), largest)


def _learned(mean: np.ndarray, std: np.ndarray, largest: np.ndarray) -> dict[str, np.ndarray]:
    # Rounding leaves a constant feature a deviation of a few units in the last place of its size.
    constant = std <= 16 * np.finfo(np.float64).eps * largest
    return {"mean": mean, "std": np.where(constant, 1.0, std)}


def apply(
    values: np.ndarray, generator: np.random.Generator, learned: Mapping[str, np.ndarray]
) -> np.ndarray:
    """(x - mean) / standard deviation, feature by feature."""
    x = as_float(values)
    return ((x - learned["mean"]) / learned["std"]).astype(x.dtype)


def invert(values: np.ndarray, learned: Mapping[str, np.ndarray]) -> np.ndarray:
    """Mean + standard deviation · y, in double precision: features may be far from 0 and close
    together.
    """
    return learned["mean"] + learned["std"] * values.astype(np.float64)
