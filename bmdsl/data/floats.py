"""Numbers of any kind as floats."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_float(values: np.ndarray) -> np.ndarray:
    """float32 and float64 as they are, all else as float32, wider integers as float64 so that none
    loses digits.
    """
    if values.dtype in (np.float32, np.float64):
        return np.asarray(values)
    return np.asarray(values).astype(float_type(values.dtype))


def float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that `as_float` gives numbers of this type."""
    if dtype in (np.float32, np.float64):
        return dtype
    return np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)
