"""Weights of cases, as for sequences that are many times alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..language.diagnostics import fail
from .load import read_file

Weights = str | Path | np.ndarray | None
"""One number a case, or the file that holds them."""


def load_weights(source: Any, n: int) -> np.ndarray:
    """float64 [n], finite, non-negative, not all 0, from an array or any file that holds data: one
    number a case. Not normalized.
    """
    named = isinstance(source, str | Path)
    path = f"`{source}`" if named else "the array"
    try:
        weights = np.asarray(read_file(str(source)) if named else source, dtype=np.float64)
    except (TypeError, ValueError):
        raise fail(
            "BM731", f"weights from {path} are not numbers", help="give one number a case"
        ) from None
    if weights.ndim == 2 and 1 in weights.shape:
        weights = weights.reshape(-1)
    if weights.shape != (n,):
        raise fail(
            "BM731",
            f"weights from {path} have shape {weights.shape}, but there are {n} cases",
            help="give one number a case",
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise fail(
            "BM731",
            f"weight {row + 1} from {path} is {weights[row]:g}, but weights are finite and not"
            " negative",
        )
    if not weights.any():
        raise fail(
            "BM731",
            f"all {n} weights from {path} are 0",
            help="at least one case needs a positive weight",
        )
    return weights
