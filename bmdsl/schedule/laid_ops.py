"""Kinds of op for parameters that are laid out once for several products.

Where the processor multiplies by tiles, a product begins by writing its factors in digits
(`kernels.tile_layouts`). A parameter that several products have between two of its steps is written
once: `lay_columns` and `lay_rows` do so, and the twin of a product, its name with `_laid`, takes
what they made. Whoever has no use for it, NumPy or a processor without tiles, multiplies by the
parameter itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np

from . import joined_ops, standard  # noqa: F401  # their kinds have twins
from .ops import KINDS, op, passed, reads, writes

Array = np.ndarray
LAID = "_laid"
"""What the name of a product's twin ends with."""
TILE, DEPTH, LINES = 256, 64, 16
"""Words of a tile, and the summands and lines that it has a digit of."""
DIGITS = 3
MOST_DEEP = 512
"""Summands that are multiplied before the next ones are."""


def depth_of_part(k: int) -> int:
    """How many of k summands are multiplied before the next ones are: whole tiles."""
    return ceil(k / ceil(k / MOST_DEEP) / DEPTH) * DEPTH


def layout_shape(lines: int, k: int) -> tuple[int, int]:
    """Strips of sixteen lines of k summands, and words of each: tiles of digits, what a digit is
    worth for every line and part of the summands, and 16 words, the last of which says whether the
    parameter is laid out.
    """
    parts = ceil(k / depth_of_part(k))
    return ceil(lines / LINES), TILE * DIGITS * ceil(k / DEPTH) + LINES * parts + LINES


@op(
    "{laid} = the digits of {W}, column by column",
    W=reads(),
    eta=passed(),
    laid=writes(2, "i4"),
)
def lay_columns(W: Array, eta: Array, laid: Array) -> None:
    """Lays W out for x W, if products that make as many rows as eta are worth it. NumPy has no use
    for it.
    """
    laid[:, -1] = 0


@op(
    "{laid} = the digits of {W}, row by row",
    W=reads(),
    eta=passed(),
    laid=writes(2, "i4"),
)
def lay_rows(W: Array, eta: Array, laid: Array) -> None:
    """Lays W out for x Wᵀ, if products that make as many rows as eta are worth it. NumPy has no use
    for it.
    """
    laid[:, -1] = 0


@op("{laid} = nothing", laid=writes(2, "i4"))
def lay_nothing(laid: Array) -> None:
    """Says that a parameter is not laid out."""
    laid[:, -1] = 0


def _without(reference: Callable[..., None], place: int) -> Callable[..., None]:
    def multiply(*given: Any) -> None:
        reference(*given[:place], *given[place + 1 :])

    multiply.__doc__ = reference.__doc__
    return multiply


def _enter_twin(name: str) -> None:
    kind = KINDS[name]
    names = [n for n, _ in kind.arguments]
    place = names.index("W") + 1
    letters = sum(1 for _, takes in kind.arguments[:place] if takes.axes)
    made = replace(
        kind,
        name=name + LAID,
        arguments=(*kind.arguments[:place], ("laid", reads(2, "i4")), *kind.arguments[place:]),
        indices=(*kind.indices[:letters], "sw", *kind.indices[letters:]),
        reference=_without(kind.reference, place),
    )
    KINDS[made.name] = made


for _begin in ("add", "set"):
    for _way in ("forward", "backward"):
        for _end in ("", "_of_states"):
            _enter_twin(f"{_begin}_{_way}{_end}")
