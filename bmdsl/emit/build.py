"""Generated source → imported module.

A real file in the user's cache folder, named by the hash of everything it depends on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import platform
import sys
import tempfile
from pathlib import Path
from types import CodeType, ModuleType

from ..language.cache import cache_folder, read_checked, temporary_folder, write_checked
from .sections import split

FOLDER = "code"
"""Of the cache; `modules` is what versions before used, whose files have no checksums."""


LINKED = {
    "fill_uniforms": """from bmdsl.kernels.uniforms import uniforms_as

fill_uniforms = uniforms_as(F)""",
}
"""Functions of a printed module that are compiled once for all models: what stands for them."""
PLAIN = {"fill_uniforms": "from bmdsl.schedule.philox import fill_uniforms"}
"""What stands for them where nothing is compiled: numbers of many chains are made at once."""
IMPORT, DEFERRED = "    import numba\n", "    from bmdsl.native import deferred as numba\n"
"""What a printed module imports to be compiled, and what takes its place here: the same words,
without numba's compiler until something needs it."""


def build_module(source: str, compiled: bool = True) -> ModuleType:
    """Imports the module of this source, and before it those of its sections that models share;
    their files are written if not there yet.

    Machine code is kept beside each file, so that a second start does not compile again.
    """
    if compiled:
        source = source.replace(IMPORT, DEFERRED, 1)
    return [_module(text) for text in split(source, _name, LINKED if compiled else PLAIN)][-1]


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
    path = cache_folder(FOLDER) / f"{name}.py"
    if not _holds(path, source):
        try:
            _write(path, source)
        except OSError as error:  # a full disk
            path = temporary_folder(FOLDER, path.parent, error) / path.name
            _write(path, source)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise RuntimeError(f"cannot import the generated module {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        exec(_code(source, path), vars(module))
    except BaseException:
        del sys.modules[name]
        raise
    from ..native.kept_code import check_kept_code

    for value in vars(module).values():
        check_kept_code(value)
    return module


def _write(path: Path, source: str) -> None:
    handle, part = tempfile.mkstemp(".part", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(source)
        os.replace(part, path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise


def _holds(path: Path, source: str) -> bool:
    """Whether the file is there as it was written."""
    try:
        return path.read_bytes() == source.encode("utf-8")
    except OSError:
        return False


def _code(source: str, path: Path) -> CodeType:
    """The module's byte code, from a file with a checksum beside its text where one is there:
    Python's own file of byte code has none, and a damaged one is run.
    """
    place = path.with_suffix(".code")
    kept = read_checked(place)
    if kept is not None:
        found = marshal.loads(kept)
        if isinstance(found, CodeType) and found.co_filename == str(path):
            return found
    code = compile(source, str(path), "exec")
    write_checked(place, marshal.dumps(code))
    return code
