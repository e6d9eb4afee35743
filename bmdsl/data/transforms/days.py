"""Dates as days since the first one of the training cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from ...language.vocabulary import Word
from ..floats import as_float

WORD = Word("days", summary="a column of dates as days since the first one of the training cases")
DATES = True


def fit(values: np.ndarray, weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """`first`: the least value of every feature; 0 where all are missing."""
    return fit_parts(lambda: iter([(values, weights)]))


def fit_parts(
    parts: Callable[[], Iterator[tuple[np.ndarray, np.ndarray | None]]],
) -> dict[str, np.ndarray]:
    """What `fit` learns, from cases part after part, in one pass."""
    first: np.ndarray | None = None
    for values, _ in parts():
        x = as_float(values)
        least = np.where(np.isnan(x), np.inf, x).min(axis=0, initial=np.inf)
        first = least if first is None else np.minimum(first, least)
    found = np.zeros(()) if first is None else first
    return {"first": np.where(np.isfinite(found), found, 0.0)}


def apply(
    values: np.ndarray, generator: np.random.Generator, learned: Mapping[str, np.ndarray]
) -> np.ndarray:
    """x - first, feature by feature; negative before the first date of the training cases."""
    x = as_float(values)
    return (x - learned["first"]).astype(x.dtype)


def invert(values: np.ndarray, learned: Mapping[str, np.ndarray]) -> np.ndarray:
    """First + y, in double precision: of dates of today single precision has minutes."""
    return learned["first"] + values.astype(np.float64)
