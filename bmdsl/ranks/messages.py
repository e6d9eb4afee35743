"""What ranks tell one another as bytes: JSON, and the numbers of arrays after it.

A pickled value could run code where it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

Array = np.ndarray
HEADER = 8
"""Bytes of the number that says how long the JSON is."""


def written(x: Any) -> bytes:
    """A value as bytes, for `read`.

    It is None, a bool, number, text, bytes or an array, or a tuple, list or mapping of such. Raises
    TypeError for anything else.
    """
    arrays: list[Array] = []
    tree = _plain(x, arrays)
    facts = [[y.dtype.str, list(y.shape)] for y in arrays]
    text = json.dumps([tree, facts]).encode()
    body = (y.tobytes() for y in arrays)
    return b"".join((len(text).to_bytes(HEADER, "little"), text, *body))


def read(data: bytes | bytearray | memoryview) -> Any:
    """The value that `written` wrote; its arrays are copies."""
    at = HEADER + int.from_bytes(data[:HEADER], "little")
    tree, facts = json.loads(bytes(data[HEADER:at]))
    arrays = []
    for name, shape in facts:
        dtype = np.dtype(name)
        arrays.append(np.frombuffer(data, dtype, prod(shape), at).reshape(shape).copy())
        at += arrays[-1].nbytes
    return _value(tree, arrays)


def _plain(x: Any, arrays: list[Array]) -> Any:
    """The tree of a value, which JSON can say; arrays are numbered and put beside it."""
    if x is None or isinstance(x, bool | int | float | str) and not isinstance(x, np.generic):
        return x
    if isinstance(x, Mapping):
        return {"mapping": [[_plain(k, arrays), _plain(y, arrays)] for k, y in x.items()]}
    if isinstance(x, tuple | list):
        kind = "tuple" if isinstance(x, tuple) else "list"
        return {kind: [_plain(y, arrays) for y in x]}
    kind = "bytes" if isinstance(x, bytes) else "number" if isinstance(x, np.generic) else "array"
    made = np.frombuffer(x, np.uint8) if isinstance(x, bytes) else x
    if not isinstance(made, np.ndarray | np.generic) or made.dtype.kind not in "biufcUSM":
        what = getattr(x, "dtype", type(x).__name__)
        raise TypeError(f"ranks tell one another numbers, text and arrays, not {what}")
    arrays.append(np.asarray(made))
    return {kind: len(arrays) - 1}


def _value(tree: Any, arrays: list[Array]) -> Any:
    if not isinstance(tree, dict):
        return tree
    [(kind, inner)] = tree.items()
    match kind:
        case "mapping":
            return {_value(k, arrays): _value(y, arrays) for k, y in inner}
        case "tuple":
            return tuple(_value(y, arrays) for y in inner)
        case "list":
            return [_value(y, arrays) for y in inner]
        case "bytes":
            return arrays[inner].tobytes()
        case "number":
            return arrays[inner][()]
    return arrays[inner]
