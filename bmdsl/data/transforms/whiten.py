"""Features without correlation, each direction of variance 1, turned back into the features' own
places (ZCA; Bell & Sejnowski 1997).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Option, Word
from ..floats import as_float

WORD = Word(
    "whiten",
    (Option("ridge", "number", 0.01, low=0),),
    summary="features without correlation, every direction of variance 1",
)


def fit(
    values: np.ndarray, weights: np.ndarray | None, ridge: float = 0.01
) -> dict[str, np.ndarray]:
    """`mean` μ [features] and `turn` U (Λ + ridge · mean Λ)^−½ Uᵀ, for the covariance U Λ Uᵀ over
    cases; no missing values.

    The ridge keeps directions of hardly any variance, as noise and what rounding leaves, from being
    blown up.
    """
    flat = _whole(values).astype(np.float64).reshape(len(values), -1)
    w = np.full(len(flat), 1 / max(1, len(flat))) if weights is None else weights / weights.sum()
    mean = w @ flat
    return _learned(mean, ((flat - mean) * w[:, None]).T @ (flat - mean), ridge)


def fit_parts(
    parts: Callable[[], Iterator[tuple[np.ndarray, np.ndarray | None]]], ridge: float = 0.01
) -> dict[str, np.ndarray]:
    """What `fit` learns, from cases and their weights part after part, in one pass: means and sums
    of products of deviations are joined as `standardize` joins its own.
    """
    count, mean, products = 0.0, np.zeros(()), np.zeros(())
    for values, weights in parts():
        flat = _whole(values).astype(np.float64).reshape(len(values), -1)
        w = np.ones(len(flat)) if weights is None else weights
        here = float(w.sum())
        if not here:
            continue
        own = w @ flat / here
        share = here / (count + here)
        apart = own - mean
        products = (
            products
            + ((flat - own) * w[:, None]).T @ (flat - own)
            + count * share * np.multiply.outer(apart, apart)
        )
        mean, count = mean + apart * share, count + here
    return _learned(mean, products / max(count, 1e-300), ridge)


def _learned(mean: np.ndarray, covariance: np.ndarray, ridge: float) -> dict[str, np.ndarray]:
    spread, axes = np.linalg.eigh(covariance)
    if not spread[-1] > 0:
        raise fail("BM721", "`whiten` cannot stretch data that never change")
    return {
        "mean": mean,
        "turn": (axes / np.sqrt(np.maximum(spread, 0) + ridge * spread.mean())) @ axes.T,
    }


def apply(
    values: np.ndarray,
    generator: np.random.Generator,
    learned: Mapping[str, np.ndarray],
    ridge: float = 0.01,
) -> np.ndarray:
    """(x − μ) turned."""
    x = _whole(values)
    return (
        ((x.reshape(len(x), -1) - learned["mean"]) @ learned["turn"])
        .reshape(x.shape)
        .astype(x.dtype)
    )


def invert(
    values: np.ndarray, learned: Mapping[str, np.ndarray], ridge: float = 0.01
) -> np.ndarray:
    """μ + y turned back, in double precision."""
    turned = np.linalg.solve(
        learned["turn"], values.reshape(len(values), -1).astype(np.float64).T
    ).T
    return (learned["mean"] + turned).reshape(values.shape)


def _whole(values: np.ndarray) -> np.ndarray:
    x = as_float(values)
    if np.isnan(x).any():
        raise fail(
            "BM721",
            "`whiten` needs whole cases, but values are missing",
            help="leave out the cases that have gaps",
        )
    return x
