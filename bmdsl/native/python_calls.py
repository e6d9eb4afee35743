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


class PythonCall:
    """A function at an address that takes the address of its arguments' words, for arguments of
    these numba types.

    Raises TypeError, when called, for an array of another type, or one whose numbers do not lie one
    after another. The interpreter's lock is free while it runs.
    """

    def __init__(self, address: int, arguments: Sequence[Any], returns: str = "") -> None:
        self._run = ctypes.CFUNCTYPE(RESULTS[returns], ctypes.c_char_p)(address)
        self._wanted: list[tuple[np.dtype[Any], int] | None] = []
        form = "="
        for kind in arguments:
            if isinstance(kind, types.Array):
                self._wanted.append((np.dtype(str(kind.dtype)), kind.ndim))
                form += "q" * words_of(kind)
            else:
                self._wanted.append(None)
                form += "d" if isinstance(kind, types.Float) else "q"
        self._pack = struct.Struct(form).pack

    def __call__(self, *given: Any) -> Any:
        return self._run(self._packed(given))

    def fixed(self, *given: Any) -> Callable[[], Any]:
        """The call with these arguments, to be made again and again: arrays are read and written
        where they lie.
        """
        run, packed = self._run, self._packed(given)

        def call(_alive: tuple[Any, ...] = given) -> Any:
            return run(packed)

        return call

    def _packed(self, given: Sequence[Any]) -> bytes:
        words: list[Any] = []
        for x, kind in zip(given, self._wanted, strict=True):
            if kind is None:
                words.append(x)
                continue
            if x.dtype != kind[0] or x.ndim != kind[1] or not x.flags.c_contiguous:
                raise TypeError(f"an array of {x.dtype}, {x.shape}, where {kind} is wanted")
            words += (0, 0, x.size, x.itemsize, x.ctypes.data, *x.shape, *x.strides)
        try:
            return self._pack(*words)
        except struct.error:  # a seed of 2⁶³ or more, whose bits are what counts
            return self._pack(*map(_signed, words))


def _signed(x: Any) -> Any:
    """A whole number of 64 bits as the signed one of the same bits."""
    return x - (1 << 64) if isinstance(x, int) and x >> 63 == 1 else x
