"""The user's cache: folders that nobody else can write to, since what lies in them is run, and
files with a checksum, so that a damaged one is made anew.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import os
import stat
import sys
from pathlib import Path

import platformdirs

LOGGER = logging.getLogger("bmdsl")
VARIABLE = "BMDSL_CACHE"
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
DIGEST = 64
"""Bytes of a checksum in hexadecimal, before the content that it is of."""


def cache_folder(name: str) -> Path:
    """A folder of the cache that is the user's own: `$BMDSL_CACHE/name`, else below the user's
    cache folder; a temporary one, told, where that cannot be made, or is another user's.
    """
    base = os.environ.get(VARIABLE) or platformdirs.user_cache_dir("bmdsl")
    return _folder(Path(base), name)


@functools.cache
def _folder(base: Path, name: str) -> Path:
    try:
        for folder in (base, base / name):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_private(folder)
        return base / name
    except OSError as error:
        return temporary_folder(name, base, error)


def temporary_folder(name: str, base: Path, error: OSError) -> Path:
    """What stands for a folder of the cache that cannot be made, or whose disk is full: told."""
    there = _temporary()
    LOGGER.info(
        f"the cache `{base}` is not used: {error.strerror or error}; what is compiled is kept"
        f" in `{there}` until the end, and `{VARIABLE}` names another folder"
    )
    (there / name).mkdir(exist_ok=True, mode=0o700)
    return there / name


def _make_private(folder: Path) -> None:
    """Takes from others what lets them write; OSError where the folder cannot be written to, or is
    another user's.
    """
    if not hasattr(os, "getuid"):  # Windows keeps a user's folders from others by itself
        return
    found = folder.stat()
    if found.st_uid != os.getuid():
        raise PermissionError(0, "it belongs to another user", str(folder))
    if found.st_mode & OTHERS_WRITE:
        folder.chmod(0o700)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(0, "it cannot be written to", str(folder))


def ready_for(package: Path) -> None:
    """Finds a place for compiled code before numba is imported, if the package's own folder, where
    numba keeps that of the package, cannot be written to.
    """
    if not os.access(package, os.W_OK):
        cache_folder("code")


@functools.cache
def _temporary() -> Path:
    """A folder of this process, which only its user can look into; it goes when the process ends.

    numba, which finds no place for the package's own functions either, is told of it.
    """
    import shutil
    import tempfile

    made = Path(tempfile.mkdtemp(prefix="bmdsl-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    if not os.environ.get("NUMBA_CACHE_DIR"):
        os.environ["NUMBA_CACHE_DIR"] = str(made / "numba")
        if "numba" in sys.modules:
            sys.modules["numba"].config.CACHE_DIR = str(made / "numba")
    return made


def read_checked(path: Path) -> bytes | None:
    """The content of a file that `write_checked` wrote; None where it is missing or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, body = content[:DIGEST], content[DIGEST:]
    return body if digest == _digest(body) else None


def write_checked(path: Path, body: bytes) -> None:
    """The file with its checksum, written beside its place and then renamed; nothing where that
    cannot be done, since a cache is only for speed.
    """
    import tempfile

    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_digest(body) + body)
        os.replace(part, path)
    except OSError:
        Path(part).unlink(missing_ok=True)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode("ascii")
