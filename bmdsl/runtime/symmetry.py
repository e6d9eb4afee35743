"""Symmetric parameters: both sides the same, θ_ij = θ_ji, and a diagonal of zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..language.diagnostics import BmError, fail
from ..language.model import Parameter

Array = np.ndarray
ROUNDING = 1e-6
"""How far two sides may be apart, in units of the largest entry, to be put down to rounding."""


def settled(p: Parameter, value: Any, source: str) -> Array:
    """The values that a symmetric parameter takes: its own where both sides agree, else those of
    the side that it asks for, or their mean.

    Sides that differ by rounding get their mean. Any other parameter's values are returned as they
    are, and so are arrays of another form, which are refused for that. `source`: whose values they
    are, for the message. Raises BM112 if the sides differ, BM113 if the diagonal is not 0.
    """
    x = np.asarray(value)
    if not p.symmetric or x.ndim != 2 or x.shape[0] != x.shape[1] or x.dtype.kind not in "biuf":
        return x
    diagonal = np.diagonal(x)
    if len(places := np.flatnonzero((diagonal != 0) & ~np.isnan(diagonal))):
        i = int(places[0])
        raise fail(
            "BM113",
            f"`{p.name}` is symmetric, so that its diagonal is 0, but {source} has"
            f" {p.name}[{i},{i}] = {x[i, i]:g}",
            p.span,
            help="set it to 0: a term of a unit with itself is one of its own, as `- d[i] v[i]^2`",
        )
    if np.array_equal(x, x.T, equal_nan=x.dtype.kind == "f"):
        return x
    if isinstance(p.symmetric, str):
        side = {"upper": np.triu(x, 1), "lower": np.tril(x, -1), "mean": x / 2}[p.symmetric]
        return np.asarray(side + side.T)
    wide = x.astype(np.float64)
    apart = np.abs(wide - wide.T) > ROUNDING * np.abs(wide).max(
        where=np.isfinite(wide), initial=0.0
    )
    if apart.any():
        raise _differ(p, x, np.argwhere(apart)[0], source)
    return (wide + wide.T) / 2


def _differ(p: Parameter, x: Array, place: Array, source: str) -> BmError:
    i, j = map(int, place)
    values = f"{p.name}[{i},{j}] = {x[i, j]:g} and {p.name}[{j},{i}] = {x[j, i]:g}"
    if f"{x[i, j]:g}" == f"{x[j, i]:g}":
        values = f"{p.name}[{i},{j}] = {x[i, j]!r} and {p.name}[{j},{i}] = {x[j, i]!r}"
    ways = (
        "`symmetric(upper)` or `symmetric(lower)` takes one side, `symmetric(mean)` the mean;"
        " without `symmetric` they are two parameters"
    )
    return fail("BM112", f"`{p.name}` is symmetric, but {source} has {values}", p.span, help=ways)
