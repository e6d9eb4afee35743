"""Logarithms, for positive values that are skewed, as incomes and durations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Option, Word
from ..floats import as_float

WORD = Word(
    "log",
    (Option("shift", "number", 0.0, low=0.0),),
    summary="log(x + shift), for positive values that are skewed, as incomes",
)


def apply(
    values: np.ndarray,
    generator: np.random.Generator,
    learned: Mapping[str, np.ndarray],
    shift: float = 0.0,
) -> np.ndarray:
    """log(x + shift). BmError BM721 where that is not positive."""
    x = as_float(values)
    low = float(np.nanmin(x)) if x.size and not np.isnan(x).all() else 1.0
    if low + shift <= 0:
        raise fail(
            "BM721",
            f"`log(shift = {shift:g})` needs values above {0 - shift:g}, the least is {low:g}",
            help=f"a shift makes them positive: `log(shift = {np.ceil(1 - low):g})`",
        )
    return np.log(x + x.dtype.type(shift))


def by_number(shift: float = 0.0) -> bool:
    """Always."""
    return True


def invert(values: np.ndarray, learned: Mapping[str, np.ndarray], shift: float = 0.0) -> np.ndarray:
    """exp(y) - shift, in double precision."""
    return np.exp(values.astype(np.float64)) - shift
