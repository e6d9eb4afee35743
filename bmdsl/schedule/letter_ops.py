"""Kinds of op for products of arrays known by their letters: what is no matrix product of two of
them.
"""

from __future__ import annotations

import numpy as np

from .ops import op, reads, real, updates, whole, writes

Array = np.ndarray


@op("{out} = {x} ∘ {y}", x=reads(), y=reads(), out=writes())
def multiply(x: Array, y: Array, out: Array) -> None:
    """Entry times entry."""
    np.multiply(x, y, out=out)


@op("{out} = {x} {y}, row by row", x=reads(), y=reads(), depth=whole(), out=updates())
def add_row_products(x: Array, y: Array, depth: int, out: Array) -> None:
    """Adds a product of two matrices a row: x[r] as [·, depth], y[r] as [depth, ·]."""
    left, right = x.reshape(len(x), -1, depth), y.reshape(len(y), depth, -1)
    out += (left @ right).reshape(out.shape)


@op("{out} = Σ over columns of {x}", x=reads(), out=writes(1))
def sum_columns(x: Array, out: Array) -> None:
    """The sum of every row's entries."""
    out[...] = x.sum(axis=1)


@op("{out} = {x}, axes in another order", x=reads(1), axes=reads(2, "i8"), out=writes(1))
def permute(x: Array, axes: Array, out: Array) -> None:
    """The entries of x in another order of axes: `axes` holds the lengths and the strides in x of
    the axes of `out`.
    """
    out[...] = x[_places(axes)]


@op(
    "{out} += {scale} {x}, axes in another order",
    x=reads(1),
    axes=reads(2, "i8"),
    scale=real(),
    out=updates(1),
)
def add_permuted(x: Array, axes: Array, scale: float, out: Array) -> None:
    """Adds the entries of x in another order of axes: `axes` as in `permute`."""
    out += out.dtype.type(scale) * x[_places(axes)]


@op("{out} = {x}, axes of a row in another order", x=reads(), axes=reads(2, "i8"), out=writes())
def permute_rows(x: Array, axes: Array, out: Array) -> None:
    """The same for every row."""
    out[...] = x[:, _places(axes)]


def _places(axes: Array) -> Array:
    place = np.zeros(1, np.int64)
    for length, stride in axes.T:
        place = (place[:, None] + np.arange(length) * stride).reshape(-1)
    return place
