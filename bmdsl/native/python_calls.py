"""Machine code called from Python, with arrays and numbers as words in memory."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import types

DATA, LENGTHS = 4, 5
"""Words of an array before its address: two for its owner, entries, bytes of each; lengths and
strides come after. It is how numba's compiled functions take one.
"""
RESULTS: dict[str, Any] = {"": None, "i": ctypes.c_int64, "d": ctypes.c_double}
"""What a function returns: nothing, an integer, a floating-point number."""


def words_of(kind: Any) -> int:
    """How many words an argument of this numba type takes: an array those above, a number one."""
    return LENGTHS + 2 * kind.ndim if isinstance(kind, types.Array) else 1


def python_call(address: int, arguments: Sequence[Any], returns: str = "") -> Callable[..., Any]:
    """The function at this address, which takes the address of its arguments' words, for arguments
    of these numba types.

    Raises TypeError, when called, for an array of another type, or one whose numbers do not lie one
    after another. The interpreter's lock is free while it runs.
    """
    run = ctypes.CFUNCTYPE(RESULTS[returns], ctypes.c_char_p)(address)
    wanted: list[tuple[np.dtype[Any], int] | None] = []
    form = "="
    for kind in arguments:
        if isinstance(kind, types.Array):
            wanted.append((np.dtype(str(kind.dtype)), kind.ndim))
            form += "q" * words_of(kind)
        else:
            wanted.append(None)
            form += "d" if isinstance(kind, types.Float) else "q"
    pack = struct.Struct(form).pack

    def call(*given: Any) -> Any:
        words: list[Any] = []
        for x, kind in zip(given, wanted, strict=True):
            if kind is None:
                words.append(x)
                continue
            if x.dtype != kind[0] or x.ndim != kind[1] or not x.flags.c_contiguous:
                raise TypeError(f"an array of {x.dtype}, {x.shape}, where {kind} is wanted")
            words += (0, 0, x.size, x.itemsize, x.ctypes.data, *x.shape, *x.strides)
        try:
            packed = pack(*words)
        except struct.error:  # a seed of 2⁶³ or more, whose bits are what counts
            packed = pack(*map(_signed, words))
        return run(packed)

    return call


def _signed(x: Any) -> Any:
    """A whole number of 64 bits as the signed one of the same bits."""
    return x - (1 << 64) if isinstance(x, int) and x >> 63 == 1 else x
