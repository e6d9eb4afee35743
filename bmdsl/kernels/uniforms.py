"""`fill_uniforms` by address: compiled once for all models.

Linked into its callers it would be compiled again in each of them, and takes longer there than all
the rest of a draw. A call costs a few nanoseconds for 64 uniforms.
"""

from __future__ import annotations

import functools
from types import FunctionType
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..native.symbols import enter
from . import random

COUNTERS = 6
"""Arguments before the array: seed, stream, update, step, chain, tile."""


@functools.cache
def uniforms_as(number: type[np.floating[Any]]) -> Any:
    """`kernels.random.fill_uniforms` for compiled code whose numbers are of this type.

    Compiled code from the cache asks for its symbol, which is entered here.
    """
    char = np.dtype(number).char
    made = FunctionType(
        random.fill_uniforms.__code__,
        {**vars(random), "F": number},
        f"fill_uniforms_{char}",
    )
    made.__module__, made.__qualname__ = random.__name__, made.__name__
    array = types.Array(numba.from_dtype(np.dtype(number)), 1, "C")
    signature = types.void(*[types.int64] * COUNTERS, array)
    symbol = f"bm_{made.__name__}"
    enter(symbol, made, signature.args)

    def fill_uniforms(
        context: Any,
        seed: Any,
        stream: Any,
        update: Any,
        step: Any,
        chain: Any,
        tile: Any,
        out: Any,
    ) -> Any:
        def build(context: Any, builder: Any, given: Any, values: Any) -> Any:
            shape = ir.FunctionType(ir.VoidType(), [x.type for x in values])
            builder.call(cgutils.get_or_insert_function(builder.module, shape, symbol), values)
            return context.get_dummy_value()

        return signature, build

    return intrinsic(fill_uniforms)
