"""SciPy's functions of BLAS, which numba's `gemm` calls by address."""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path

MODULE = "scipy.linalg.cython_blas"


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
