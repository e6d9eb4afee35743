"""Numbers of one byte that stay so in memory: transforms that do the same to a number wherever it
stands are a table of what becomes of each of the 256, and are carried out as cases are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ...language.diagnostics import BmError
from ...plan.streams import of_event
from ..notice import quietly
from ..transform import Fitted

Array = np.ndarray
KINDS = 256
AT_ONCE = 1 << 17
"""Bytes that are looked up together: they and their places stay in the processor's cache."""


@dataclass(frozen=True)
class ByteTable:
    """`values` [256]: the number that a byte stands for."""

    values: Array

    @cached_property
    def _pairs(self) -> Array:
        """[65536]: two numbers that lie side by side, as one: half as many are looked up."""
        both = np.arange(KINDS**2).astype(np.uint16).view(np.uint8).reshape(-1, 2)
        return self.values[both].reshape(-1).view(np.result_type(self.values, np.complex64))

    def of(self, x: Array, rows: Array | slice = slice(None)) -> Array:
        """The numbers that the bytes of some rows stand for."""
        count = len(x) if isinstance(rows, slice) else len(rows)
        out = np.empty((count, *x.shape[1:]), self.values.dtype)
        step = max(1, AT_ONCE // max(1, prod(x.shape[1:])))
        for low in range(0, count, step):
            part = slice(low, low + step)
            self._fill(x[part if isinstance(rows, slice) else rows[part]], out[part])
        return out

    def _fill(self, x: Array, out: Array) -> None:
        bits, flat = x.reshape(-1).view(np.uint8), out.reshape(-1)
        whole = len(bits) // 2 * 2
        pairs = flat[:whole].view(self._pairs.dtype)
        np.take(self._pairs, bits[:whole].view(np.uint16), out=pairs, mode="clip")
        flat[whole:] = self.values[bits[whole:]]


def table_of(fitted: Fitted, dtype: np.dtype[Any]) -> ByteTable | None:
    """What becomes of each number of a type, by its bits; None where a transform does not
    take numbers one by one, or the type has more.

    NaN for those that a transform refuses: they are in none of the cases, which were looked at.
    """
    if dtype.itemsize != 1 or not fitted.steps or not fitted.by_number():
        return None
    bits = np.arange(KINDS).astype(np.uint8)
    numbers = bits != 0 if dtype.kind == "b" else bits.view(dtype)
    with quietly():
        made = [_made(fitted, numbers[k : k + 1]) for k in range(KINDS)]
    known = [x for x in made if x is not None]
    if not known:
        return None
    table = np.full(KINDS, np.nan, known[0].dtype)
    for k, x in enumerate(made):
        if x is not None:
            table[k] = x[0]
    return ByteTable(table)


def _made(fitted: Fitted, number: Array) -> Array | None:
    try:
        return fitted.apply(number, of_event("TRANSFORM", 0, 0))  # which draws nothing
    except BmError:
        return None
