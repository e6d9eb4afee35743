"""Checksums that files of a run carry: SHA-256 of arrays with their metadata, of JSON, of a file's
first bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

SEAL = "sha256"
"""The key under which a file keeps the checksum of all else in it."""
READ_BYTES = 1 << 20


def of_arrays(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """SHA-256 of names, types, shapes and numbers, and of the metadata but for a checksum in it."""
    made = hashlib.sha256()
    rest = {k: v for k, v in metadata.items() if k != SEAL}
    made.update(json.dumps(rest, sort_keys=True).encode())
    for name in sorted(arrays):
        x = np.ascontiguousarray(arrays[name])
        made.update(f"\n{json.dumps(name)} {x.dtype.str} {np.shape(arrays[name])}\n".encode())
        made.update(x.reshape(-1).view(np.uint8).data)
    return made.hexdigest()


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """JSON-ready facts with their checksum beside them."""
    return {**facts, SEAL: _of_facts(facts)}


def is_whole(facts: Mapping[str, Any]) -> bool:
    """Whether facts are those that were `sealed`; False without a checksum."""
    return facts.get(SEAL) == _of_facts(facts)


def _of_facts(facts: Mapping[str, Any]) -> str:
    rest = {k: v for k, v in facts.items() if k != SEAL}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def of_file(path: Path, count: int | None = None) -> str:
    """SHA-256 of a file's first `count` bytes, of all of them if None; empty if it has fewer."""
    return running(path, count).hexdigest() if count is None or _size(path) >= count else ""


def running(path: Path, count: int | None = None) -> Any:
    """The hash of a file's first bytes, which later ones can be added to."""
    made, left = hashlib.sha256(), _size(path) if count is None else count
    if not left:
        return made
    with path.open("rb") as file:
        while left and (part := file.read(min(READ_BYTES, left))):
            made.update(part)
            left -= len(part)
    return made


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
