"""Grey values to {0, 1}: by a threshold, or by drawing 1 with the value as its probability."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from math import floor
from typing import Any

import numpy as np

from ...language.diagnostics import BmWarning, Diagnostic, fail
from ...language.vocabulary import Option, Word
from ..floats import as_float, float_type
from ..notice import is_quiet

WORD = Word(
    "binarize",
    (
        Option("how", "name", "threshold", choices=("threshold", "stochastic")),
        Option("at", "number", 0.5),
    ),
    summary="0 or 1: value > at (threshold), or 1 with probability value (stochastic)",
)

HALF = 0.5
"""The threshold that is meant for values of [0, 1]."""
MAX_SHARE = 0.995
"""Share of entries on one side of the threshold from which on a warning is given."""


def apply(
    values: np.ndarray,
    generator: np.random.Generator,
    learned: Mapping[str, np.ndarray],
    how: str = "threshold",
    at: float = 0.5,
) -> np.ndarray:
    """Floats 0 and 1, of the shape of `values`. `how = stochastic` needs values in [0, 1]."""
    x = np.asarray(values)
    # whole numbers are compared as they are: bytes are a quarter of what they are as floats
    limit: float = at
    if x.dtype.kind in "iub" and how == "threshold":
        x, limit = (x.view(np.uint8) if x.dtype.kind == "b" else x), floor(at)
    else:
        x = as_float(x)
    low, high = _range(x, np.min, np.max)
    whole = not np.isnan(low)
    if not whole:
        missing = np.isnan(x)
        low, high = _range(x, np.nanmin, np.nanmax)
    if how == "threshold":
        if at == HALF and (low < 0 or high > 1):
            raise fail(
                "BM721",
                f"`binarize(threshold)` divides values of [0, 1] at {at:g}, but these run from"
                f" {np.nanmin(x):g} to {np.nanmax(x):g}",
                help=(
                    "real numbers: `visible v[D] : gaussian`, as `gbrbm` has them; or put `scale`"
                    " before it: `transform scale, binarize(threshold)`; or a threshold among"
                    f" them: `at = {_middle(x):g}`"
                ),
            )
        drawn = x > limit
        _warn_if_one_sided(x if whole else x[~missing], drawn if whole else drawn[~missing], at)
    else:
        if low < 0 or high > 1:
            raise fail(
                "BM721",
                f"`binarize(stochastic)` needs probabilities, but values run from {np.nanmin(x):g}"
                f" to {np.nanmax(x):g}",
                help="put `scale` before it: `transform scale, binarize(stochastic)`",
            )
        # u < x with 0 <= u < 1: x = 0 never gives 1 and x = 1 always does.
        drawn = generator.random(x.shape, dtype=x.dtype.type) < x
    result = drawn.astype(float_type(x.dtype))
    if not whole:
        result[missing] = np.nan
    return result


def by_number(how: str = "threshold", at: float = 0.5) -> bool:
    """By a threshold, and not where numbers are drawn."""
    return how == "threshold"


def _range(
    x: np.ndarray, least: Callable[..., Any], most: Callable[..., Any]
) -> tuple[float, float]:
    """The least and the most of the values and HALF."""
    if x.dtype.kind == "f":
        return float(least(x, initial=HALF)), float(most(x, initial=HALF))
    if not x.size:
        return HALF, HALF
    return min(int(least(x)), HALF), max(int(most(x)), HALF)


def _middle(x: np.ndarray) -> float:
    return (float(np.nanmin(x)) + float(np.nanmax(x))) / 2


def _warn_if_one_sided(x: np.ndarray, drawn: np.ndarray, at: float) -> None:
    """Warns BM722 if nearly all values fall on one side, unless they are 0 and 1 already."""
    if is_quiet():
        return
    share = np.count_nonzero(drawn) / drawn.size if drawn.size else 0.5
    if MAX_SHARE > share > 1 - MAX_SHARE or np.all((x == 0) | (x == 1)):
        return
    side = "above" if share > 0.5 else "below"
    text = (
        f"{100 * max(share, 1 - share):.1f} % of the values are {side} the threshold {at:g}: hardly"
        " anything is left to learn"
    )
    help = (
        f"values run from {x.min():g} to {x.max():g}, half of them are below {np.median(x):g}:"
        " `binarize(threshold, at = ...)`"
    )
    warnings.warn(
        BmWarning(Diagnostic("BM722", text, None, helps=(help,), level="warning")), stacklevel=2
    )
