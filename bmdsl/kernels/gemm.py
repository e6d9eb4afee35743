"""What multiplies matrices on this processor: its tiles, its vector registers, or BLAS.

Kernels call BLAS's gemm by a symbol for each type of number; behind it is whatever is quickest.
"""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm
from numba import _helperlib

from ..native.symbols import enter
from . import tiles
from .blas import SIGNATURE, is_narrow, load_blas
from .register_blocks import FUSED
from .tile_products import TILES, multiply, multiply_states
from .vector_products import doubles, large_doubles, large_singles, singles

SYMBOLS = {"f": "bm_gemm", "d": "bm_gemm_of_doubles"}
"""The functions that kernels call: BLAS's, until `use_quickest` puts another in its place."""

for _symbol in SYMBOLS.values():
    llvm.add_symbol(_symbol, _helperlib.c_helpers["xxgemm"])  # type: ignore[attr-defined]  # C


@functools.cache
def use_quickest(letter: str) -> None:
    """Lets code that is linked from now on multiply numbers of this type by what is quickest.

    An OpenBLAS that does not know a processor takes kernels of an older one for it, with registers
    half as wide: vector registers are quicker at every size then, else for large products.
    """
    load_blas()
    function: Any = None
    if letter == "f" and TILES:
        function = multiply_states if tiles.use() == "states" else multiply
    elif letter in SYMBOLS and FUSED:
        of_any, of_large = (singles, large_singles) if letter == "f" else (doubles, large_doubles)
        function = of_any if is_narrow() else of_large
    if function is not None:
        enter(SYMBOLS[letter], function.py_func, SIGNATURE.args)
