"""What is remembered from update to update in nested dicts, taken apart for a checkpoint and put
together again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .machine_protocol import Array


def apart(memory: Mapping[str, Any], prefix: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Copies of the arrays, and of NumPy's numbers, by their path (`prefix/key/key`); all else, as
    JSON takes it.
    """
    arrays: dict[str, Array] = {}
    plain: dict[str, Any] = {}
    for key, value in memory.items():
        path = f"{prefix}/{key}"
        if isinstance(value, Mapping):
            inside, plain[key] = apart(value, path)
            arrays |= inside
        elif isinstance(value, np.ndarray | np.generic):
            arrays[path] = np.array(value, order="C")
        else:
            plain[key] = value
    return arrays, plain


def together(arrays: Mapping[str, Array], plain: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """What was taken apart, in new dicts and arrays."""
    out = {k: together({}, v, "") if isinstance(v, Mapping) else v for k, v in plain.items()}
    for path, x in arrays.items():
        if not path.startswith(f"{prefix}/"):
            continue
        *keys, last = path[len(prefix) + 1 :].split("/")
        inside = out
        for key in keys:
            inside = inside.setdefault(key, {})
        inside[last] = x.copy() if x.ndim else x[()]
    return out
