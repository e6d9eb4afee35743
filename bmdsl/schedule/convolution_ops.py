"""Kinds of op for terms that reach units by index arithmetic, convolutions above all.

`runs` say how a group's states become a matrix [row, site]: runs of even steps, each (row and site
where it begins, first column, length, step); none where the states are this very matrix.
"""

from __future__ import annotations

import numpy as np

from .ops import op, reads, real, updates, whole, writes

Array = np.ndarray


@op(
    "{eta} += {scale} {W} ∗ {x}",
    x=reads(),
    runs_x=reads(2, "i8"),
    W=reads(),
    turned=whole(),
    sites=whole(),
    runs_eta=reads(2, "i8"),
    scale=real(),
    eta=updates(),
)
def convolve(
    x: Array,
    runs_x: Array,
    W: Array,
    turned: int,
    sites: int,
    runs_eta: Array,
    scale: float,
    eta: Array,
) -> None:
    """Adds scale · W x at every site, or Wᵀ x if `turned`, each case's states as matrices [row,
    site].
    """
    matrix = W.T if turned else W
    columns = columns_of(runs_x, matrix.shape[1], sites, x.shape[1])
    into = columns_of(runs_eta, matrix.shape[0], sites, eta.shape[1])
    seen = _gathered(x, columns)
    made = np.einsum("ab,rbs->ras", matrix, seen) * eta.dtype.type(scale)
    there = into >= 0
    for r in range(len(eta)):
        np.add.at(eta[r], into[there], made[r][there])


@op(
    "{out} += Σ over sites of {y} ⊗ {x}",
    y=reads(),
    runs_y=reads(2, "i8"),
    x=reads(),
    runs_x=reads(2, "i8"),
    sites=whole(),
    w=reads(1),
    scale=real(),
    out=updates(),
    adds_to="out",
)
def add_convolved_moment(
    y: Array,
    runs_y: Array,
    x: Array,
    runs_x: Array,
    sites: int,
    w: Array,
    scale: float,
    out: Array,
) -> None:
    """Adds scale · Σ over cases and sites of w y ⊗ x; an empty w weighs all cases the same."""
    left = _gathered(y, columns_of(runs_y, out.shape[0], sites, y.shape[1]))
    right = _gathered(x, columns_of(runs_x, out.shape[1], sites, x.shape[1]))
    if len(w):
        left = left * w[:, None, None]
    out += np.einsum("ras,rbs->ab", left, right) * out.dtype.type(scale)


@op("{out} = {x} at these columns", x=reads(), columns=reads(1, "i8"), out=writes())
def gather_columns(x: Array, columns: Array, out: Array) -> None:
    """The entries of every row at these columns, 0 where a column is negative."""
    out[...] = np.where(columns >= 0, x[:, np.maximum(columns, 0)], 0)


@op(
    "{out} += {scale} {x} at these columns",
    x=reads(),
    columns=reads(1, "i8"),
    scale=real(),
    out=updates(),
)
def scatter_columns(x: Array, columns: Array, scale: float, out: Array) -> None:
    """Adds every entry of a row to its column; negative columns are left out."""
    there = columns >= 0
    for into, own in zip(out, x, strict=True):
        np.add.at(into, columns[there], out.dtype.type(scale) * own[there])


def columns_of(runs: Array, rows: int, sites: int, size: int) -> Array:
    """The column of every row and site, −1 where nothing is."""
    if not len(runs):
        return np.arange(size).reshape(rows, sites)
    columns = np.full((rows, sites), -1)
    for row, site, column, length, step in runs:
        columns[row, site : site + length] = column + step * np.arange(length)
    return columns


def _gathered(x: Array, columns: Array) -> Array:
    return np.where(columns >= 0, x[:, np.maximum(columns, 0)], 0)
