"""numba's compiled code on disk, checked: a damaged file is compiled again, not run."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher

DIGEST = 32
"""Bytes of the SHA-256 before what numba wrote."""


class CheckedFile(IndexDataCacheFile):  # type: ignore[misc]  # numba has no types
    """Index and data of one function. What cannot be read counts as missing, and is made anew."""

    def load(self, key: Any) -> Any:
        try:
            return super().load(key)
        except Exception:
            return None

    def _load_index(self) -> dict[Any, str]:
        try:
            return dict(super()._load_index())
        except Exception:
            return {}

    def _load_data(self, name: str) -> Any:
        with open(self._data_path(name), "rb") as file:
            content = file.read()
        body = content[DIGEST:]
        return pickle.loads(body) if hashlib.sha256(body).digest() == content[:DIGEST] else None

    def _save_data(self, name: str, data: Any) -> None:
        body = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(body).digest() + body)


def check_kept_code(function: Any) -> None:
    """Has a compiled function's code on disk checked; other things are left as they are."""
    cache = getattr(function, "_cache", None) if isinstance(function, Dispatcher) else None
    if isinstance(cache, FunctionCache) and type(cache._cache_file) is IndexDataCacheFile:
        checked = CheckedFile.__new__(CheckedFile)
        vars(checked).update(vars(cache._cache_file))
        cache._cache_file = checked
