"""Kinds of op of chains on their way from one distribution to another: fields moved by a row, and
one inverse temperature for all rows.
"""

from __future__ import annotations

import numpy as np

from .ops import op, reads, real, updates, writes

Array = np.ndarray


@op("{eta} += {scale} {a}", indices="oj rj", a=reads(), scale=real(), eta=updates())
def shift_rows(a: Array, scale: float, eta: Array) -> None:
    """Adds a multiple of a to every row."""
    eta += eta.dtype.type(scale) * a


@op("{out} = {value}", value=real(), out=writes(1))
def fill(value: float, out: Array) -> None:
    """Every entry is one number."""
    out[:] = value
