"""All values together to an interval, as grey values 0 to 255 to [0, 1]."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Option, Word
from ..floats import as_float

WORD = Word(
    "scale",
    (Option("lo", "number", 0.0), Option("hi", "number", 1.0)),
    summary="smallest value to lo, largest to hi",
)


def fit(
    values: np.ndarray, weights: np.ndarray | None, lo: float = 0.0, hi: float = 1.0
) -> dict[str, np.ndarray]:
    """`min` and `max`, one for all features, so that images keep their contrast; weights do not
    matter.
    """
    return fit_parts(lambda: iter([(values, weights)]), lo, hi)


def fit_parts(
    parts: Callable[[], Iterator[tuple[np.ndarray, np.ndarray | None]]],
    lo: float = 0.0,
    hi: float = 1.0,
) -> dict[str, np.ndarray]:
    """What `fit` learns, from cases part after part, in one pass."""
    if not lo < hi:
        raise fail("BM721", f"`scale(lo = {lo:g}, hi = {hi:g})` needs lo below hi")
    smallest, largest = np.inf, -np.inf
    for values, _ in parts():
        x = as_float(values)
        present = x[~np.isnan(x)]
        if present.size:
            smallest = min(smallest, float(present.min()))
            largest = max(largest, float(present.max()))
    if not smallest < largest:
        raise fail(
            "BM721",
            (
                f"`scale` cannot stretch data whose values are all {smallest:g}"
                if smallest == largest
                else "`scale` found no values"
            ),
        )
    return {"min": np.array(smallest), "max": np.array(largest)}


def apply(
    values: np.ndarray,
    generator: np.random.Generator,
    learned: Mapping[str, np.ndarray],
    lo: float = 0.0,
    hi: float = 1.0,
) -> np.ndarray:
    """lo + (x - min) (hi - lo) / (max - min), for the smallest and the largest training value;
    others may pass the ends.
    """
    x = as_float(values)
    smallest, largest = float(learned["min"]), float(learned["max"])
    result = lo + (x - smallest) * ((hi - lo) / (largest - smallest))
    # Rounding may pass the ends by one unit in the last place, which a domain check would refuse.
    result = np.where((x >= smallest) & (x <= largest), np.clip(result, lo, hi), result)
    return result.astype(x.dtype)


def by_number(lo: float = 0.0, hi: float = 1.0) -> bool:
    """Always."""
    return True


def invert(
    values: np.ndarray, learned: Mapping[str, np.ndarray], lo: float = 0.0, hi: float = 1.0
) -> np.ndarray:
    """min + (y - lo) (max - min) / (hi - lo), in double precision."""
    smallest, largest = float(learned["min"]), float(learned["max"])
    return smallest + (values.astype(np.float64) - lo) * ((largest - smallest) / (hi - lo))
