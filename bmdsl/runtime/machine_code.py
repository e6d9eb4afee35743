"""Functions made of LLVM's text, called from Python with arrays and numbers."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import types

from .lowering import ENTRY, LENGTHS

_alive: list[Any] = []
"""Engines whose code is in use."""


@cache
def _machine() -> Any:
    """The processor that code is made for."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=0,
        codemodel="jitdefault",
    )


def made_of(text: str, arguments: Sequence[Any]) -> Callable[..., None]:
    """The function that this text defines, for arguments of these numba types.

    Raises TypeError, when called, for an array of another type, or one whose numbers do not lie one
    after another. The interpreter's lock is free while it runs.
    """
    module = llvm.parse_assembly(text)
    module.verify()
    engine = llvm.create_mcjit_compiler(module, _machine())
    engine.finalize_object()
    _alive.append(engine)
    run = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(engine.get_function_address(ENTRY))
    wanted: list[tuple[np.dtype[Any], int] | None] = []
    form = "="
    for kind in arguments:
        if isinstance(kind, types.Array):
            wanted.append((np.dtype(str(kind.dtype)), kind.ndim))
            form += "q" * (LENGTHS + 2 * kind.ndim)
        else:
            wanted.append(None)
            form += "q" if isinstance(kind, types.Integer) else "d"
    pack = struct.Struct(form).pack

    def call(*given: Any) -> None:
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
        run(packed)

    return call


def _signed(x: Any) -> Any:
    """A whole number of 64 bits as the signed one of the same bits."""
    return x - (1 << 64) if isinstance(x, int) and x >> 63 == 1 else x
