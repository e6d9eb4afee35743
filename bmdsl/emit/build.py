"""Generated source → imported module.

A real file in the user's cache folder, named by the hash of everything it depends on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import platformdirs

from .sections import split


def cache_folder() -> Path:
    """Where generated modules live: `$BMDSL_CACHE`, else the user's cache folder."""
    return Path(os.environ.get("BMDSL_CACHE") or platformdirs.user_cache_dir("bmdsl")) / "modules"


LINKED = {
    "fill_uniforms": """from bmdsl.kernels.uniforms import uniforms_as

fill_uniforms = uniforms_as(F)"""
}
"""Functions of a printed module that are compiled once for all models: what stands for them."""


def build_module(source: str, compiled: bool = True) -> ModuleType:
    """Imports the module of this source, and before it those of its sections that models share;
    their files are written if not there yet.

    numba keeps its own compiled code beside each file, so that a second start does not compile
    again.
    """
    return [_module(text) for text in split(source, _name, LINKED if compiled else None)][-1]


def build_text(source: str) -> ModuleType:
    """Imports one text that needs no other's functions, as it is; its file is written if not there
    yet.
    """
    return _module(source)


def _name(source: str) -> str:
    import numba
    import numpy

    versions = (
        source,
        numba.__version__,
        numpy.__version__,
        sys.version,
        platform.machine(),
        platform.processor(),
    )
    return "bm_" + hashlib.sha256("\0".join(versions).encode()).hexdigest()[:24]


def _module(source: str) -> ModuleType:
    name = _name(source)
    if name in sys.modules:
        return sys.modules[name]
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != source:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=folder, suffix=".part", delete=False
        ) as part:
            part.write(source)
        os.replace(part.name, path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"cannot import the generated module {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
