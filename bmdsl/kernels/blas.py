"""SciPy's functions of BLAS, which numba's `gemm` calls by address, and the libraries there are."""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
from numba import _helperlib, types

if TYPE_CHECKING:
    from threadpoolctl import LibController

MODULE = "scipy.linalg.cython_blas"
NAME = "numba_xxgemm"
"""Numba's name for BLAS's gemm."""
SIGNATURE: Any = types.intc(types.char, types.char, types.char, *[types.intp] * 11)
"""BLAS's gemm as numba calls it: kind, transpositions, m, n, k, alpha, a, lda, b, ldb, beta, c,
ldc, column by column. Addresses are whole numbers."""
BLAS: Any = types.ExternalFunction(NAME, SIGNATURE)
OF_WIDE = ("skylakex", "cooperlake", "sapphirerapids")
"""OpenBLAS's kernels for registers of 64 bytes."""

llvm.add_symbol(NAME, _helperlib.c_helpers["xxgemm"])  # type: ignore[attr-defined]  # C


@functools.cache
def load_blas() -> None:
    """Loads the functions. The module is taken from its file: all of `scipy.linalg`, of which it
    needs nothing, would take a tenth of a second.
    """
    if MODULE in sys.modules:
        return
    import scipy

    folder = Path(scipy.__file__).parent / "linalg"
    files = (folder / f"cython_blas{end}" for end in importlib.machinery.EXTENSION_SUFFIXES)
    file = next((x for x in files if x.is_file()), None)
    spec = file and importlib.util.spec_from_file_location(MODULE, file)
    if not spec or not spec.loader:
        importlib.import_module(MODULE)
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    try:
        spec.loader.exec_module(module)
    except ImportError:
        del sys.modules[MODULE]
        importlib.import_module(MODULE)


@functools.cache
def libraries() -> tuple[LibController, ...]:
    """The BLAS libraries of this process, compiled products' own among them."""
    import threadpoolctl

    load_blas()
    return tuple(threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers)


def is_narrow() -> bool:
    """Whether every BLAS is OpenBLAS with kernels for registers of 32 bytes or fewer, as it is on
    processors that it does not know.
    """
    known = [str(getattr(x, "architecture", "")).lower() for x in libraries()]
    ours = [x.internal_api == "openblas" for x in libraries()]
    return all(ours) and not any(x in OF_WIDE for x in known)
